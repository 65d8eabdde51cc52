"""A snippet of a face in, a forged one out."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.unit.training.forgeries.conftest import SIDE, Face
from training.forgeries.jittering import JitteredBlend, TemporalJitter, draw_jittered_blend, draw_prior_processing
from training.forgeries.reencoding import Snippet


@pytest.fixture
def still(face: Face) -> Snippet:
    """Four frames in which nothing moves."""
    return np.repeat(cv2.cvtColor(face.pixels, cv2.COLOR_RGB2GRAY)[..., np.newaxis], 4, axis=2)


def drawn(wanted: bool, start: int = 0) -> JitteredBlend:
    """The first that trembles, or that does not."""
    for seed in range(start, start + 100):
        one = draw_jittered_blend(np.random.default_rng(seed))
        if (one.jitter != TemporalJitter()) == wanted:
            return one
    raise AssertionError("there is none")


def from_frame_to_frame(snippet: Snippet) -> np.ndarray:
    """Mean absolute difference of successive frames, (h, w)."""
    return np.asarray(np.abs(np.diff(snippet.astype(float), axis=2)).mean(axis=2))


def test_the_same_seed_gives_the_same_forgery_and_leaves_the_snippet_alone(face: Face, still: Snippet) -> None:
    kept = still.copy()

    def forged(seed: int) -> Snippet:
        rng = np.random.default_rng(seed)
        return draw_jittered_blend(rng).of(still, face.points, rng).pixels

    np.testing.assert_array_equal(forged(7), forged(7))
    assert np.any(forged(7) != forged(8))
    np.testing.assert_array_equal(still, kept)
    assert forged(7).shape == still.shape
    assert forged(7).dtype == np.uint8


def test_a_forgery_says_where_it_is_and_leaves_the_rest_or_the_face_alone(face: Face, still: Snippet) -> None:
    changed_inside = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        one = draw_jittered_blend(rng)
        forged = one.of(still, face.points, rng)
        assert forged.mask.shape == (SIDE, SIDE)
        assert 0 <= forged.mask.min() < 0.01
        assert 0.7 < forged.mask.max() < 1.001  # all of it, however faint what was put in
        difference = np.abs(forged.pixels.astype(int) - forged.target).mean(axis=2)
        assert difference.mean() > 0.05
        # The mask itself may tremble by a few pixels.
        untouched = cv2.dilate(forged.mask, np.ones((11, 11), np.uint8)) == 0
        assert difference[untouched].max() == 0
        changed = np.abs(forged.target.astype(int) - still).mean()
        assert changed == 0 if one.inside else changed > 0.1
        changed_inside.append(one.inside)
    assert {True, False} == set(changed_inside)


def test_prior_processing_changes_all_of_a_snippet_alike(still: Snippet) -> None:
    for seed in range(20):
        before = draw_prior_processing(np.random.default_rng(seed)).of(still)
        assert before.shape == still.shape
        assert from_frame_to_frame(before).max() == 0
        assert np.abs(before.astype(int) - still).mean() > 0.1


def test_without_jitter_nothing_moves(face: Face, still: Snippet) -> None:
    forged = drawn(False).of(still, face.points, np.random.default_rng(0))
    assert from_frame_to_frame(forged.pixels).max() == 0


@pytest.mark.parametrize(
    "jitter",
    [
        TemporalJitter(place=0.004),
        TemporalJitter(bend=0.004),
        TemporalJitter(gain=0.03),
        TemporalJitter(softness=0.25),
        TemporalJitter(edge=0.005),
    ],
)
def test_each_tremor_shows_in_the_face_and_nowhere_else(face: Face, still: Snippet, jitter: TemporalJitter) -> None:
    # What is out of place already shows at an edge that trembles.
    one = replace(drawn(True), jitter=jitter, light=20.0, resampling=None, sharpening=None, gain=1.0)
    forged = one.of(still, face.points, np.random.default_rng(0))
    moved = from_frame_to_frame(forged.pixels)
    assert moved.max() > 2
    assert moved[cv2.dilate(forged.mask, np.ones((15, 15), np.uint8)) == 0].max() == 0


def test_what_is_around_a_face_never_jitters() -> None:
    many = [draw_jittered_blend(np.random.default_rng(seed)) for seed in range(200)]
    assert all(one.inside for one in many if one.jitter != TemporalJitter())
    assert 100 < sum(one.jitter != TemporalJitter() for one in many) < 160
