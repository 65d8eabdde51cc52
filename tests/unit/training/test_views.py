"""How moments are shown to a network."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.face.crops import FRAMES, SIDE
from training.bank import BANK_SIDE, SHARE_SIDE
from training.views import PLACES, View, draw_view

SEEDS = st.integers(0, 2**32 - 1)
IDENTITY = np.arange(256, dtype=np.uint8)


@pytest.fixture
def moment() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (BANK_SIDE, BANK_SIDE, FRAMES), dtype=np.uint8)


def test_the_plain_view_is_the_middle_of_the_moment(moment: np.ndarray) -> None:
    edge = (BANK_SIDE - SIDE) // 2
    view = View(np.array([[1.0, 0, edge], [0, 1, edge]]), IDENTITY)
    np.testing.assert_array_equal(view.of(moment), moment[edge:-edge, edge:-edge])


def test_all_frames_are_seen_in_one_light(moment: np.ndarray) -> None:
    still = np.repeat(moment[..., :1], FRAMES, axis=2)
    for seed in range(5):
        seen = draw_view(np.random.default_rng(seed)).of(still)
        assert np.ptp(seen, axis=2).max() == 0


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_what_is_forged_is_seen_where_the_forged_pixels_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, top = rng.integers(60, 120, 2)
    moment = np.zeros((BANK_SIDE, BANK_SIDE, FRAMES), np.uint8)
    moment[top : top + 60, left : left + 60] = 255
    share = cv2.resize(moment[..., 0], (SHARE_SIDE, SHARE_SIDE), interpolation=cv2.INTER_AREA)
    view = draw_view(rng)
    seen = View(view.place, IDENTITY).of(moment)[..., 0]
    wanted = cv2.resize(seen, (PLACES, PLACES), interpolation=cv2.INTER_AREA) / 255
    places = view.places(np.asarray(share))
    assert places.shape == (PLACES, PLACES)
    assert np.abs(places - wanted).mean() < 0.03


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_view_shows_two_moments_alike(seed: int) -> None:
    rng = np.random.default_rng(seed)
    view = draw_view(rng)
    moment = rng.integers(0, 256, (BANK_SIDE, BANK_SIDE, FRAMES), dtype=np.uint8)
    seen = view.of(moment)
    np.testing.assert_array_equal(seen, view.of(moment.copy()))
    assert seen.shape == (SIDE, SIDE, FRAMES)
    assert seen.dtype == np.uint8


def test_views_differ() -> None:
    rng = np.random.default_rng(0)
    views = [draw_view(rng) for _ in range(200)]
    assert len({view.tones.tobytes() for view in views}) > 150
    assert len({view.place.tobytes() for view in views}) == 200
    assert {bool(np.linalg.det(view.place[:, :2]) < 0) for view in views} == {True, False}
