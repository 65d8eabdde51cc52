"""An encoder of the right shape with small random weights: the pretrained one is not there where tests run."""

import numpy as np
import pytest
import torch

from tests.unit.training.appearance.floats import FloatEncoder
from tests.unit.training.forgeries.conftest import Face, face, picture, seen
from training.appearance.encoder import Encoder
from training.appearance.export import export_encoder
from training.appearance.features import ExportedEncoder
from training.data.crops import WIDE_SIDE, Portraits

__all__ = ["face", "picture", "seen"]


@pytest.fixture(scope="session")
def floats() -> FloatEncoder:
    torch.manual_seed(0)
    encoder = FloatEncoder(2)
    for name, value in encoder.named_parameters():
        if "norm" not in name and not name.startswith("pre."):
            torch.nn.init.normal_(value, std=0.03)
    encoder.eval()
    return encoder


@pytest.fixture(scope="session")
def encoder(floats: FloatEncoder) -> Encoder:
    return floats.weights()


@pytest.fixture(scope="session")
def exported(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> ExportedEncoder:
    path = tmp_path_factory.mktemp("encoder") / "encoder.onnx"
    export_encoder(encoder, path)
    return ExportedEncoder(path)


@pytest.fixture(scope="session")
def portraits(face: Face) -> Portraits:
    """Three of one face, enlarged, the last one darker."""
    grown = np.repeat(np.repeat(face.pixels, 2, axis=0), 2, axis=1)[:WIDE_SIDE, :WIDE_SIDE]
    pixels = np.stack([grown, grown[:, ::-1], grown // 2])
    return Portraits(pixels, np.repeat(face.points[np.newaxis], 3, axis=0) * 1.3, np.full(3, 0.5))
