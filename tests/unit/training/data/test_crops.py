"""Portraits as training cuts them from videos."""

from pathlib import Path

import numpy as np

from gateway.analysis.planning import scored_crops
from services.face.mesh import landmarks as lm
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from training.data.crops import PORTRAITS, WIDE_SIDE, cut_all, middle, portraits, read_portraits

SHORT = FaceVideo(seconds=0.5, size=(320, 240), iod=60, nod_px=(3.0, 3.0), nod_hz=2.0)


def test_portraits_show_an_upright_face_in_colour(face_video: MakeFaceVideo) -> None:
    seen = portraits(face_video(SHORT), 5)
    assert seen.pixels.shape == (len(seen), WIDE_SIDE, WIDE_SIDE, 3)
    assert 3 <= len(seen) <= 5
    assert np.ptp(seen.pixels.astype(int), axis=3).max() > 10
    for points in seen.points:
        right, left = points[lm.RIGHT_EYE_CORNER], points[lm.LEFT_EYE_CORNER]
        assert abs(right[1] - left[1]) < 1
        assert np.abs((points.min(axis=0) + points.max(axis=0)) / 2 - WIDE_SIDE / 2).max() < 1
    # A face of a hundred pixels is enlarged to fill the portrait.
    assert np.all(seen.scale < 1)


def test_portraits_are_of_different_moments(face_video: MakeFaceVideo) -> None:
    seen = portraits(face_video(SHORT), 3)
    assert len(np.unique(seen.pixels.reshape(len(seen), -1), axis=0)) == len(seen)


def test_a_video_without_a_face_gives_none(face_video: MakeFaceVideo) -> None:
    away = face_video(FaceVideo(seconds=0.4, size=(320, 240), absent=((0, 9),)))
    assert len(portraits(away, 3)) == 0


def test_what_was_cut_is_kept(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    video = face_video(SHORT)
    first = read_portraits(*cut_all([video], tmp_path, jobs=1))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = read_portraits(*cut_all([video], tmp_path, jobs=1))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.points, again.points)


def test_the_middle_is_as_far_from_every_edge() -> None:
    picture = np.arange(64).reshape(8, 8)
    np.testing.assert_array_equal(middle(picture, 4), picture[2:6, 2:6])


def test_as_many_portraits_are_cut_as_are_scored_later() -> None:
    assert scored_crops(1) == PORTRAITS
