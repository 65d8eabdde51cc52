"""How the parts of a face move, and the light on it: how smooth and steady each course is, and which go together.

A face that is made frame by frame trembles in other places than a filmed one, its parts (lids, lips, jaw, head) are
tied together otherwise, and it flickers otherwise than what is around it (`services.face.mesh.light`). None of it
depends on how large the face is or how much it moves; what the frame rate and the size in pixels make of it is left to
the network to allow for. Sun et al. 2021, *Improving the Efficiency and Robustness of Deepfakes Detection through
Precise Geometric Features*, and Agarwal et al. 2019, *Protecting World Leaders Against Deep Fakes*, tell fakes by the
course of landmarks over time as well.
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
"""Landmarks are looked at this often, between frames by linear interpolation."""

SPAN = 47
"""Looks that are taken together: 1.84 seconds."""

_STEP = 24  # looks from the beginning of one span to that of the next
_LONGEST_GAP_S = 0.25
_STILL = 1e-5
_ROUNDING = 1e-6
_SMOOTHED = 5  # looks

# Face Mesh landmarks; of two, the subject's right comes first.
_NOSE, _SIDES, _CHIN = 4, (234, 454), 152
_BROWS, _UPPER_LIDS = (105, 334), (159, 386)
_MOUTH_CORNERS, _INNER_LIPS, _UPPER_LIP = (61, 291), (13, 14), 0

PARTS = (
    "across", "down", "roll", "size", "yaw", "pitch", "lids", "lid difference", "mouth gap", "mouth width", "jaw",
    "brows", "mouth tilt", "upper lip",
)  # fmt: skip
"""What moves. All but the head's place, size and turn are seen after a similarity transform on rigid points."""

_MIRRORED = np.isin(PARTS, ("across", "roll", "yaw", "lid difference", "mouth tilt"))
_NOT_MIRRORED = np.zeros(REGIONS, dtype=np.bool_)


def _numbers(courses: int) -> int:
    return 4 * courses + courses * (courses - 1) // 2


KINDS = {
    "movement": _numbers(len(PARTS)),
    "lightness": _numbers(REGIONS),
    "colour": (CHANNELS - 1) * _numbers(REGIONS),
}
"""What the numbers that a span is told by are of, in order, and how many they are."""

VALUES = sum(KINDS.values())
"""Numbers that a span is told by."""


class Movement(NamedTuple):
    """One span of a track.

    Attributes:
        entry: of the track, at which it begins.
        values: (VALUES,), see `measured`: of `PARTS`, then of each channel of the light on all regions.
        fps: frames a second that it was seen in.
        iod_px: inter-ocular distance in pixels.
    """

    entry: int
    values: Array
    fps: float
    iod_px: float


def movements(points: Array, light: Array, times_s: Array, segments: NDArray[np.int64]) -> list[Movement]:
    """All spans of a track, in order; none where the face is followed for less than a span without a break.

    Args:
        points: (n, 468, 2+) landmarks, pixels.
        light: (n, REGIONS, CHANNELS), of `services.face.mesh.light`.
        times_s: (n,) when, ascending.
        segments: (n,) counts up where tracking started afresh.
    """
    stretches = _stretches(times_s, segments)
    return [movement for stretch in stretches for movement in _spans(points, light, times_s, stretch)]


def _stretches(times_s: Array, segments: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    breaks = np.flatnonzero((np.diff(segments) != 0) | (np.diff(times_s) > _LONGEST_GAP_S)) + 1
    return np.split(np.arange(len(times_s)), breaks)


def _spans(points: Array, light: Array, times_s: Array, stretch: NDArray[np.intp]) -> Iterator[Movement]:
    times = times_s[stretch]
    # Times are not exact: the last frame is looked at where a look falls on it but for rounding.
    count = int((times[-1] - times[0]) * RATE_HZ + _ROUNDING) + 1 if len(stretch) else 0
    if count < SPAN:
        return
    looks = times[0] + np.arange(count) / RATE_HZ
    seen = points[stretch]
    iod_px, fps = float(np.median(geometry.interocular_distance(seen))), (len(times) - 1) / (times[-1] - times[0])
    # Told in distances of nearly nothing, whatever moves would go farther than numbers do.
    if not iod_px > _STILL:
        return
    kinds = [parts(seen), *light[stretch].transpose(2, 1, 0)]
    courses = [np.array([_looked_at(looks, times, one) for one in kind]) for kind in kinds]
    mirrored = [_MIRRORED, *[_NOT_MIRRORED] * CHANNELS]
    for start in range(0, len(looks) - SPAN + 1, _STEP):
        entry = int(stretch[np.searchsorted(times, looks[start] - _ROUNDING)])
        span = slice(start, start + SPAN)
        values = [measured(course[:, span], sides) for course, sides in zip(courses, mirrored, strict=True)]
        yield Movement(entry, np.concatenate(values), float(fps), iod_px)


def _looked_at(looks: Array, times: Array, course: Array) -> Array:
    """Between frames by linear interpolation; what is seen in no frame stands still."""
    known = np.isfinite(course)
    return np.interp(looks, times[known], course[known]) if known.any() else np.zeros(len(looks))


def parts(points: Array) -> Array:
    """Course of each of `PARTS` through successive frames: landmarks (n, 468, 2+) to (parts, n).

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
    """What a span of courses (k, SPAN) is told by: four numbers of each, and one of each two.

    Of the speed of a course, from one look to the next:

    - roughness, the logarithm of its mean change over its mean: ln √3 for white noise, much less for a smooth movement;
    - persistence, its correlation with itself a look later: -1/2 for white noise, near 1 for a smooth movement;
    - burstiness, the logarithm of its kurtosis.

    Tremor is the logarithm of what five looks' average leaves of a course, over its standard deviation. Coupling is the
    correlation of the speeds of two courses. Of what stands still, persistence and coupling are 0.

    Args:
        course: (k, SPAN).
        mirrored: (k,) whose sign changes in a mirror: how they go with the others is told without its sign.

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
    """Of each row with its like, (n,); 0 where one of them stands still."""
    one, other = (row - row.mean(axis=1, keepdims=True) for row in (one, other))
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    found: Array = np.divide((one * other).sum(axis=1), size, out=np.zeros_like(size), where=size > _STILL**2)
    return found
