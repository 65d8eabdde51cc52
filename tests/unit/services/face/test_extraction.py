"""From files to signals, on videos whose answers are known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.face.extraction import extract
from services.face.mesh import landmarks as lm
from services.face.networks.models import FaceModels
from services.face.windows import FaceJob, Progress, TrackSignals, Window, WindowFaces
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables

LIVELY = FaceVideo(
    seconds=5, blinks=(1.0, 2.4, 3.9), mouth=syllables, nod_px=(8.0, 5.0), nod_hz=0.5, noise=1.5, keyframe_every=25
)


def never() -> bool:
    """Not cancelled."""
    return False


def items(path: Path, *spans: tuple[float, float], **job: int) -> list[Progress | WindowFaces]:
    """All that comes out."""
    windows = tuple(Window(i, start, end) for i, (start, end) in enumerate(spans))
    with path.open("rb") as video:
        return list(extract(never, video, FaceJob(windows, **job)))


def windows_of(path: Path, *spans: tuple[float, float], **job: int) -> list[WindowFaces]:
    """The windows alone."""
    return [item for item in items(path, *spans, **job) if isinstance(item, WindowFaces)]


@pytest.fixture(scope="module")
def lively(face_video: MakeFaceVideo) -> tuple[WindowFaces, TrackSignals]:
    """The whole of the lively video."""
    (window,) = windows_of(face_video(LIVELY), (0, 5))
    (track,) = window.tracks
    return window, track


def test_every_frame_has_the_face(lively: tuple[WindowFaces, TrackSignals]) -> None:
    window, track = lively
    assert window.frame_times_s == pytest.approx(np.arange(150) / 30, abs=1e-4)
    assert window.frames_decoded == 150
    assert window.frame_size == (640, 480)
    assert track.frames.tolist() == list(range(150))
    assert set(track.segments) == {0}
    assert np.median(track.iod) == pytest.approx(100, rel=0.04)
    assert abs(np.median(track.yaw_deg)) < 15


def test_the_eyes_close_at_the_times_of_the_blinks_and_only_then(lively: tuple[WindowFaces, TrackSignals]) -> None:
    window, track = lively
    for ear in (track.ear_right, track.ear_left):
        closed = ear < 0.75 * np.percentile(ear, 80)
        starts = window.frame_times_s[1:][closed[1:] & ~closed[:-1]]
        ends = window.frame_times_s[:-1][closed[:-1] & ~closed[1:]]
        assert (starts + ends) / 2 == pytest.approx(LIVELY.blinks, abs=0.05)
        assert (ends - starts).max() < 0.25


def test_the_mouth_follows_its_curve(lively: tuple[WindowFaces, TrackSignals]) -> None:
    window, track = lively
    truth = [LIVELY.mouth(t) for t in window.frame_times_s]
    assert np.corrcoef(track.mouth_gap, truth)[0, 1] > 0.9
    assert 0.05 < np.ptp(track.mouth_gap) < 0.4


def test_the_nose_follows_the_nod(lively: tuple[WindowFaces, TrackSignals]) -> None:
    window, track = lively
    truth = np.array([LIVELY.shift(t) for t in window.frame_times_s])
    for axis in (0, 1):
        wave = truth[:, axis] / LIVELY.nod_px[axis]
        amplitude = 2 * np.mean((track.nose[:, axis] - track.nose[:, axis].mean()) * wave)
        assert amplitude == pytest.approx(LIVELY.nod_px[axis], rel=0.15)
    # Away from the syllables the nose also moves by the model's own noise, which is well below a pixel.
    assert np.std(track.nose[:, 0] - track.nose[:, 0].mean() - truth[:, 0]) < 0.8


def test_boxes_are_shares_of_the_frame(lively: tuple[WindowFaces, TrackSignals]) -> None:
    _, track = lively
    left, top, width, height = np.median(track.boxes, axis=0)
    assert left + width / 2 == pytest.approx(0.5, abs=0.03)
    assert top + height / 2 == pytest.approx(0.5, abs=0.06)
    assert 100 < width * 640 < 220


def test_contours_lie_on_the_face_and_open_with_the_mouth(lively: tuple[WindowFaces, TrackSignals]) -> None:
    window, track = lively
    drawn = [point for line in lm.CONTOURS for point in line.points]
    assert track.contours.entries.tolist() == list(range(0, 150, 3))
    boxes = track.boxes[track.contours.entries] * np.tile(window.frame_size, 2)
    placed = boxes[:, None, :2] + track.contours.points * boxes[:, None, 2:]
    assert placed[:, drawn.index(lm.NOSE_TIP)] == pytest.approx(track.nose[track.contours.entries])
    gap = np.linalg.norm(placed[:, drawn.index(13)] - placed[:, drawn.index(14)], axis=1)
    assert np.corrcoef(gap, track.mouth_gap[track.contours.entries])[0, 1] > 0.95


def test_texture_is_measured_every_twelfth_entry(lively: tuple[WindowFaces, TrackSignals]) -> None:
    _, track = lively
    assert [texture.entry for texture in track.textures] == list(range(0, 150, 12))
    assert all(texture.eyes_contrast > 0 and texture.mouth_contrast > 0 for texture in track.textures)


def test_identical_frames_have_no_jitter(face_video: MakeFaceVideo) -> None:
    (window,) = windows_of(face_video(FaceVideo(seconds=1.5, crf=0)), (0, 2))
    (track,) = window.tracks
    second = np.linalg.norm(np.diff(track.nose, n=2, axis=0), axis=1)
    assert second.max() < 0.02


def test_a_windows_signals_do_not_depend_on_its_run(face_video: MakeFaceVideo) -> None:
    path = face_video(LIVELY)
    run = windows_of(path, (0.0, 1.2), (1.2, 2.0), (3.5, 4.2), max_crops=9)
    for window in run[1:]:
        (alone,) = windows_of(path, (window.window.start_s, window.window.end_s), max_crops=9, decode_threads=1)
        assert np.array_equal(alone.frame_times_s, window.frame_times_s)
        for one, other in zip(alone.tracks, window.tracks, strict=True):
            assert one.textures == other.textures
            assert len(one.crops) == 9
            assert one.crops == other.crops
            assert one.movements == other.movements
            for name in ("frames", "segments", "ear_left", "mouth_gap", "nose", "boxes", "yaw_deg"):
                assert np.array_equal(getattr(one, name), getattr(other, name)), name
            assert np.array_equal(one.contours.entries, other.contours.entries)
            assert np.array_equal(one.contours.points, other.contours.points)


def test_progress_grows_to_one_and_says_where_it_is(face_video: MakeFaceVideo) -> None:
    found = items(face_video(LIVELY), (0, 2), (2, 4))
    progress = [item for item in found if isinstance(item, Progress)]
    fractions = [item.fraction for item in progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert len(fractions) == 13
    assert progress[0].text.startswith("frame 10 of 1")
    assert [type(item) for item in found[-2:]] == [WindowFaces, Progress]


def test_the_stride_leaves_frames_out(face_video: MakeFaceVideo) -> None:
    (window,) = windows_of(face_video(LIVELY), (0, 1), frame_stride=2)
    assert window.frames_decoded == 30
    assert window.frame_times_s == pytest.approx(np.arange(0, 30, 2) / 30, abs=1e-4)
    assert window.tracks[0].frames.tolist() == list(range(15))


def test_faces_are_ordered_by_size(face_video: MakeFaceVideo) -> None:
    (window,) = windows_of(face_video(FaceVideo(seconds=0.8, size=(900, 400), iod=80, faces=2)), (0, 1))
    assert [float(np.median(track.iod)) for track in window.tracks] == pytest.approx([80, 60], rel=0.06)


def test_a_small_face_on_a_portrait_phone_video_is_seen_in_nearly_every_frame(face_video: MakeFaceVideo) -> None:
    # Eleven per cent of the width, at 1.6 inter-ocular distances to a face.
    video = FaceVideo(seconds=1.1, size=(1080, 1920), iod=0.11 * 1080 / 1.6, noise=2, nod_px=(4, 2))
    (window,) = windows_of(face_video(video), (0, 2))
    (track,) = window.tracks
    assert len(track.frames) / len(window.frame_times_s) >= 0.98


@pytest.mark.parametrize("change", [{"rotation": 90}, {"pixel_format": "yuv444p"}, {"codec": "mpeg4"}, {"fps": 60.0}])
def test_other_kinds_of_file_show_the_same_face(face_video: MakeFaceVideo, change: dict[str, object]) -> None:
    video = replace(FaceVideo(seconds=0.6, noise=1), **change)  # type: ignore[arg-type]
    (window,) = windows_of(face_video(video), (0, 1))
    (track,) = window.tracks
    assert window.frame_size == (640, 480)
    assert len(track.frames) == len(window.frame_times_s) == round(0.6 * video.fps)
    assert np.median(track.nose, axis=0) == pytest.approx([319, 254], abs=5)


def test_no_face_is_an_answer(face_video: MakeFaceVideo) -> None:
    (window,) = windows_of(face_video(FaceVideo(seconds=0.5, absent=((0, 9),))), (0, 1), max_thumbnails=2)
    assert len(window.frame_times_s) == 15
    assert window.tracks == ()
    assert window.thumbnails == ()


def test_a_window_after_the_end_is_empty(face_video: MakeFaceVideo) -> None:
    inside, after = windows_of(face_video(LIVELY), (4, 5), (50, 54))
    assert len(inside.frame_times_s) == 30
    assert after.frames_decoded == 0
    assert after.tracks == ()


def test_thumbnails_are_spread_and_no_more_than_asked_for(face_video: MakeFaceVideo) -> None:
    windows = windows_of(face_video(LIVELY), (0, 2), (2, 4), max_thumbnails=3)
    assert [len(window.thumbnails) for window in windows] == [1, 2]
    assert [one.time_s for window in windows for one in window.thumbnails] == pytest.approx([1, 2.5, 3.5], abs=0.04)
    assert all(one.track == 0 and one.jpeg.startswith(b"\xff\xd8") for window in windows for one in window.thumbnails)


def test_crops_are_scored_evenly_over_each_window_by_a_network_that_is_named(
    face_video: MakeFaceVideo, models: FaceModels
) -> None:
    windows = windows_of(face_video(LIVELY), (0, 1), (2, 4), max_crops=5)
    for window in windows:
        (track,) = window.tracks
        assert window.face_networks == models.version
        times = window.frame_times_s[track.frames[[crop.entry for crop in track.crops]]]
        start, end = window.window.start_s, window.window.end_s
        assert times == pytest.approx(start + (np.arange(5) + 0.5) * (end - start) / 5, abs=0.04)


def test_how_a_followed_face_moves_is_scored_though_no_crop_is(
    lively: tuple[WindowFaces, TrackSignals], models: FaceModels
) -> None:
    window, track = lively
    begun = window.frame_times_s[track.frames[[one.entry for one in track.movements]]]
    # Spans of 47 looks, a new one every 24 looks, 25 looks a second.
    assert begun == pytest.approx(24 / 25 * np.arange(4), abs=1.01 / 30)
    assert track.movements[0].entry == 0
    scores = [one.log_odds for one in track.movements]
    assert np.isfinite(scores).all()
    assert len(set(scores)) == 4
    assert track.crops == ()
    assert window.face_networks == models.version


def test_two_faces_are_scored_each_by_its_own_movement(face_video: MakeFaceVideo) -> None:
    two = FaceVideo(seconds=2, size=(900, 400), iod=80, faces=2, mouth=syllables, blinks=(1.0,), noise=1)
    (window,) = windows_of(face_video(two), (0, 2))
    (large,), (small,) = (track.movements for track in window.tracks)
    assert (large.entry, small.entry) == (0, 0)
    assert large.log_odds != small.log_odds


def test_a_face_that_is_lost_in_the_middle_of_a_span_is_not_scored_there(face_video: MakeFaceVideo) -> None:
    gone = replace(LIVELY, seconds=4.5, absent=((1.5, 2.2),))
    (window,) = windows_of(face_video(gone), (0, 4.5))
    (track,) = window.tracks
    begun = window.frame_times_s[track.frames[[one.entry for one in track.movements]]]
    assert len(begun) == 1
    assert 2.2 <= begun[0] < 2.5


def test_without_scores_no_network_is_named(face_video: MakeFaceVideo) -> None:
    (nothing_asked,) = windows_of(face_video(LIVELY), (0, 0.5))
    assert nothing_asked.face_networks == ""
    tiny = FaceVideo(seconds=0.6, size=(640, 480), iod=24)
    (too_small,) = windows_of(face_video(tiny), (0, 1), max_crops=5, max_thumbnails=1)
    assert [track.crops for track in too_small.tracks] == [()]
    assert too_small.face_networks == ""
    assert [one.heat for one in too_small.thumbnails] == [None]


def test_thumbnails_are_scored_portraits_where_there_are_any(face_video: MakeFaceVideo) -> None:
    (window,) = windows_of(face_video(LIVELY), (0, 2), max_crops=6, max_thumbnails=2)
    (track,) = window.tracks
    by_time = dict(zip(window.frame_times_s[[crop.entry for crop in track.crops]], track.crops, strict=True))
    for half, shown in enumerate(window.thumbnails):
        inside = [max(crop.appearance, crop.blending) for time, crop in by_time.items() if half <= time < half + 1]
        own = by_time[shown.time_s]
        assert shown.heat is not None
        assert shown.heat.places.mean() == pytest.approx(max(inside))
        larger = "blending" if own.blending > own.appearance else "appearance"
        assert shown.heat.feature == f"face_{larger}_log_odds"
        assert max(own.appearance, own.blending) == max(inside)
    assert len(window.thumbnails) == 2


def cancelled_after(calls: int) -> Callable[[], bool]:
    """Turns true after so many questions."""
    left = iter([False] * calls)
    return lambda: next(left, True)


def test_cancelling_ends_the_work_without_a_window(face_video: MakeFaceVideo) -> None:
    job = FaceJob((Window(0, 0, 5),))
    with face_video(LIVELY).open("rb") as video:
        assert not any(isinstance(item, WindowFaces) for item in extract(cancelled_after(20), video, job))
