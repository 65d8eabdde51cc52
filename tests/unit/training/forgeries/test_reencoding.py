"""The augmentation of a picture."""

import numpy as np
import pytest

from tests.unit.training.forgeries.conftest import Face
from training.forgeries.appearance import Pixels
from training.forgeries.reencoding import Augmentation, augmented, draw_augmentation, encoded


@pytest.fixture
def portrait(face: Face) -> Pixels:
    """A face."""
    return face.pixels


def error(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_an_empty_augmentation_changes_nothing(portrait: Pixels) -> None:
    (arrived,) = augmented([portrait], Augmentation(), np.random.default_rng(0))
    np.testing.assert_array_equal(arrived, portrait)


def test_stronger_compression_loses_more(portrait: Pixels) -> None:
    losses = [error(encoded(portrait, crf), portrait) for crf in (18, 30, 40)]
    assert losses == sorted(losses)
    assert losses[2] > 2 * losses[0] > 0


def test_pictures_stay_in_order(portrait: Pixels) -> None:
    sent = [portrait, 255 - portrait]
    arrived = augmented(sent, Augmentation(crf=20), np.random.default_rng(0))
    assert [np.argmin([error(one, other) for other in sent]) for one in arrived] == [0, 1]


@pytest.mark.parametrize("shape", [(101, 97), (100, 97), (101, 98), (64, 64)])
def test_odd_sizes_stay_as_they_were(portrait: Pixels, shape: tuple[int, int]) -> None:
    part = np.ascontiguousarray(portrait[60 : 60 + shape[0], 60 : 60 + shape[1]])
    arrived = encoded(part, 20)
    assert arrived.shape == part.shape
    assert error(arrived, part) < 6


def test_no_picture_has_the_grain_of_another(portrait: Pixels) -> None:
    arrived = augmented([portrait, portrait], Augmentation(noise=4.0), np.random.default_rng(0))
    first, second = (one.astype(float) - portrait for one in arrived)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05


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
def test_every_augmentation_shows(portrait: Pixels, augmentation: Augmentation) -> None:
    (arrived,) = augmented([portrait], augmentation, np.random.default_rng(0))
    assert arrived.shape == portrait.shape
    assert arrived.dtype == np.uint8
    assert 0.3 < error(arrived, portrait) < 40


def test_the_same_seed_gives_the_same_augmentation_and_result(portrait: Pixels) -> None:
    def sent() -> tuple[Augmentation, Pixels]:
        rng = np.random.default_rng(5)
        augmentation = draw_augmentation(rng)
        return augmentation, augmented([portrait], augmentation, rng)[0]

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
