"""How pictures are shown to a network."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.face.crops import SIDE
from training.bank import BANK_SIDE, SHARE_SIDE
from training.views import PLACES, View, draw_view

SEEDS = st.integers(0, 2**32 - 1)
IDENTITY = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)


def straight(**changes: object) -> View:
    """The middle of a picture as it is."""
    edge = (BANK_SIDE - SIDE) / 2
    place = np.array([[1, 0, edge], [0, 1, edge]])
    return View(**{"place": place, "tones": IDENTITY, "grey": False, "jpeg": None, **changes})  # type: ignore[arg-type]


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (BANK_SIDE, BANK_SIDE, 3), dtype=np.uint8)


def test_the_plain_view_is_the_middle_of_the_picture(picture: np.ndarray) -> None:
    edge = (BANK_SIDE - SIDE) // 2
    np.testing.assert_array_equal(straight().of(picture), picture[edge:-edge, edge:-edge])


def test_grey_has_no_colour_and_jpeg_loses_a_little(picture: np.ndarray) -> None:
    grey = straight(grey=True).of(picture)
    assert np.ptp(grey, axis=2).max() == 0
    smooth = np.asarray(cv2.GaussianBlur(picture, (0, 0), 6), dtype=np.uint8)
    lossy, plain = straight(jpeg=50).of(smooth).astype(int), straight().of(smooth).astype(int)
    assert 0 < np.abs(lossy - plain).mean() < 4


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_what_is_forged_is_seen_where_the_forged_pixels_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, top = rng.integers(60, 120, 2)
    picture = np.zeros((BANK_SIDE, BANK_SIDE, 3), np.uint8)
    picture[top : top + 60, left : left + 60] = 255
    share = cv2.resize(picture[..., 0], (SHARE_SIDE, SHARE_SIDE), interpolation=cv2.INTER_AREA)
    view = draw_view(rng)
    seen = View(view.place, IDENTITY, grey=False, jpeg=None).of(picture)[..., 0]
    wanted = cv2.resize(seen, (PLACES, PLACES), interpolation=cv2.INTER_AREA) / 255
    places = view.places(np.asarray(share))
    assert places.shape == (PLACES, PLACES)
    assert np.abs(places - wanted).mean() < 0.03


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_view_shows_two_pictures_alike(seed: int) -> None:
    rng = np.random.default_rng(seed)
    view = draw_view(rng)
    picture = rng.integers(0, 256, (BANK_SIDE, BANK_SIDE, 3), dtype=np.uint8)
    seen = view.of(picture)
    np.testing.assert_array_equal(seen, view.of(picture.copy()))
    assert seen.shape == (SIDE, SIDE, 3)
    assert seen.dtype == np.uint8


def test_views_differ() -> None:
    rng = np.random.default_rng(0)
    views = [draw_view(rng) for _ in range(200)]
    assert 5 < sum(view.grey for view in views) < 40
    assert 30 < sum(view.jpeg is not None for view in views) < 90
    assert len({view.place.tobytes() for view in views}) == 200
    assert {bool(np.linalg.det(view.place[:, :2]) < 0) for view in views} == {True, False}
