"""A face and its landmarks: the photograph of the synthetic videos, as training cuts it."""

from dataclasses import dataclass

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.finding.tracking import FaceTracker
from services.face.networks.crops import crop_view
from services.face.pixels.frames import picture_of
from services.face.pixels.pictures import Picture
from tests.synthetic.fixtures import face_video
from tests.synthetic.portrait import Portrait
from training.data.finder import face_finder

__all__ = ["face_video"]

SIDE = 240


@dataclass(frozen=True)
class Face:
    """(SIDE, SIDE, 3) and (468, 2)."""

    pixels: NDArray[np.uint8]
    points: NDArray[np.float32]


@pytest.fixture(scope="session")
def picture() -> Picture:
    photograph = Portrait(1.0).posed(0, 0)
    frame = av.VideoFrame.from_ndarray(photograph, format="rgb24").reformat(format="yuv420p")
    return picture_of(frame)


@pytest.fixture(scope="session")
def seen(picture: Picture) -> NDArray[np.float64]:
    """Landmarks (468, 2) in the photograph."""
    (track,) = FaceTracker(face_finder(), max_faces=1).step(0, 0.0, picture)
    return track.points[-1][:, :2]


@pytest.fixture(scope="session")
def face(picture: Picture, seen: NDArray[np.float64]) -> Face:
    view = crop_view(seen, SIDE, 1.6)
    points = (seen - view[:, 2]) @ np.linalg.inv(view[:, :2]).T
    return Face(picture.rgb(view, (SIDE, SIDE)), points.astype(np.float32))
