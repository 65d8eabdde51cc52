"""Fixtures for tests that need a video. A `conftest.py` imports them by name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.synthetic.videos import FaceVideo, make_face_video

MakeFaceVideo = Callable[..., Path]


@pytest.fixture(scope="session")
def face_video(tmp_path_factory: pytest.TempPathFactory) -> MakeFaceVideo:
    """`face_video(FaceVideo(...), suffix=".mp4")` gives the path of such a video, made once a session."""
    folder = tmp_path_factory.mktemp("face-videos")
    made: dict[tuple[FaceVideo, str], Path] = {}

    def make(video: FaceVideo, suffix: str = ".mp4") -> Path:
        key = (video, suffix)
        if key not in made:
            made[key] = make_face_video(folder / f"{len(made)}{suffix}", video)
        return made[key]

    return make
