"""Landmarks to signals: plain functions of arrays.

`points` are Face Mesh landmarks of n frames, (n, 468, 2) or (n, 468, 3), in pixels of the upright frame; the third
coordinate is depth in the same unit, growing away from the camera.
"""

import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm

Array = NDArray[np.float64]

_STILL = 1e-9


def interocular_distance(points: Array) -> Array:
    """Distance of the outer eye corners in the picture, (n,), pixels."""
    return _distance(points, lm.RIGHT_EYE_CORNER, lm.LEFT_EYE_CORNER)


def eye_aspect_ratio(points: Array, eye: tuple[int, int, int, int, int, int]) -> Array:
    """Height of an eye's opening over its width, (n,), no unit; about 0.3 when open and below 0.15 when closed.

    (|p2 - p6| + |p3 - p5|) / (2 |p1 - p4|): Soukupova and Cech, "Real-Time Eye Blink Detection using Facial
    Landmarks", 2016. NaN where the eye has no width.
    """
    p1, p2, p3, p4, p5, p6 = eye
    return _ratio(_distance(points, p2, p6) + _distance(points, p3, p5), 2 * _distance(points, p1, p4))


def mouth_gap(points: Array) -> Array:
    """Mean gap between the inner lips at three places, (n,), in inter-ocular distances."""
    gaps = [_distance(points, upper, lower) for upper, lower in lm.INNER_LIPS]
    return _ratio(np.mean(gaps, axis=0), interocular_distance(points))


def yaw_degrees(points: Array) -> Array:
    """Head yaw, (n,), degrees, positive when the subject turns to their left.

    The angle at which pairs of landmarks that are level on a face lie in depth. Depth is what the mesh model estimates
    from one picture: good enough to tell a profile from a frontal face, not a measurement of pose.
    """
    right, left = np.array(lm.LEVEL_PAIRS).T
    across = points[:, left] - points[:, right]
    depth = across[..., 2].sum(axis=1)
    width = np.linalg.norm(across[..., :2], axis=2).sum(axis=1)
    degrees: Array = np.degrees(np.arctan2(depth, width))
    return degrees


def face_boxes(points: Array) -> Array:
    """Left, top, width, height of all landmarks, (n, 4), pixels."""
    low, high = points[..., :2].min(axis=1), points[..., :2].max(axis=1)
    return np.concatenate([low, high - low], axis=1)


def aligned(points: Array) -> Array:
    """Landmarks after a similarity transform that takes the rigid points to where they usually are.

    Turning, moving and growing of the head in the picture is taken out; what remains is expression, and jitter.
    Their places are the mean of all frames, each put upright at an inter-ocular distance of one first (one round of
    generalised Procrustes analysis: Gower 1975).

    Args:
        points: (n, 468, 2+); further coordinates are ignored.

    Returns:
        (n, 468, 2), in inter-ocular distances.
    """
    flat = points[..., :2]
    return similarity_aligned(flat, _upright(flat).mean(axis=0), np.array(lm.RIGID))


def similarity_aligned(points: Array, reference: Array, rigid: NDArray[np.int64]) -> Array:
    """Each frame under the similarity transform that best takes its rigid points to the reference's.

    Least squares without reflection: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", 1991. In the plane it has a closed form over complex numbers.

    Args:
        points: (n, m, 2).
        reference: (m, 2).
        rigid: Indices of the points that decide.

    Returns:
        (n, m, 2), in the reference's unit; NaN where the rigid points coincide.
    """
    moving = points[..., 0] + 1j * points[..., 1]
    fixed = reference[..., 0] + 1j * reference[..., 1]
    moving_centre = moving[:, rigid].mean(axis=1, keepdims=True)
    fixed_centre = fixed[rigid].mean()
    about = moving[:, rigid] - moving_centre
    spread = (np.abs(about) ** 2).sum(axis=1)
    turn = np.full(len(points), np.nan + 0j)
    wide = spread > _STILL
    turn[wide] = (about.conj() @ (fixed[rigid] - fixed_centre))[wide] / spread[wide]
    placed = turn[:, None] * (moving - moving_centre) + fixed_centre
    return np.stack([placed.real, placed.imag], axis=-1)


def _upright(points: Array) -> Array:
    """Each frame with its eye corners level, one apart, and its rigid points about the origin."""
    places = points[..., 0] + 1j * points[..., 1]
    across = places[:, lm.LEFT_EYE_CORNER] - places[:, lm.RIGHT_EYE_CORNER]
    across = np.where(np.abs(across) > _STILL, across, 1)
    centred = places - places[:, np.array(lm.RIGID)].mean(axis=1, keepdims=True)
    upright = centred / across[:, None]
    return np.stack([upright.real, upright.imag], axis=-1)


def _distance(points: Array, one: int, other: int) -> Array:
    distance: Array = np.linalg.norm(points[:, one, :2] - points[:, other, :2], axis=-1)
    return distance


def _ratio(upper: Array, lower: Array) -> Array:
    return np.divide(upper, lower, out=np.full_like(upper, np.nan), where=lower > _STILL)
