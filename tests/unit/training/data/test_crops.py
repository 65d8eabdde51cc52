"""Snippets and portraits as training cuts them from videos."""

from pathlib import Path

import numpy as np

from gateway.analysis.planning import scored_crops
from services.face.mesh import landmarks as lm
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from training.data.crops import CROPS, WIDE_FRAMES, WIDE_SIDE, cut, cut_all, middle, portraits, read_crops


def test_snippets_are_successive_frames_around_an_upright_face(face_video: MakeFaceVideo) -> None:
    crops = cut(face_video(FaceVideo(seconds=0.5, size=(320, 240), iod=60, nod_px=(3.0, 3.0), nod_hz=2.0)), 5)
    assert crops.snippets.shape == (len(crops), WIDE_SIDE, WIDE_SIDE, WIDE_FRAMES)
    assert 3 <= len(crops) <= 5
    assert np.all(np.diff(crops.times_s) > 0)
    for points, snippet in zip(crops.points, crops.snippets, strict=True):
        right, left = points[lm.RIGHT_EYE_CORNER], points[lm.LEFT_EYE_CORNER]
        assert abs(right[1] - left[1]) < 1
        assert np.abs((points.min(axis=0) + points.max(axis=0)) / 2 - WIDE_SIDE / 2).max() < 1
        # Of one scene, and yet not the same frame.
        steps = np.abs(np.diff(snippet.astype(int), axis=2)).mean(axis=(0, 1))
        assert np.all((steps > 0) & (steps < 10))


def test_of_a_fast_video_every_other_frame_is_seen_as_in_the_product(face_video: MakeFaceVideo) -> None:
    moving = FaceVideo(seconds=0.5, fps=60, size=(320, 240), iod=60, nod_px=(3.0, 3.0), nod_hz=2.0)
    times_s = cut(face_video(moving), 100).times_s
    assert len(times_s) > 5
    np.testing.assert_allclose(np.diff(times_s), 2 / 60, atol=1e-3)


def test_a_video_too_short_for_a_snippet_gives_none(face_video: MakeFaceVideo) -> None:
    short = face_video(FaceVideo(seconds=(WIDE_FRAMES - 1) / 30, fps=30, size=(320, 240), iod=60))
    assert len(cut(short)) == 0
    assert len(portraits(short, 3).points) == 0


def test_portraits_show_the_same_face_in_colour(face_video: MakeFaceVideo) -> None:
    video = face_video(FaceVideo(seconds=0.5, size=(320, 240), iod=60))
    seen, crops = portraits(video, 2), cut(video, 2)
    assert seen.pixels.shape == (2, WIDE_SIDE, WIDE_SIDE, 3)
    np.testing.assert_array_equal(seen.points, crops.points)
    assert np.ptp(seen.pixels.astype(int), axis=3).max() > 10
    for picture, snippet in zip(seen.pixels, crops.snippets, strict=True):
        assert np.corrcoef(picture.mean(axis=2).ravel(), snippet[..., -1].ravel())[0, 1] > 0.98


def test_what_was_cut_is_kept(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    video = face_video(FaceVideo(seconds=0.4, size=(320, 240), iod=60))
    first = read_crops(*cut_all([video], tmp_path, jobs=1))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = read_crops(*cut_all([video], tmp_path, jobs=1))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept
    np.testing.assert_array_equal(first.snippets, again.snippets)
    np.testing.assert_array_equal(first.points, again.points)


def test_the_middle_is_as_far_from_every_edge() -> None:
    picture = np.arange(64).reshape(8, 8)
    np.testing.assert_array_equal(middle(picture, 4), picture[2:6, 2:6])


def test_as_many_snippets_are_learned_from_as_are_scored_later() -> None:
    assert scored_crops(1) == CROPS
