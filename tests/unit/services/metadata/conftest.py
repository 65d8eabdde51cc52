"""Small videos made by ffmpeg."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from services.kit.media.process import ProcessLimits
from services.metadata.limits import ProbeLimits

MakeFile = Callable[..., Path]


@pytest.fixture(scope="session")
def limits() -> ProbeLimits:
    """Limits no test reaches by itself."""
    return ProbeLimits(ProcessLimits(seconds=30, memory_bytes=2 << 30), packets=10_000)


@pytest.fixture(scope="session")
def make_file(tmp_path_factory: pytest.TempPathFactory) -> MakeFile:
    """Make a file with ffmpeg: `make_file("name.mp4", *arguments)`."""
    folder = tmp_path_factory.mktemp("videos")

    def make(name: str, *arguments: str) -> Path:
        path = folder / name
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(path)], check=True)
        return path

    return make
