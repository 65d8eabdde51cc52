"""Where a forgery is put."""

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.training.forgeries.conftest import SIDE, Face
from training.forgeries.masks import REGIONS, Mask, draw_mask_shape

seeds = st.integers(0, 2**32 - 1)


def soft_mask(face: Face, seed: int, region: str = "face") -> Mask:
    return draw_mask_shape(np.random.default_rng(seed), region).of(face.points, SIDE)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds, region=st.sampled_from(sorted(REGIONS)))
def test_a_mask_covers_some_of_the_face_and_nothing_far_from_it(face: Face, seed: int, region: str) -> None:
    mask = soft_mask(face, seed, region)
    assert mask.shape == (SIDE, SIDE)
    assert mask.dtype == np.float32
    assert mask.min() >= 0
    assert 0.5 < mask.max() <= 1.0001
    assert 0.02 < mask.mean() < 0.6
    assert mask[[0, 0, -1, -1], [0, -1, 0, -1]].max() < 0.01


def test_the_same_seed_gives_the_same_mask_and_another_seed_another(face: Face) -> None:
    first, again, other = (soft_mask(face, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.2


def test_the_edge_is_soft(face: Face) -> None:
    mask = soft_mask(face, 3)
    assert np.abs(np.diff(mask, axis=1)).max() < 0.4
    assert np.mean((mask > 0.05) & (mask < 0.95)) > 0.02


def test_the_lower_face_is_below_the_eyes_and_the_inner_face_within_the_whole(face: Face) -> None:
    masks = {region: np.mean([soft_mask(face, seed, region) for seed in range(20)], axis=0) for region in REGIONS}
    eyes = round(float(face.points[[33, 263], 1].mean()))
    assert masks["lower"][:eyes].mean() < 0.02
    assert masks["lower"][eyes:].mean() > 0.1
    assert masks["inner"].sum() < masks["face"].sum()
    assert np.all(masks["inner"] <= masks["face"] + 0.25)


def test_one_shape_looks_alike_at_any_size(face: Face) -> None:
    shape = draw_mask_shape(np.random.default_rng(4))
    small, large = shape.of(face.points, SIDE), shape.of(face.points * 2, SIDE * 2)
    assert np.abs(cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA) - small).mean() < 0.01


def test_one_shape_follows_the_face(face: Face) -> None:
    shape = draw_mask_shape(np.random.default_rng(5), "inner")
    here, there = shape.of(face.points, SIDE), shape.of(face.points + np.array([6, -4], np.float32), SIDE)
    moved = np.roll(here, (-4, 6), (0, 1))
    assert np.abs(moved - there).mean() < 0.02
    assert np.abs(moved - there).mean() < np.abs(here - there).mean()


def test_an_unknown_region_is_refused(face: Face) -> None:
    with pytest.raises(KeyError):
        soft_mask(face, 0, "ears")
