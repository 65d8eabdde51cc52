"""Faces of which something is covered."""

from pathlib import Path

import numpy as np
import pytest

from services.face.windows import Texture
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from tests.synthetic.wrapping import rewrapped
from tests.unit.services.face.test_extraction import windows_of

VIDEO = FaceVideo(seconds=1.5, nod_px=(3, 2), noise=1)
ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-an")
EYES, MOUTH = "drawbox=x=252:y=190:w=136:h=38", "drawbox=x=265:y=262:w=110:h=62"


def textures(path: Path) -> tuple[Texture, ...]:
    (window,) = windows_of(path, (0, 2))
    (track,) = window.tracks
    assert len(track.textures) >= 3
    return track.textures


@pytest.mark.parametrize("colour", ["black", "white", "0xb08070"])
def test_nothing_varies_where_a_box_covers_eyes_or_mouth(
    face_video: MakeFaceVideo, tmp_path: Path, colour: str
) -> None:
    def covered(name: str, box: str) -> Path:
        return rewrapped(face_video(VIDEO), tmp_path / f"{name}.mp4", "-vf", f"{box}:color={colour}:t=fill", *ENCODED)

    for texture in textures(covered("eyes", EYES)):
        assert texture.eyes_contrast < 1.5
        assert texture.mouth_contrast > 6
    for texture in textures(covered("mouth", MOUTH)):
        assert texture.mouth_contrast < 3
        assert texture.eyes_contrast > 6


def test_behind_dark_glasses_eyes_are_dark_and_even(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    glasses = f"{EYES}:color=0x101010@0.93:t=fill"
    dark = textures(rewrapped(face_video(VIDEO), tmp_path / "dark.mp4", "-vf", glasses, *ENCODED))
    bare = textures(face_video(VIDEO))
    assert max(texture.eyes_contrast for texture in dark) < 5
    assert max(texture.eyes_lightness for texture in dark) < 0.45 < min(texture.eyes_lightness for texture in bare)
    assert np.median([texture.eyes_contrast for texture in bare]) > 10
