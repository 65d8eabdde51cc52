"""Input of the motion network: how smooth and steady parts of a face and the light on it change, and which correlate.

A face made frame by frame jitters in other places than a filmed one, its parts (lids, lips, jaw, head) are coupled
differently, and it flickers differently from its surroundings (`services.face.mesh.light`). None of the numbers depends
on how large the face is or how much it moves; the network corrects for frame rate and size in pixels. Sun et al. 2021,
*Improving the Efficiency and Robustness of Deepfakes Detection through Precise Geometric Features*, and Agarwal et al.
2019, *Protecting World Leaders Against Deep Fakes*, tell fakes by the course of landmarks over time as well.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.mesh.light import CHANNELS, REGIONS
from services.face.signals import geometry

Array = NDArray[np.float64]

RATE_HZ = 25.0
"""Landmarks are resampled to this rate by linear interpolation between frames."""

SPAN = 47
"""Samples of a span: 1.84 seconds."""

_STEP = 24  # samples from the start of one span to the start of the next
_LONGEST_GAP_S = 0.25
_STILL = 1e-5
_ROUNDING = 1e-6
_SMOOTHED = 5  # samples

# Face Mesh landmarks; of two, the subject's right comes first.
_NOSE, _SIDES, _CHIN = 4, (234, 454), 152
_BROWS, _UPPER_LIDS = (105, 334), (159, 386)
_MOUTH_CORNERS, _INNER_LIPS, _UPPER_LIP = (61, 291), (13, 14), 0

PARTS = (
    "across", "down", "roll", "size", "yaw", "pitch", "lids", "lid difference", "mouth gap", "mouth width", "jaw",
    "brows", "mouth tilt", "upper lip",
)  # fmt: skip
"""What moves. All but the head's position, size and rotation are aligned: a similarity transform on rigid points."""

_MIRRORED = np.isin(PARTS, ("across", "roll", "yaw", "lid difference", "mouth tilt"))
_NOT_MIRRORED = np.zeros(REGIONS, dtype=np.bool_)


def _numbers(courses: int) -> int:
    return 4 * courses + courses * (courses - 1) // 2


KINDS = {
    "movement": _numbers(len(PARTS)),
    "lightness": _numbers(REGIONS),
    "colour": (CHANNELS - 1) * _numbers(REGIONS),
}
"""The kinds of numbers that describe a span, in order, and how many there are of each."""

VALUES = sum(KINDS.values())
"""Numbers that describe a span."""


class Movement(NamedTuple):
    """One span of a track.

    Attributes:
        entry: of the track, at which it begins.
        values: (VALUES,), see `measured`: of `PARTS`, then of each channel of the light on all regions.
        fps: frame rate.
        iod_px: inter-ocular distance in pixels.
    """

    entry: int
    values: Array
    fps: float
    iod_px: float


def movements(points: Array, light: Array, times_s: Array, segments: NDArray[np.int64]) -> list[Movement]:
    """All spans of a track, in order; none if the face is not tracked for a whole span without a break.

    Args:
        points: (n, 468, 2+) landmarks, pixels.
        light: (n, REGIONS, CHANNELS), of `services.face.mesh.light`.
        times_s: (n,) when, ascending.
        segments: (n,) counts up where tracking restarted.
    """
    stretches = _stretches(times_s, segments)
    return [movement for stretch in stretches for movement in _spans(points, light, times_s, stretch)]


def _stretches(times_s: Array, segments: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    breaks = np.flatnonzero((np.diff(segments) != 0) | (np.diff(times_s) > _LONGEST_GAP_S)) + 1
    return np.split(np.arange(len(times_s)), breaks)


def _spans(points: Array, light: Array, times_s: Array, stretch: NDArray[np.intp]) -> Iterator[Movement]:
    times = times_s[stretch]
    # Times are not exact: the last frame counts if a sample falls on it up to rounding.
    count = int((times[-1] - times[0]) * RATE_HZ + _ROUNDING) + 1 if len(stretch) else 0
    if count < SPAN:
        return
    samples = times[0] + np.arange(count) / RATE_HZ
    seen = points[stretch]
    iod_px, fps = float(np.median(geometry.interocular_distance(seen))), (len(times) - 1) / (times[-1] - times[0])
    # In units of almost zero, any movement would overflow.
    if not iod_px > _STILL:
        return
    kinds = [parts(seen), *light[stretch].transpose(2, 1, 0)]
    courses = [np.array([_resampled(samples, times, one) for one in kind]) for kind in kinds]
    mirrored = [_MIRRORED, *[_NOT_MIRRORED] * CHANNELS]
    for start in range(0, len(samples) - SPAN + 1, _STEP):
        entry = int(stretch[np.searchsorted(times, samples[start] - _ROUNDING)])
        span = slice(start, start + SPAN)
        values = [measured(course[:, span], sides) for course, sides in zip(courses, mirrored, strict=True)]
        yield Movement(entry, np.concatenate(values), float(fps), iod_px)


def _resampled(samples: Array, times: Array, course: Array) -> Array:
    """Linear interpolation between frames; zeros if there is no value in any frame."""
    known = np.isfinite(course)
    return np.interp(samples, times[known], course[known]) if known.any() else np.zeros(len(samples))


def parts(points: Array) -> Array:
    """Time series of each of `PARTS`: landmarks (n, 468, 2+) to (parts, n).

    Lengths are inter-ocular distances, angles radians.
    """
    flat, iod = points[..., :2], geometry.interocular_distance(points)
    typical = np.median(iod)
    place = flat[:, np.array(lm.RIGID)].mean(axis=1) / typical
    eyes = flat[:, lm.LEFT_EYE_CORNER] - flat[:, lm.RIGHT_EYE_CORNER]
    right_half, left_half = (np.linalg.norm(flat[:, _NOSE] - flat[:, side], axis=1) / typical for side in _SIDES)
    right_lids, left_lids = (geometry.eye_aspect_ratio(points, eye) for eye in (lm.RIGHT_EYE, lm.LEFT_EYE))
    face = geometry.aligned(points)
    across, down = face[..., 0], face[..., 1]

    def apart(one: int, other: int) -> Array:
        return np.hypot(across[:, one] - across[:, other], down[:, one] - down[:, other])

    def height(of: tuple[int, ...]) -> Array:
        mean: Array = down[:, of].mean(axis=1)
        return mean

    return np.stack(
        [
            place[:, 0],
            place[:, 1],
            np.unwrap(np.arctan2(eyes[:, 1], eyes[:, 0])),
            np.log(np.maximum(iod, _STILL)),
            right_half - left_half,
            down[:, _NOSE] - height((lm.RIGHT_EYE_CORNER, lm.LEFT_EYE_CORNER)),
            (right_lids + left_lids) / 2,
            right_lids - left_lids,
            apart(*_INNER_LIPS),
            apart(*_MOUTH_CORNERS),
            down[:, _CHIN],
            height(_BROWS) - height(_UPPER_LIDS),
            down[:, _MOUTH_CORNERS[0]] - down[:, _MOUTH_CORNERS[1]],
            down[:, _UPPER_LIP],
        ]
    )


def measured(course: Array, mirrored: NDArray[np.bool_]) -> Array:
    """The numbers that describe a span of k time series: four for each, and one for each pair.

    For the speed of a series, from one sample to the next:

    - roughness, the logarithm of its mean change over its mean: ln √3 for white noise, much less for a smooth movement;
    - persistence, its autocorrelation at one sample: -1/2 for white noise, near 1 for a smooth movement;
    - burstiness, the logarithm of its kurtosis.

    Tremor is the logarithm of the residual from a five-sample average, over the standard deviation of the series.
    Coupling is the correlation of the speeds of two series. For a constant series, persistence and coupling are 0.

    Args:
        course: (k, SPAN), the time series.
        mirrored: (k,), whether mirroring flips the sign: their coupling with the others is given without its sign.

    Returns:
        (4 k + k (k - 1) / 2,): roughness of each, persistence of each, and so on.
    """
    speed = np.diff(course, axis=1)
    change, mean = np.abs(np.diff(speed, axis=1)).mean(axis=1), np.abs(speed).mean(axis=1)
    roughness = np.log(RATE_HZ * change + _STILL) - np.log(RATE_HZ * mean + _STILL)
    persistence = _correlation(speed[:, :-1], speed[:, 1:])
    power = (speed**2).mean(axis=1)
    burstiness = np.log((speed**4).mean(axis=1) / (power**2 + _STILL**3) + _STILL)
    smooth = np.lib.stride_tricks.sliding_window_view(course, _SMOOTHED, axis=1).mean(axis=2)
    left = np.abs(course[:, _SMOOTHED // 2 : -(_SMOOTHED // 2)] - smooth).mean(axis=1)
    tremor = np.log(left + _STILL) - np.log(course.std(axis=1) + _STILL)
    one, other = np.array(list(combinations(range(len(course)), 2))).T
    coupling = _correlation(speed[one], speed[other])
    coupling = np.where(mirrored[one] != mirrored[other], np.abs(coupling), coupling)
    values = np.concatenate([roughness, persistence, burstiness, tremor, coupling])
    finite: Array = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return finite


def _correlation(one: Array, other: Array) -> Array:
    """Correlation of corresponding rows, (n,); 0 if one of them is constant."""
    one, other = (row - row.mean(axis=1, keepdims=True) for row in (one, other))
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    found: Array = np.divide((one * other).sum(axis=1), size, out=np.zeros_like(size), where=size > _STILL**2)
    return found
