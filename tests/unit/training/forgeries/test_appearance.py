"""What becomes of a picture's colours, sharpness and noise."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.training.forgeries.conftest import SIDE, Face
from training.forgeries.appearance import (
    Change,
    Pixels,
    Resampling,
    draw_change,
    draw_colours,
    matched_colours,
    noisy,
    sharpened,
    softened,
)


def detail(pixels: Pixels) -> float:
    """Mean absolute Laplacian, grey levels."""
    return float(np.abs(cv2.Laplacian(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.CV_32F)).mean())


def picture(height: int, width: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=40, deadline=None)
@given(height=st.integers(9, 50), width=st.integers(9, 50), seed=st.integers(0, 2**32 - 1))
def test_any_change_keeps_the_size_and_is_the_same_for_the_same_draws(height: int, width: int, seed: int) -> None:
    before = picture(height, width, seed)
    kept = before.copy()
    first, again = (
        draw_change(np.random.default_rng(seed)).of(before, np.random.default_rng(seed + 1)) for _ in range(2)
    )
    assert first.shape == before.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(before, kept)


def test_no_change_changes_nothing(face: Face) -> None:
    np.testing.assert_array_equal(Change().of(face.pixels, np.random.default_rng(0)), face.pixels)


def test_drawn_changes_are_slight_but_mostly_seen(face: Face) -> None:
    def difference(seed: int) -> float:
        rng = np.random.default_rng(seed)
        changed = draw_change(rng).of(face.pixels, rng)
        return float(np.abs(changed.astype(int) - face.pixels).mean())

    differences = np.array([difference(seed) for seed in range(30)])
    assert np.all(differences < 70)
    assert np.mean(differences > 1) > 0.7


def test_other_colours_leave_the_detail(face: Face) -> None:
    changed = draw_colours(np.random.default_rng(1)).of(face.pixels)
    assert np.abs(changed.astype(int) - face.pixels).mean() > 1
    assert 0.7 < detail(changed) / detail(face.pixels) < 1.4


def test_a_detour_loses_detail_the_more_the_smaller_it_is(face: Face) -> None:
    left = [detail(Resampling(factor).of(face.pixels)) for factor in (0.25, 0.5, 0.8)]
    assert left == sorted(left)
    assert left[-1] < detail(face.pixels)
    np.testing.assert_array_equal(Resampling(1.0).of(face.pixels), face.pixels)


def test_a_detour_through_almost_nothing_keeps_the_size() -> None:
    assert softened(picture(11, 9, 0), 0.01, np.random.default_rng(0)).shape == (11, 9, 3)


def test_sharpening_adds_detail(face: Face) -> None:
    gained = [detail(sharpened(face.pixels, amount, 1.0)) for amount in (0.0, 0.5, 1.0)]
    assert gained == sorted(gained)
    np.testing.assert_array_equal(sharpened(face.pixels, 0.0, 1.0), face.pixels)


def test_noise_is_as_strong_as_asked_for_and_mostly_grey() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    noise = noisy(grey, 6.0, np.random.default_rng(0)).astype(float) - 128
    assert 5.5 < noise.std() < 7
    assert np.corrcoef(noise[..., 0].ravel(), noise[..., 2].ravel())[0, 1] > 0.8


def middle() -> NDArray[np.float32]:
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[60:180, 60:180] = 1
    return mask


def test_matched_colours_have_the_targets_mean_and_spread_under_the_mask(face: Face) -> None:
    mask = middle()
    target = np.clip(face.pixels * np.array([0.6, 0.7, 0.8]) + 30, 0, 255).astype(np.uint8)
    target = np.ascontiguousarray(target[::-1])
    matched = matched_colours(face.pixels, target, mask)
    inside = mask > 0.5
    lab, wanted, before = (
        cv2.cvtColor(one, cv2.COLOR_RGB2LAB)[inside].astype(float) for one in (matched, target, face.pixels)
    )
    np.testing.assert_allclose(lab.mean(axis=0), wanted.mean(axis=0), atol=3)
    np.testing.assert_allclose(lab.std(axis=0), wanted.std(axis=0), rtol=0.15)
    assert np.abs(before.mean(axis=0) - wanted.mean(axis=0)).max() > 6


def test_too_small_a_mask_matches_nothing(face: Face) -> None:
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[0, :99] = 1
    np.testing.assert_array_equal(matched_colours(face.pixels, 255 - face.pixels, mask), face.pixels)
