"""Videos and loaded models for the face service's tests."""

from collections.abc import Iterator

import pytest

from services.face.networks.models import FaceModels, borrowed_models
from tests.synthetic.fixtures import face_video

__all__ = ["face_video", "models"]


@pytest.fixture(scope="session")
def models() -> Iterator[FaceModels]:
    """One set of loaded models."""
    with borrowed_models() as borrowed:
        yield borrowed
