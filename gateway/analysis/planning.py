"""Planning: which windows of a video or a sound recording are analysed, and which of them are decoded in one pass.

A plan depends on nothing but its arguments, so the same file gives the same windows on any number of workers.
Claims of a container are not trusted: whatever they say, a plan is valid and within the frame budget they imply.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from notreally.v1.media_pb2 import TimeWindow
from notreally.v1.metadata_pb2 import ProbeResponse

WINDOW_S = 4.0
"""Length that windows aim at, seconds: long enough for the 3 s baseline of blinks, short enough to spread work."""

WHOLE_S = 20.0
"""A video up to this long is covered whole when it fits the frame budget."""

_LONGEST_WINDOW_S = 4.25  # lets 5 × 4.004 s (29.97 fps) be five windows, not six short ones
_LEAST_FRAMES = 24.0  # of a window: detecting faces costs as much as tracking them over a dozen frames
_USUAL_FPS = 30.0
_LEAST_FPS_AFTER_STRIDE = 20.0  # below it blinks and jitter cannot be measured
_PLAUSIBLE_FPS = 1000.0
_PLAUSIBLE_DURATION_S = 1e6  # eleven days; services take no window beyond it
_SHORTEST_WINDOW_S = 1e-3
_CROPS = 8  # portraits scored by the appearance network: each costs a tenth of a second
_DECODED_TWICE_S = 0.25  # what starting a run between keyframes may cost


@dataclass(frozen=True)
class Plan:
    """The windows of one file, ascending and not overlapping, and how many frames to step from one to the next."""

    windows: tuple[TimeWindow, ...]
    frame_stride: int


def plan_video(probe: ProbeResponse, max_frames: int) -> Plan:
    """Plans the windows of a video from its facts; see `plan_windows`."""
    video = probe.facts.video
    fps = video.fps if video.HasField("fps") else None
    spans_s = [(span.start_s, span.end_s) for span in probe.spans]
    pictures_s = math.fsum(end - start for start, end in spans_s)
    if video.variable_frame_rate and pictures_s > 0:
        fps = video.frame_count / pictures_s  # an average over the gaps would say that there are hardly any frames
    duration_s = video.duration_s if video.HasField("duration_s") else None
    return plan_windows(duration_s, fps, probe.keyframe_times_s, max_frames, spans_s)


def plan_sound(duration_s: float | None, max_frames: int) -> Plan:
    """Plans the windows of a sound recording: as many as of a video of the usual frame rate that is as long.

    Args:
        duration_s: Seconds of sound; None or an impossible number when unknown.
        max_frames: Frames that would be analysed of a video at most.
    """
    return plan_windows(duration_s, _USUAL_FPS, (), max_frames)


def plan_windows(
    duration_s: float | None,
    fps: float | None,
    keyframes_s: Sequence[float],
    max_frames: int = 600,
    spans_s: Sequence[tuple[float, float]] = (),
) -> Plan:
    """Plans the windows of a video.

    A video of up to 20 s that fits the budget is covered whole by equal contiguous windows. Any other gets windows of
    about 4 s, one in the middle of each of as many equal parts of its length; a start moves to the nearest keyframe
    when that is within a quarter of the spacing and keeps the window inside its part.

    Args:
        duration_s: Seconds of picture; None or an impossible number when unknown.
        fps: Average frames a second; None or an impossible number when unknown.
        keyframes_s: Presentation times of keyframes, seconds from the first frame; may be empty.
        max_frames: Frames analysed at most; less than 1 counts as 1.
        spans_s: (start, end) of the stretches with pictures, ascending; nothing is planned between them, as if the
            video were cut there. Empty when unknown.

    Returns:
        At least one window, and a stride of at least 1.
    """
    stretches = _Stretches.of(spans_s)
    keyframes = stretches.joined(_clean(keyframes_s)) if stretches else _clean(keyframes_s)
    duration = stretches.total_s if stretches else _duration(duration_s, keyframes)
    rate = _rate(fps)
    stride = frame_stride(rate)
    # One frame a second at least, so that a false claim of fewer cannot ask for thousands of windows.
    analyzed_fps = max(rate / stride, 1.0)
    budget = max(1, max_frames)
    if duration <= WHOLE_S and duration * analyzed_fps <= budget:
        edges = _edges(duration, analyzed_fps)
    else:
        edges = _spread(duration, analyzed_fps, budget, keyframes)
    if stretches:
        edges = [piece for edge in edges for piece in stretches.pieces(*edge)]
    windows = (TimeWindow(index=index, start_s=start, end_s=end) for index, (start, end) in enumerate(edges))
    return Plan(tuple(windows), stride)


def most_frames(max_frames: int, windows: int) -> int:
    """Frames analysed in each of `windows` windows at most: twice its share of the budget.

    Twice, because frames may lie closer in one window than in another; and not more, because a file whose time stamps
    lie could otherwise hold any number of them in a second.
    """
    return max(1, math.ceil(2 * max_frames / max(1, windows)))


def scored_crops(windows: int) -> int:
    """Frames of each of `windows` windows in which the appearance network scores faces: about 8 in all, at least one.

    It depends on the plan alone, so that a window is measured alike in whatever run, and after whatever interruption.
    """
    return max(1, round(_CROPS / max(1, windows)))


def plan_runs(
    windows: Sequence[TimeWindow], keyframes_s: Sequence[float], parallel: int
) -> tuple[tuple[TimeWindow, ...], ...]:
    """Groups consecutive windows into runs, each decoded in one pass.

    A run begins only where its first keyframe lies (almost) after the window before, so that no two runs decode the
    same frames. Runs are of about equal length.

    Args:
        windows: As planned.
        keyframes_s: As given to `plan_windows`.
        parallel: Runs wanted at most; less than 1 counts as 1.

    Returns:
        Between one and `parallel` runs that hold each window once, in order; nothing when there are no windows.
    """
    if not windows:
        return ()
    keyframes = _clean(keyframes_s)
    wanted = max(1, parallel)
    total_s = sum(window.end_s - window.start_s for window in windows)
    runs: list[list[TimeWindow]] = [[windows[0]]]
    done_s = windows[0].end_s - windows[0].start_s
    for previous, window in pairwise(windows):
        is_due = done_s >= len(runs) * total_s / wanted - 1e-9
        if is_due and len(runs) < wanted and _decoded_twice_s(previous, window, keyframes) <= _DECODED_TWICE_S:
            runs.append([])
        runs[-1].append(window)
        done_s += window.end_s - window.start_s
    return tuple(tuple(run) for run in runs)


def _clean(keyframes_s: Sequence[float]) -> list[float]:
    return sorted(time for time in keyframes_s if math.isfinite(time) and time >= 0)


def _duration(claimed_s: float | None, keyframes: list[float]) -> float:
    if claimed_s is not None and 0 < claimed_s <= _PLAUSIBLE_DURATION_S:
        return max(claimed_s, _SHORTEST_WINDOW_S)
    # Windows after the end are merely empty, so a guess that is too long costs nothing but those it wastes.
    known_s = min(keyframes[-1], _PLAUSIBLE_DURATION_S) if keyframes else 0.0
    return max(WHOLE_S, known_s + WINDOW_S)


def _rate(fps: float | None) -> float:
    return fps if fps is not None and 0 < fps <= _PLAUSIBLE_FPS else _USUAL_FPS


def frame_stride(fps: float | None) -> int:
    """How many frames to step from one analysed frame to the next; `fps` as for `plan_windows`."""
    fps = _rate(fps)
    # From 35 to 40 fps, half the frames would be fewer than blinks need, so all are read.
    if fps < 2 * _LEAST_FPS_AFTER_STRIDE:
        return 1
    return max(2, round(fps / _USUAL_FPS))


@dataclass(frozen=True)
class _Stretches:
    """Stretches with pictures, laid end to end."""

    spans: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, spans_s: Sequence[tuple[float, float]]) -> "_Stretches | None":
        """None where there is nothing to leave out, or the spans make no sense."""
        spans = tuple((start, end) for start, end in spans_s if end - start >= _SHORTEST_WINDOW_S)
        bounds = [0.0, *(bound for span in spans for bound in span), _PLAUSIBLE_DURATION_S]
        if not spans or any(not later >= earlier for earlier, later in pairwise(bounds)):
            return None
        return cls(spans)

    @property
    def total_s(self) -> float:
        return sum(end - start for start, end in self.spans)

    def joined(self, times: Sequence[float]) -> list[float]:
        """Those of ascending times that lie in a stretch, on the clock of the stretches laid end to end."""
        inside: list[float] = []
        before_s = 0.0
        for start, end in self.spans:
            inside += [before_s + time - start for time in times[bisect_left(times, start) : bisect_left(times, end)]]
            before_s += end - start
        return inside

    def pieces(self, start_s: float, end_s: float) -> list[tuple[float, float]]:
        """A window on that clock as windows of the video: several where it reaches over a gap."""
        pieces: list[tuple[float, float]] = []
        before_s = 0.0
        for start, end in self.spans:
            first, last = start + max(0.0, start_s - before_s), min(end, start + end_s - before_s)
            if last - first >= _SHORTEST_WINDOW_S / 2:
                pieces.append((first, last))
            before_s += end - start
        return pieces


def _longest_s(fps: float) -> float:
    return max(_LONGEST_WINDOW_S, _LEAST_FRAMES / fps)


def _edges(duration: float, fps: float) -> list[tuple[float, float]]:
    count = max(1, math.ceil(duration / _longest_s(fps)))
    bounds = [duration * step / count for step in range(count)] + [duration]
    return list(pairwise(bounds))


def _spread(duration: float, fps: float, budget: int, keyframes: list[float]) -> list[tuple[float, float]]:
    count = max(1, math.ceil(min(budget / fps, duration) / _longest_s(fps)))
    spacing = duration / count
    length = min(max(1, budget // count) / fps, spacing)
    edges: list[tuple[float, float]] = []
    for part in range(count):
        target = part * spacing + (spacing - length) / 2
        earliest = max(part * spacing, target - spacing / 4)
        latest = min((part + 1) * spacing - length, target + spacing / 4)
        reachable = keyframes[bisect_left(keyframes, earliest) : bisect_right(keyframes, latest)]
        start = min(reachable, key=lambda time: abs(time - target), default=target)
        if edges:  # parts touch only up to rounding
            start = max(start, edges[-1][1])
        edges.append((start, min(start + length, duration)))
    return edges


def _decoded_twice_s(previous: TimeWindow, window: TimeWindow, keyframes: list[float]) -> float:
    position = bisect_right(keyframes, window.start_s)
    first_decoded = keyframes[position - 1] if position else 0.0
    return max(0.0, previous.end_s - first_decoded)
