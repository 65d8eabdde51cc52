"""Cutting a face out of a picture, putting it back, and the landmarks to build with."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.networks.crops import face_side
from services.face.pixels.pictures import Picture
from training.forgeries.faces import Faces, building_points, faces_of, wander
from training.forgeries.footage import Footage, upright_rgb

FRAMES = 40
HIDDEN = slice(20, 23)


@pytest.fixture(scope="module")
def footage(picture: Picture, seen: NDArray[np.float64]) -> Footage:
    """The photograph, with landmarks that tremble, and nothing seen for three pictures."""
    points = seen + np.random.default_rng(0).normal(0, 0.5, (FRAMES, 468, 2))
    points[HIDDEN] = np.nan
    return Footage((picture,) * FRAMES, np.arange(FRAMES) / 25, 25.0, points, None)


@pytest.fixture(scope="module")
def faces(footage: Footage) -> Faces:
    return faces_of(footage, np.random.default_rng(1))


def test_the_landmarks_to_build_with_are_not_those_that_measure(footage: Footage) -> None:
    built = building_points(footage, np.random.default_rng(1))
    distance = np.linalg.norm(built - footage.points, axis=2)[np.isfinite(built[:, 0, 0])]
    assert 0.004 < np.median(distance) / footage.face_px < 0.02
    assert np.quantile(distance, 0.99) < 0.05 * footage.face_px


def test_they_are_smoother_and_missing_where_nothing_was_seen(footage: Footage) -> None:
    built = building_points(footage, np.random.default_rng(1))
    np.testing.assert_array_equal(np.isnan(built), np.isnan(footage.points))
    tremble = [np.nanmedian(np.abs(np.diff(points, n=2, axis=0))) for points in (built, footage.points)]
    assert tremble[0] < 0.5 * tremble[1]


def test_a_cut_is_not_smeared_over(footage: Footage) -> None:
    moved = footage.points.copy()
    moved[30:] += 200
    still = building_points(footage, np.random.default_rng(1))
    built = building_points(Footage(footage.pictures, footage.times_s, 25.0, moved, None), np.random.default_rng(1))
    assert np.abs(built[23:30] - still[23:30]).max() < 3
    assert np.abs(built[30:] - still[30:] - 200).max() < 3


def test_no_layer_changes_nothing(faces: Faces) -> None:
    whole = upright_rgb(faces.footage.pictures[0])
    pixels, _ = faces.cut(0, whole)
    nothing = (np.zeros_like(pixels), np.zeros(pixels.shape[:2], np.float32))
    np.testing.assert_array_equal(faces.put_back(nothing, 0, whole), whole)


def test_a_face_put_back_as_it_is_can_hardly_be_seen(faces: Faces) -> None:
    whole = upright_rgb(faces.footage.pictures[0])
    pixels, _ = faces.cut(0, whole)
    back = faces.put_back((pixels, np.ones(pixels.shape[:2], np.float32)), 0, whole)
    difference = np.abs(back.astype(int) - whole)
    assert np.quantile(difference, 0.99) <= 6
    assert difference.mean() < 0.6


def test_what_is_put_in_lies_in_the_face_and_ends_softly_before_the_edge_of_the_cut(faces: Faces) -> None:
    whole = upright_rgb(faces.footage.pictures[0])
    pixels, _ = faces.cut(0, whole)
    back = faces.put_back((np.full_like(pixels, 255), np.ones(pixels.shape[:2], np.float32)), 0, whole)
    rows, columns = np.nonzero(back[..., 0] != whole[..., 0])
    middle = np.nanmean(faces.points[0], axis=0)
    reach = faces.footage.face_px
    assert max(np.abs(columns - middle[0]).max(), np.abs(rows - middle[1]).max()) < 1.3 * reach
    assert np.all(back[round(middle[1]), round(middle[0])] == 255)


def test_the_landmarks_of_a_cut_lie_where_the_face_is(faces: Faces) -> None:
    _, points = faces.cut(0)
    side = face_side(points.astype(np.float64))
    assert 0.5 < side / faces.side < 0.75
    assert np.all(np.abs(points.mean(axis=0) / faces.side - 0.5) < 0.1)


def test_wandering_noise_has_unit_variance_and_forgets_slowly() -> None:
    walk = wander(20_000, (2,), 10.0, np.random.default_rng(0))
    np.testing.assert_allclose(walk.std(axis=0), 1, atol=0.1)
    after_ten = float(np.mean(walk[:-10] * walk[10:]))
    assert after_ten == pytest.approx(np.exp(-1), abs=0.08)
