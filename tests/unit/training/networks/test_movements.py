"""How faces move in the videos to train on."""

from pathlib import Path

import numpy as np

from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from training.networks.movements import measure, measure_all


def test_movements_of_a_video_are_measured_once(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    path = face_video(FaceVideo(seconds=4.5, fps=25, size=(320, 240), iod=60))
    (first,) = measure_all([path], tmp_path, jobs=1)
    assert len(first) == 3  # they begin a second apart, and last two
    np.testing.assert_allclose(first.conditions, [[25.0, 60.0]] * 3, rtol=0.05)
    (kept,) = tmp_path.iterdir()
    before = kept.stat().st_mtime_ns
    (again,) = measure_all([path], tmp_path, jobs=1)
    np.testing.assert_array_equal(again.values, first.values)
    assert kept.stat().st_mtime_ns == before


def test_too_few_frames_a_second_and_what_is_no_video_have_no_movements(
    face_video: MakeFaceVideo, tmp_path: Path
) -> None:
    assert len(measure(face_video(FaceVideo(seconds=4.0, fps=15, size=(320, 240), iod=60)))) == 0
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    assert len(measure(text)) == 0
