"""Blinks in the eye aspect ratio, with a threshold that follows how open the eyes usually are."""

import numpy as np

from gateway.features.signals import FaceSignals, Floats

BASELINE_S = 3.0
BASELINE_PERCENTILE = 80.0
CLOSED_SHARE = 0.75
LEAST_FRAMES = 2
LONGEST_S = 0.5
REFRACTORY_S = 0.2


# A median of three thresholds exactly like a vote of three frames: it removes a dip of one frame and leaves every
# dip of two or more as long as it was. A mean would flatten the 2-3 frames of a 100 ms blink at 25 frames a second.
def _median_of_three(values: Floats) -> Floats:
    before, after = np.append(values[:1], values[:-1]), np.append(values[1:], values[-1:])
    return np.asarray(np.maximum(np.minimum(before, values), np.minimum(np.maximum(before, values), after)))


def blink_times(signals: FaceSignals) -> Floats:
    """Finds when blinks began.

    The eyes are closed while the smoothed mean eye aspect ratio (Soukupová and Čech 2016) is below 0.75 × its 80th
    percentile over the 3 s around. A blink is a closure of at least 2 frames and at most 0.5 s that begins at least
    0.2 s after the closure before it ended. One already under way when a stretch of frames begins is not counted; one
    that begins before the end of a stretch is, so that cutting a video loses none and counts none twice.

    Returns:
        (k,) seconds from the first frame of the video, ascending.
    """
    found: list[float] = []
    for index in signals.stretches(np.isfinite(signals.eye_aspect_ratio)):
        found.extend(_stretch_blinks(signals.times_s[index], signals.eye_aspect_ratio[index], signals.interval_s))
    return np.asarray(found)


def _stretch_blinks(times_s: Floats, ratio: Floats, interval_s: float) -> list[float]:
    smoothed = _median_of_three(ratio)
    is_closed = smoothed < CLOSED_SHARE * _baseline(times_s, smoothed)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_closed, [False]])))
    found: list[float] = []
    free_from_s = -np.inf
    for first, end in edges.reshape(-1, 2):
        if end - first < LEAST_FRAMES:
            continue
        begin_s, end_s = float(times_s[first]), float(times_s[end - 1]) + interval_s
        is_short = end_s - begin_s <= LONGEST_S + interval_s / 4
        if first > 0 and is_short and begin_s >= free_from_s:
            found.append(begin_s)
        # A long closure too holds off the next blink: eyes flutter when they open.
        free_from_s = end_s + REFRACTORY_S
    return found


def _baseline(times_s: Floats, ratio: Floats) -> Floats:
    """(n,) 80th percentile of the ratio within 1.5 s of each entry, between ranks by a straight line."""
    first = np.searchsorted(times_s, times_s - BASELINE_S / 2, side="left")
    counts = np.searchsorted(times_s, times_s + BASELINE_S / 2, side="right") - first
    # All at once, each row filled up with what sorts last: np.percentile for each entry takes thirty times as long.
    offsets = np.arange(counts.max())
    around = ratio[np.minimum(first[:, None] + offsets, len(ratio) - 1)]
    ranked = np.sort(np.where(offsets < counts[:, None], around, np.inf), axis=1)
    rank = (counts - 1) * BASELINE_PERCENTILE / 100
    below = rank.astype(np.intp)
    above = np.minimum(below + 1, counts - 1)
    rows = np.arange(len(ratio))
    low, high = ranked[rows, below], ranked[rows, above]
    return np.asarray(low + (high - low) * (rank - below))
