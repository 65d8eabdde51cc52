"""What networks learn from: how moments of real and of fake videos become lessons."""

from pathlib import Path

import numpy as np
import pytest

from services.face.crops import FRAMES
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from training.bank import BANK_SIDE, Kind, Moments, make_bank
from training.crops import Crops, cut, middle


@pytest.fixture
def crops(face_video: MakeFaceVideo) -> Crops:
    return cut(face_video(FaceVideo(seconds=0.5, size=(320, 240), iod=60)), 6)


@pytest.fixture
def bank(crops: Crops, tmp_path: Path) -> list[Moments]:
    """Of the same video, once taken for real and once for fake."""
    return make_bank([crops, crops], [False, True], tmp_path, seed=0, jobs=1)


def test_real_and_fake_moments_travel_alike(crops: Crops, bank: list[Moments]) -> None:
    as_they_came = np.array([middle(moment, BANK_SIDE)[..., -FRAMES:] for moment in crops.moments])
    for moments, kind in zip(bank, (Kind.REAL, Kind.LABELLED), strict=True):
        shown = moments.pixels[moments.kind == kind]
        assert len(shown) == 2 * len(crops)
        np.testing.assert_array_equal(shown[0::2], as_they_came)
        assert np.any(shown[1::2] != as_they_came, axis=(1, 2, 3)).mean() > 0.5


def test_each_real_moment_has_a_forged_twin_and_fakes_have_none(bank: list[Moments]) -> None:
    real, fake = bank
    (forged,) = np.nonzero(real.kind == Kind.FORGED)
    assert sorted(real.twin[forged]) == np.flatnonzero(real.kind == Kind.REAL).tolist()
    assert np.all(np.any(real.pixels[forged] != real.pixels[real.twin[forged]], axis=(1, 2, 3)))
    assert np.all(real.share[forged].any(axis=(1, 2)))
    assert not real.share[real.kind == Kind.REAL].any()
    assert np.all(fake.twin == np.arange(len(fake.kind)))


def test_what_was_made_is_kept_and_another_video_has_another_bank(crops: Crops, tmp_path: Path) -> None:
    make_bank([crops], [False], tmp_path, seed=0, jobs=1)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    make_bank([crops, crops], [False, True], tmp_path, seed=0, jobs=1)
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}.items()
    assert len(list(tmp_path.iterdir())) == 2 * len(kept)
