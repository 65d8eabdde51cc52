"""One picture of a face in, a forged one out."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.training.forgeries.conftest import SIDE, Face
from training.forgeries.appearance import Pixels
from training.forgeries.blending import (
    Forged,
    blended,
    draw_motion,
    draw_repaint,
    draw_self_blend,
    repainted,
    self_blended,
    swapped,
    warped_to,
)


def stranger(face: Face) -> Face:
    """The same face, mirrored, in other colours."""
    points = face.points.copy()
    points[:, 0] = SIDE - points[:, 0]
    return Face(np.ascontiguousarray(255 - face.pixels[:, ::-1]), points)


def swapped_with_stranger(pixels: Pixels, points: np.ndarray, rng: np.random.Generator) -> Forged:
    other = stranger(Face(pixels, points))
    return swapped(pixels, points, other.pixels, other.points, rng)


Forge = Callable[..., Forged]
every_forgery = pytest.mark.parametrize("forge", [self_blended, repainted, swapped_with_stranger])


def inside_of(face: Face, grown: int) -> np.ndarray:
    """Whether each pixel is in the convex hull of the landmarks, made larger by so many pixels."""
    hull = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(face.points).astype(np.int32)), 1)
    kernel = np.ones((2 * abs(grown) + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(hull, kernel) if grown > 0 else cv2.erode(hull, kernel)) > 0


@every_forgery
def test_the_same_seed_gives_the_same_forgery_and_leaves_the_picture_alone(face: Face, forge: Forge) -> None:
    kept = face.pixels.copy()
    first, again, other = (forge(face.pixels, face.points, np.random.default_rng(seed)).pixels for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    np.testing.assert_array_equal(face.pixels, kept)
    assert first.shape == face.pixels.shape
    assert first.dtype == np.uint8


@every_forgery
def test_a_forgery_shows_in_the_face(face: Face, forge: Forge) -> None:
    within = inside_of(face, -10)
    for seed in range(6):
        forged = forge(face.pixels, face.points, np.random.default_rng(seed)).pixels
        difference = np.abs(forged.astype(int) - face.pixels)
        assert difference[within].mean() > 0.3


@pytest.mark.parametrize("forge", [repainted, swapped_with_stranger])
def test_what_is_far_from_the_face_stays(face: Face, forge: Forge) -> None:
    far = ~inside_of(face, 40)
    for seed in range(6):
        forged = forge(face.pixels, face.points, np.random.default_rng(seed)).pixels
        assert np.abs(forged.astype(int) - face.pixels)[far].max() <= 1


@every_forgery
def test_a_forgery_says_where_it_is(face: Face, forge: Forge) -> None:
    far = ~inside_of(face, 40)
    for seed in range(6):
        forged = forge(face.pixels, face.points, np.random.default_rng(seed))
        assert forged.share.min() >= 0
        assert 0.25 < forged.share.max() < 1.001
        assert forged.share[far].max() < 0.01
        assert forged.share[inside_of(face, 0)].mean() > 0.1


@pytest.mark.parametrize("forge", [repainted, swapped_with_stranger])
def test_where_nothing_was_put_in_the_picture_is_what_it_was(face: Face, forge: Forge) -> None:
    for seed in range(6):
        forged = forge(face.pixels, face.points, np.random.default_rng(seed))
        np.testing.assert_array_equal(forged.pixels[forged.share == 0], face.pixels[forged.share == 0])


def test_self_blending_changes_now_the_face_and_now_what_is_around_it(face: Face) -> None:
    far = ~inside_of(face, 40)
    forged = [self_blended(face.pixels, face.points, np.random.default_rng(seed)).pixels for seed in range(20)]
    around = [np.abs(one.astype(int) - face.pixels)[far].mean() for one in forged]
    assert any(difference < 0.1 for difference in around)
    assert any(difference > 1 for difference in around)


@pytest.mark.parametrize("forge", [self_blended, repainted])
@pytest.mark.parametrize("side", [161, 96])
def test_pictures_of_other_sizes_are_forged_as_well(face: Face, forge: Forge, side: int) -> None:
    small = cv2.resize(face.pixels, (side, side), interpolation=cv2.INTER_AREA)
    forged = forge(small, face.points * side / SIDE, np.random.default_rng(1))
    assert forged.pixels.shape == (side, side, 3)
    assert forged.share.shape == (side, side)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 30), width=st.integers(1, 30))
def test_a_blend_is_one_picture_where_the_mask_is_0_and_the_other_where_it_is_1(
    seed: int, height: int, width: int
) -> None:
    rng = np.random.default_rng(seed)
    put_in, there = (rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(2))
    mask = rng.choice(np.array([0, 0.5, 1], np.float32), (height, width))
    done = blended(put_in, there, mask)
    np.testing.assert_array_equal(done[mask == 0], there[mask == 0])
    np.testing.assert_array_equal(done[mask == 1], put_in[mask == 1])
    low, high = np.minimum(put_in, there), np.maximum(put_in, there)
    assert np.all((done >= low) & (done <= high))


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
    other = stranger(face)
    distances = []
    for seed in range(12):
        done = swapped(face.pixels, face.points, other.pixels, other.points, np.random.default_rng(seed)).pixels
        means = [one[within].mean(axis=0) for one in (done, face.pixels)]
        distances.append(float(np.abs(means[0] - means[1]).mean()))
    # Most swaps are in the target's colours; the donor as it is would be far off.
    raw = np.abs(other.pixels[within].mean(axis=0) - face.pixels[within].mean(axis=0)).mean()
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
    assert drawn.detour.factor == 0.2
