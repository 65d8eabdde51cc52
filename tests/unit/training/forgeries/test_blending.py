"""What is put over a face, and where."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.unit.training.forgeries.conftest import SIDE, Face
from training.forgeries.appearance import Pixels
from training.forgeries.blending import (
    Layer,
    Share,
    draw_motion,
    draw_repaint,
    draw_self_blend,
    draw_swap,
    warped_to,
)


def stranger(face: Face) -> Face:
    """The same face, mirrored, in other colours."""
    points = face.points.copy()
    points[:, 0] = SIDE - points[:, 0]
    return Face(np.ascontiguousarray(255 - face.pixels[:, ::-1]), points)


def repainted(face: Face, seed: int) -> Layer:
    return draw_repaint(np.random.default_rng(seed)).layer(face.pixels, face.points)


def swapped(face: Face, seed: int) -> Layer:
    other = stranger(face)
    return draw_swap(np.random.default_rng(seed)).layer(face.pixels, face.points, other.pixels, other.points)


every_layer = pytest.mark.parametrize("layer_of", [repainted, swapped])


def inside_of(face: Face, grown: int) -> np.ndarray:
    """Whether each pixel is in the convex hull of the landmarks, made larger by so many pixels."""
    hull = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(face.points).astype(np.int32)), 1)
    kernel = np.ones((2 * abs(grown) + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(hull, kernel) if grown > 0 else cv2.erode(hull, kernel)) > 0


@every_layer
def test_the_same_seed_gives_the_same_layer_and_leaves_the_picture_alone(
    face: Face, layer_of: Callable[[Face, int], Layer]
) -> None:
    kept = face.pixels.copy()
    first, again, other = (layer_of(face, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert np.any(first[1] != other[1])
    np.testing.assert_array_equal(face.pixels, kept)
    assert first[0].shape == face.pixels.shape
    assert first[0].dtype == np.uint8


def blended(put_in: Pixels, there: Pixels, share: Share) -> Pixels:
    mixed = put_in * share[..., np.newaxis] + there * (1 - share[..., np.newaxis])
    return np.asarray(np.round(mixed), dtype=np.uint8)


@every_layer
def test_a_layer_lies_on_the_face_and_shows_there(face: Face, layer_of: Callable[[Face, int], Layer]) -> None:
    far, within = ~inside_of(face, 40), inside_of(face, -10)
    for seed in range(6):
        put_in, share = layer_of(face, seed)
        assert share.min() >= 0
        assert 0.25 < share.max() < 1.001
        assert share[far].max() < 0.01
        assert share[inside_of(face, 0)].mean() > 0.1
        difference = np.abs(blended(put_in, face.pixels, share).astype(int) - face.pixels)
        assert difference[within].mean() > 0.3


def test_a_face_warped_to_its_own_landmarks_stays_as_it_is(face: Face) -> None:
    warped = warped_to(face.pixels, face.points, face.points, SIDE)
    filled = (warped.max(axis=2) > 0) & inside_of(face, -8)
    assert filled.sum() > 0.9 * inside_of(face, -8).sum()
    assert np.quantile(np.abs(warped.astype(int) - face.pixels)[filled], 0.99) <= 3
    assert np.all(warped[0, 0] == 0)


def test_a_face_warped_to_moved_landmarks_moves_with_them(face: Face) -> None:
    warped = warped_to(face.pixels, face.points, face.points + np.array([5, 3], np.float32), SIDE)
    moved = np.roll(face.pixels, (3, 5), (0, 1))
    difference = np.abs(warped.astype(int) - moved)[inside_of(face, -12)]
    assert np.quantile(difference, 0.95) <= 4


def test_a_face_can_be_warped_into_a_picture_of_another_size(face: Face) -> None:
    warped = warped_to(face.pixels, face.points, face.points * 2, 2 * SIDE)
    assert warped.shape == (2 * SIDE, 2 * SIDE, 3)
    small = cv2.resize(warped, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(small - face.pixels)[inside_of(face, -12)].mean() < 5


def test_landmarks_beyond_the_border_are_no_error(face: Face) -> None:
    shifted = face.points + np.array([SIDE * 0.7, 0], np.float32)
    assert warped_to(face.pixels, face.points, shifted, SIDE).shape == face.pixels.shape


def test_a_swap_shows_the_donor_in_the_targets_colours(face: Face) -> None:
    within = inside_of(face, -25)
    distances = []
    for seed in range(12):
        put_in, share = swapped(face, seed)
        means = [one[within].mean(axis=0) for one in (blended(put_in, face.pixels, share), face.pixels)]
        distances.append(float(np.abs(means[0] - means[1]).mean()))
    # Most swaps are in the target's colours; the donor as it is would be far off.
    raw = np.abs(stranger(face).pixels[within].mean(axis=0) - face.pixels[within].mean(axis=0)).mean()
    assert np.median(distances) < raw / 3


def test_motion_is_small_and_none_is_none(face: Face) -> None:
    motion = draw_motion(np.random.default_rng(0), most=0.0)
    np.testing.assert_array_equal(motion.of(face.pixels), face.pixels)


def test_one_draw_forges_every_frame_alike(face: Face) -> None:
    drawn, repaint = draw_self_blend(np.random.default_rng(9)), draw_repaint(np.random.default_rng(9))
    for one in (drawn.self_layer.of, repaint.layer):
        first, again = one(face.pixels, face.points), one(face.pixels, face.points)
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])


def test_a_repaint_by_a_given_factor_and_in_a_given_region(face: Face) -> None:
    drawn = draw_repaint(np.random.default_rng(0), ("lower",), 0.2)
    assert drawn.shape.region == "lower"
    assert drawn.resampling.factor == 0.2
