"""Whether a face is a photograph: shown as it is, zoomed into or moved about, it never changes in itself.

Somebody alive blinks, speaks or turns, and in seconds does a little of each. What is compared here does not depend on
where the face is or how large; of a photograph only the noise of the landmarks is left, which a mean over a few frames
takes out.
"""

import numpy as np

from gateway.features.signals import FaceSignals, Floats

LEAST_S = 2.5
"""Within less, somebody may sit still."""

_SMOOTHED_S = 0.3
_WITHIN = (2.5, 97.5)  # percentiles: a few bad frames do not count
# Ranges that a living face goes beyond at least in one, within the least time.
_EYES = 0.012
_MOUTH = 0.006
_YAW_DEG = 0.9
_SHAPE = 0.01


def is_still(signals: FaceSignals) -> bool:
    """Whether nothing moves in the face but the face as a whole, if at all."""
    if not (signals.interval_s > 0 and signals.face_s >= LEAST_S):
        return False
    frames = max(1, round(_SMOOTHED_S / signals.interval_s))
    shape = np.divide(signals.boxes[:, 2], signals.boxes[:, 3])
    courses = (
        (signals.eye_aspect_ratio, _EYES),
        (signals.mouth_gap, _MOUTH),
        (signals.yaw_deg, _YAW_DEG),
        (shape / np.nanmedian(shape), _SHAPE),
    )
    return all(_range(course, frames) < least for course, least in courses)


def _range(course: Floats, frames: int) -> float:
    """Within what most of a smoothed course lies."""
    known = course[np.isfinite(course)]
    if len(known) < frames:
        return float("inf")
    low, high = np.percentile(np.convolve(known, np.full(frames, 1 / frames), "valid"), _WITHIN)
    return float(high - low)
