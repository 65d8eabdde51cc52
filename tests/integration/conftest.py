"""A client of the running system, and videos to send it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client import NotReally
from tests.integration.stack import Stack
from tests.synthetic.fixtures import MakeFaceVideo, face_video
from tests.synthetic.videos import FaceVideo, syllables

__all__ = ["face_video"]

TALKING = FaceVideo(
    seconds=12.0, size=(480, 360), iod=80.0, blinks=(2.0, 5.5, 9.0), mouth=syllables, sound=syllables, nod_px=(1.0, 3.0)
)
SILENT = FaceVideo(seconds=6.0, size=(480, 360), iod=80.0, blinks=(2.0,), nod_px=(1.0, 3.0))


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[NotReally]:
    async with NotReally(stack.target) as connected:
        yield connected


@pytest.fixture(scope="session")
def talking(face_video: MakeFaceVideo) -> Path:
    """Twelve seconds of a face that speaks and blinks three times."""
    return face_video(TALKING)


@pytest.fixture(scope="session")
def silent(face_video: MakeFaceVideo) -> Path:
    """Six seconds of a face, without sound."""
    return face_video(SILENT)
