"""Training has videos measured by services of its own."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="`make train` installs PyTorch")

from gateway.features.vector import SCHEMA_VERSION
from training.services import Services


async def test_videos_are_measured_by_services_whose_networks_say_nothing(lively: Path) -> None:
    async with Services(None) as services:
        vector = (await services.measure(lively)).features
    assert vector.schema_version == SCHEMA_VERSION
    assert vector.nose_jitter > 0
    assert vector.HasField("mfcc_mean")
    # What a network said that may have learned from these people would be no measurement.
    for reading in ("face_appearance_log_odds", "face_blending_log_odds", "face_motion_log_odds"):
        assert vector.HasField(reading)
        assert getattr(vector, reading) == 0
