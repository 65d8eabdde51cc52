"""Blinks at known times are found, each once and to the frame; what is no blink is not counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1.face_pb2 import FaceWindow
from scipy.ndimage import median_filter

from gateway.features.blinks import _baseline, _median_of_three, blink_times
from gateway.features.signals import face_signals
from tests.unit.gateway.synthetic_signals import OPEN, eyes, face_clip, frame_times

BLINKS = [(1.0, 0.2), (3.5, 0.15), (3.95, 0.3), (7.0, 0.4), (9.2, 0.1)]


def found(windows: list[FaceWindow]) -> list[float]:
    return [float(time) for time in blink_times(face_signals(windows))]


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0])
def test_blinks_are_found_within_a_frame(fps: float) -> None:
    times = frame_times(10.0, fps)
    begun = found(face_clip(times, ear=eyes(times, BLINKS)))
    assert begun == pytest.approx([start for start, _ in BLINKS], abs=1 / fps)


def test_blinks_are_found_in_noise_while_the_baseline_drifts() -> None:
    times = frame_times(20.0, 30.0)
    starts = np.arange(1.0, 19.0, 2.3)
    drift = np.linspace(0.38, 0.2, len(times)) + np.random.default_rng(1).normal(0, 0.008, len(times))
    begun = found(face_clip(times, ear=eyes(times, [(start, 0.2) for start in starts], drift)))
    assert begun == pytest.approx(starts.tolist(), abs=1 / 30 + 1e-6)


def test_a_dip_of_one_frame_is_no_blink() -> None:
    times = frame_times(6.0)
    assert found(face_clip(times, ear=eyes(times, [(2.0, 1 / 30), (4.0, 1 / 30)]))) == []


def test_two_frames_are_a_blink() -> None:
    times = frame_times(6.0)
    assert found(face_clip(times, ear=eyes(times, [(2.0, 2 / 30)]))) == pytest.approx([2.0])


def test_eyes_shut_for_a_second_are_no_blink_nor_is_the_flutter_after_it() -> None:
    times = frame_times(8.0)
    assert found(face_clip(times, ear=eyes(times, [(3.0, 1.0), (4.1, 0.1)]))) == []


def test_half_a_second_is_the_longest_blink() -> None:
    times = frame_times(8.0)
    assert len(found(face_clip(times, ear=eyes(times, [(3.0, 0.5)])))) == 1
    assert found(face_clip(times, ear=eyes(times, [(3.0, 0.55)]))) == []


def test_reopening_within_the_refractory_period_is_the_same_blink() -> None:
    times = frame_times(8.0)
    assert found(face_clip(times, ear=eyes(times, [(3.0, 0.1), (3.2, 0.1)]))) == pytest.approx([3.0])
    assert len(found(face_clip(times, ear=eyes(times, [(3.0, 0.1), (3.4, 0.1)])))) == 2


def test_one_eye_alone_is_half_a_dip() -> None:
    times = frame_times(6.0)
    half_shut = eyes(times, [(2.0, 0.2)]) * 0.5 + OPEN * 0.5
    assert found(face_clip(times, ear=OPEN, ear_left=np.where(half_shut < OPEN, 0.2, OPEN))) == []
    assert len(found(face_clip(times, ear=0.5 * OPEN + eyes(times, [(2.0, 0.2)]) * 0.5))) == 1


def test_a_blink_across_a_window_boundary_is_one_blink() -> None:
    times = frame_times(8.0)
    assert found(face_clip(times, ear=eyes(times, [(3.9, 0.2)]))) == pytest.approx([3.9])


def test_a_blink_across_distant_windows_is_cut() -> None:
    first, second = frame_times(4.0), frame_times(4.0, start_s=100.0)
    windows = [
        *face_clip(first, ear=eyes(first, [(3.9, 0.2)])),
        *face_clip(second, ear=eyes(second, [(100.0, 0.2), (102.0, 0.2)])),
    ]
    # The one under way when the second window begins was begun, and may be the same.
    assert found(windows) == pytest.approx([3.9, 102.0])


def test_two_missing_frames_do_not_end_a_stretch() -> None:
    times = frame_times(6.0)
    missing = np.ones(len(times), dtype=bool)
    missing[[61, 62]] = False
    assert found(face_clip(times, ear=eyes(times, [(2.0, 0.25)]), found=missing)) == pytest.approx([2.0])


def test_without_a_face_there_are_no_blinks() -> None:
    assert found([]) == []
    assert found(face_clip(frame_times(4.0), found=False)) == []


@given(
    st.lists(st.floats(0.05, 0.5) | st.just(float("nan")), min_size=60, max_size=150),
    st.integers(20, 100),
    st.integers(20, 100),
)
def test_the_split_into_windows_changes_nothing(ratio: list[float], one: int, other: int) -> None:
    times = frame_times(len(ratio) / 25, 25.0)
    assert found(face_clip(times, ear=ratio, window_s=one / 25)) == found(
        face_clip(times, ear=ratio, window_s=other / 25)
    )


@given(st.lists(st.tuples(st.floats(0.001, 2.0), st.floats(0.0, 0.5)), min_size=1, max_size=80))
def test_the_baseline_is_the_percentile_of_what_lies_around(steps: list[tuple[float, float]]) -> None:
    times = np.cumsum([step for step, _ in steps])
    ratio = np.array([value for _, value in steps])
    around = [ratio[(times >= time - 1.5) & (times <= time + 1.5)] for time in times]
    assert _baseline(times, ratio) == pytest.approx([np.percentile(values, 80.0) for values in around])


@pytest.mark.parametrize("length", [1, 2, 3, 100])
def test_smoothing_is_scipys(length: int) -> None:
    for values in np.random.default_rng(length).integers(0, 5, (50, length)) / 10:
        np.testing.assert_array_equal(_median_of_three(values), median_filter(values, size=3, mode="nearest"))
