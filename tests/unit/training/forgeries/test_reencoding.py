"""The augmentation of a snippet."""

import cv2
import numpy as np
import pytest

from tests.unit.training.forgeries.conftest import Face
from training.forgeries.reencoding import Augmentation, Snippet, augmented, draw_augmentation, encoded


@pytest.fixture
def snippet(face: Face) -> Snippet:
    """A face that moves to the right by a pixel a frame."""
    lightness = cv2.cvtColor(face.pixels, cv2.COLOR_RGB2GRAY)
    return np.stack([np.roll(lightness, shift, axis=1) for shift in range(4)], axis=2)


def error(one: Snippet, other: Snippet) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_an_empty_augmentation_changes_nothing(snippet: Snippet) -> None:
    (arrived,) = augmented([snippet], Augmentation(), np.random.default_rng(0))
    np.testing.assert_array_equal(arrived, snippet)


def test_stronger_compression_loses_more(snippet: Snippet) -> None:
    losses = [error(encoded(snippet, crf), snippet) for crf in (18, 30, 40)]
    assert losses == sorted(losses)
    assert losses[2] > 2 * losses[0] > 0


def test_frames_arrive_in_order_and_all_of_them(snippet: Snippet) -> None:
    arrived = encoded(snippet, 20)
    assert arrived.shape == snippet.shape
    for frame in range(4):
        errors = [error(arrived[..., frame], snippet[..., other]) for other in range(4)]
        assert np.argmin(errors) == frame


def test_snippets_stay_in_order(snippet: Snippet) -> None:
    sent = [snippet, 255 - snippet]
    arrived = augmented(sent, Augmentation(crf=20), np.random.default_rng(0))
    assert [np.argmin([error(one, other) for other in sent]) for one in arrived] == [0, 1]


@pytest.mark.parametrize("shape", [(101, 97), (100, 97), (101, 98), (64, 64)])
def test_odd_sizes_stay_as_they_were(snippet: Snippet, shape: tuple[int, int]) -> None:
    part = np.ascontiguousarray(snippet[60 : 60 + shape[0], 60 : 60 + shape[1]])
    arrived = encoded(part, 20)
    assert arrived.shape == part.shape
    assert error(arrived, part) < 6


def test_no_frame_has_the_grain_of_the_one_before(snippet: Snippet) -> None:
    still = np.repeat(snippet[..., :1], 4, axis=2)
    (arrived,) = augmented([still], Augmentation(noise=4.0), np.random.default_rng(0))
    grain = arrived.astype(float) - still
    first, second = grain[..., 0].ravel(), grain[..., 1].ravel()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(scale=0.5),
        Augmentation(blur=1.2),
        Augmentation(noise=5.0),
        Augmentation(sharpen=0.8),
        Augmentation(brightness=20.0),
        Augmentation(contrast=0.8),
        Augmentation(crf=35),
    ],
)
def test_every_augmentation_shows(snippet: Snippet, augmentation: Augmentation) -> None:
    (arrived,) = augmented([snippet], augmentation, np.random.default_rng(0))
    assert arrived.shape == snippet.shape
    assert arrived.dtype == np.uint8
    assert 0.3 < error(arrived, snippet) < 40


def test_the_same_seed_gives_the_same_augmentation_and_result(snippet: Snippet) -> None:
    def sent() -> tuple[Augmentation, Snippet]:
        rng = np.random.default_rng(5)
        augmentation = draw_augmentation(rng)
        return augmentation, augmented([snippet], augmentation, rng)[0]

    first = sent()
    # As often as it takes to see an encoder that gives the same bytes nearly always.
    for _ in range(100):
        again = sent()
        assert first[0] == again[0]
        np.testing.assert_array_equal(first[1], again[1])


def test_drawn_augmentations_stay_within_what_is_ordinary() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_augmentation(rng) for _ in range(300)]
    compressed = [augmentation.crf for augmentation in drawn if augmentation.crf is not None]
    assert 18 <= min(compressed) < 22
    assert 40 < max(compressed) <= 43
    assert 0.4 < len(compressed) / len(drawn) < 0.9
    assert 0.05 < sum(crf > 30 for crf in compressed) / len(drawn) < 0.35
    assert all(0.3 < augmentation.scale <= 1 and 0.7 < augmentation.contrast < 1.3 for augmentation in drawn)
