"""HDR as an ordinary screen shows it."""

from pathlib import Path

import numpy as np
import pytest

from services.face.pixels.brightness import HLG, PQ, shown_on_a_screen
from services.face.pixels.pictures import Picture
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from tests.synthetic.wrapping import rewrapped
from tests.unit.services.face.pixels.test_decoding import decoded

UPRIGHT = np.array([[1.0, 0, 0], [0, 1, 0]])
TO_HDR = "zscale=tin=bt709:min=bt709:pin=bt709:t={0}:p=bt2020:m=bt2020nc:npl=203,format=yuv420p10le"
X265 = "log-level=none:colorprim=bt2020:transfer={0}:colormatrix=bt2020nc"


def first(path: Path) -> Picture:
    """The first picture."""
    picture = decoded(path, (0, 1))[0].picture
    assert picture is not None
    return picture


@pytest.mark.parametrize(("transfer", "within"), [("smpte2084", 3.0), ("arib-std-b67", 8.0)])
def test_hdr_looks_like_the_ordinary_copy(
    face_video: MakeFaceVideo, tmp_path: Path, transfer: str, within: float
) -> None:
    ordinary = face_video(FaceVideo(seconds=0.1, size=(320, 240), iod=80))
    encoder = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "4", "-x265-params", X265.format(transfer))
    hdr = rewrapped(ordinary, tmp_path / "hdr.mp4", "-vf", TO_HDR.format(transfer), *encoder, "-an")
    told, found = (first(path).rgb(UPRIGHT, (320, 240)).astype(float) for path in (ordinary, hdr))
    assert np.abs(told - found).mean() < within
    assert np.corrcoef(told.ravel(), found.ravel())[0, 1] > 0.99


def test_paper_white_is_white_and_highlights_are_pressed_together() -> None:
    for transfer, paper in ((PQ, 0.58), (HLG, 0.75)):
        shown = shown_on_a_screen(np.array([0.0, paper, 0.9 if transfer == HLG else 0.7, 1.0]), transfer)
        assert shown[0] == pytest.approx(0, abs=0.001)
        assert 0.9 < shown[1] < shown[2] <= shown[3] <= 1
