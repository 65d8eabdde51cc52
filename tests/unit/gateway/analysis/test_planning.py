"""The plan of windows: whole when short, spread when long, bounded whatever the container claims."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1.media_pb2 import TimeWindow

from gateway.analysis.planning import Plan, most_frames, plan_runs, plan_windows, scored_crops


def spans(plan: Plan) -> list[tuple[float, float]]:
    return [(window.start_s, window.end_s) for window in plan.windows]


def frames(plan: Plan, fps: float) -> float:
    return sum(math.floor((end - start) * fps / plan.frame_stride + 1e-6) for start, end in spans(plan))


def window(index: int, start: float, end: float) -> TimeWindow:
    return TimeWindow(index=index, start_s=start, end_s=end)


def test_a_short_clip_is_covered_whole_by_equal_contiguous_windows() -> None:
    plan = plan_windows(10.0, 25.0, [0.0])
    assert spans(plan) == [(0.0, 10 / 3), (10 / 3, 20 / 3), (20 / 3, 10.0)]
    assert plan.frame_stride == 1


def test_twenty_seconds_at_thirty_frames_just_fit_the_budget() -> None:
    assert spans(plan_windows(20.0, 30.0, [])) == [(0, 4), (4, 8), (8, 12), (12, 16), (16, 20)]


def test_less_than_a_window_is_one_window() -> None:
    assert spans(plan_windows(0.9, 30.0, [0.0])) == [(0.0, 0.9)]


def test_a_long_video_is_sampled_over_its_whole_length_within_the_budget() -> None:
    plan = plan_windows(600.0, 30.0, [])
    assert spans(plan) == [(58, 62), (178, 182), (298, 302), (418, 422), (538, 542)]
    assert frames(plan, 30.0) == 600


def test_a_start_moves_to_a_keyframe_within_a_quarter_of_the_spacing() -> None:
    starts = [start for start, _ in spans(plan_windows(600.0, 30.0, [0.0, 50.0, 62.0, 178.0, 270.0, 328.1, 447.9]))]
    assert starts == [62.0, 178.0, 270.0, 447.9, 538.0]


def test_a_short_clip_over_budget_is_spread() -> None:
    plan = plan_windows(18.0, 30.0, [0.0], max_frames=240)
    assert frames(plan, 30.0) == 240
    assert spans(plan) == [(2.5, 6.5), (11.5, 15.5)]


@pytest.mark.parametrize(
    ("fps", "stride"),
    [(1, 1), (24, 1), (30, 1), (35, 1), (39, 1), (48, 2), (50, 2), (59.94, 2), (90, 3), (120, 4), (240, 8), (1e9, 1)],
)
def test_stride_leaves_about_thirty_frames_a_second(fps: float, stride: int) -> None:
    assert plan_windows(10.0, fps, []).frame_stride == stride


def test_ntsc_rate_keeps_windows_of_four_seconds() -> None:
    lengths = [end - start for start, end in spans(plan_windows(300.0, 30000 / 1001, []))]
    assert lengths == pytest.approx([4.004] * 5)


def test_unknown_duration_reaches_to_the_last_keyframe() -> None:
    assert spans(plan_windows(None, 25.0, []))[-1][1] == 20.0
    assert spans(plan_windows(math.nan, None, [0.0, 500.0]))[-1][1] > 400.0


def test_nothing_is_planned_where_there_are_no_pictures() -> None:
    plan = plan_windows(1004.0, 25.0, [0.0, 1002.0], spans_s=[(0.0, 2.0), (1002.0, 1004.0)])
    assert spans(plan) == [(0.0, 2.0), (1002.0, 1004.0)]
    assert [window.index for window in plan.windows] == [0, 1]


def test_a_window_over_a_gap_is_parted() -> None:
    plan = plan_windows(None, 30.0, [], spans_s=[(0.0, 6.0), (100.0, 106.0)])
    bounds = [bound for span in spans(plan) for bound in span]
    assert bounds == pytest.approx([0, 4, 4, 6, 100, 102, 102, 106])


def test_a_last_frame_that_stays_for_days_does_not_count() -> None:
    assert spans(plan_windows(1e6, 25.0, [0.0], spans_s=[(0.0, 4.0)])) == [(0.0, 4.0)]


@pytest.mark.parametrize(
    "wrong", [[(5.0, 1.0)], [(0.0, 9.0), (3.0, 12.0)], [(math.nan, 4.0)], [(-5.0, 4.0)], [(0.0, 1e9)]]
)
def test_spans_that_make_no_sense_are_left_out(wrong: list[tuple[float, float]]) -> None:
    assert plan_windows(10.0, 25.0, [], spans_s=wrong) == plan_windows(10.0, 25.0, [])


def test_few_frames_a_second_make_longer_windows() -> None:
    plan = plan_windows(600.0, 1.0, [])
    assert {round(end - start) for start, end in spans(plan)} == {24}
    assert frames(plan, 1.0) == 600


def test_a_window_gets_at_most_twice_its_share_of_the_budget() -> None:
    assert most_frames(600, 5) == 240
    assert most_frames(600, 0) == 1200
    assert most_frames(1, 100) == 1


claims = st.none() | st.floats() | st.sampled_from([0.0, 1.0, 20.0, 1e6, 1e9, 1e308])


@given(claims, claims, st.lists(st.floats(), max_size=20), st.integers(-5, 5000))
def test_any_claim_gives_a_valid_bounded_plan(
    duration: float | None, fps: float | None, keyframes: list[float], budget: int
) -> None:
    plan = plan_windows(duration, fps, keyframes, budget)
    known = duration if duration is not None and 0 < duration <= 1e7 else math.inf
    assert 1 <= len(plan.windows) <= max(1, budget)
    assert plan.frame_stride >= 1
    assert [window.index for window in plan.windows] == list(range(len(plan.windows)))
    previous = 0.0
    for start, end in spans(plan):
        assert previous <= start < end <= max(known, 1e-3)
        previous = end
    if fps is not None and 1 <= fps <= 1000:
        assert frames(plan, fps) <= max(1, budget)
    assert plan == plan_windows(duration, fps, keyframes, budget)


def test_one_keyframe_means_one_run() -> None:
    windows = plan_windows(20.0, 30.0, [0.0]).windows
    assert plan_runs(windows, [0.0], 4) == (windows,)


def test_runs_split_at_keyframes_only() -> None:
    windows = plan_windows(20.0, 30.0, []).windows
    runs = plan_runs(windows, [0.0, 3.9, 9.0, 12.0], 5)
    assert [[window.index for window in run] for run in runs] == [[0], [1, 2], [3, 4]]


def test_runs_are_of_about_equal_length() -> None:
    windows = plan_windows(20.0, 30.0, []).windows
    keyframes = [float(second) for second in range(20)]
    assert [len(run) for run in plan_runs(windows, keyframes, 2)] == [3, 2]
    assert [len(run) for run in plan_runs(windows, keyframes, 5)] == [1] * 5


def test_far_windows_split_where_a_keyframe_lies_between_them() -> None:
    windows = (window(0, 10, 14), window(1, 50, 54))
    assert len(plan_runs(windows, [0.0], 2)) == 1
    assert len(plan_runs(windows, [0.0, 30.0], 2)) == 2


def test_no_windows_give_no_runs() -> None:
    assert plan_runs((), [0.0], 3) == ()


@given(st.floats(0.1, 1e5), st.floats(1, 240), st.lists(st.floats(0, 1e5), max_size=40), st.integers(-1, 12))
def test_runs_hold_each_window_once_in_order(
    duration: float, fps: float, keyframes: list[float], parallel: int
) -> None:
    windows = plan_windows(duration, fps, keyframes).windows
    runs = plan_runs(windows, keyframes, parallel)
    assert tuple(window for run in runs for window in run) == windows
    assert 1 <= len(runs) <= max(1, parallel)
    assert all(runs)


@pytest.mark.parametrize(("windows", "each"), [(0, 8), (1, 8), (3, 3), (4, 2), (20, 1), (500, 1)])
def test_about_as_many_portraits_as_in_training_are_scored_over_all_windows(windows: int, each: int) -> None:
    assert scored_crops(windows) == each
