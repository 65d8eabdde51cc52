"""A client of the running system, and videos to send it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client import NotReally
from tests.integration.stack import Stack
from tests.synthetic.fixtures import MakeFaceVideo, face_video
from tests.synthetic.videos import LIVELY, SILENT, TALKING

__all__ = ["face_video"]


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[NotReally]:
    async with NotReally(stack.target) as connected:
        yield connected


@pytest.fixture(scope="session")
def talking(face_video: MakeFaceVideo) -> Path:
    """Twelve seconds of a face that speaks and blinks three times."""
    return face_video(TALKING)


@pytest.fixture(scope="session")
def lively(face_video: MakeFaceVideo) -> Path:
    """The same at thirty frames a second, of which all ten features can be measured."""
    return face_video(LIVELY)


@pytest.fixture(scope="session")
def silent(face_video: MakeFaceVideo) -> Path:
    """Six seconds of a face, without sound."""
    return face_video(SILENT)
