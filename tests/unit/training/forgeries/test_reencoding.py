"""The journey of a picture."""

import numpy as np
import pytest

from tests.unit.training.forgeries.conftest import Face
from training.forgeries.appearance import Pixels
from training.forgeries.reencoding import Journey, draw_journey, encoded, travelled


def error(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_a_journey_of_nothing_changes_nothing(face: Face) -> None:
    (arrived,) = travelled([face.pixels], Journey(), np.random.default_rng(0))
    np.testing.assert_array_equal(arrived, face.pixels)


def test_stronger_compression_loses_more(face: Face) -> None:
    losses = [error(encoded([face.pixels], crf)[0], face.pixels) for crf in (18, 30, 40)]
    assert losses == sorted(losses)
    assert losses[2] > 2 * losses[0] > 0


def test_pictures_arrive_in_order_and_all_of_them(face: Face) -> None:
    sent = [face.pixels, 255 - face.pixels, np.ascontiguousarray(face.pixels[::-1])]
    arrived = encoded(sent, 20)
    assert len(arrived) == 3
    for one in range(3):
        assert np.argmin([error(arrived[one], other) for other in sent]) == one


@pytest.mark.parametrize("shape", [(101, 97), (100, 97), (101, 98), (64, 64)])
def test_odd_sizes_arrive_as_they_were_sent(face: Face, shape: tuple[int, int]) -> None:
    picture = np.ascontiguousarray(face.pixels[60 : 60 + shape[0], 60 : 60 + shape[1]])
    (arrived,) = encoded([picture], 20)
    assert arrived.shape == picture.shape
    assert error(arrived, picture) < 6


@pytest.mark.parametrize(
    "journey",
    [
        Journey(scale=0.5),
        Journey(blur=1.2),
        Journey(noise=5.0),
        Journey(sharpen=0.8),
        Journey(brightness=20.0),
        Journey(contrast=0.8),
        Journey(crf=35),
    ],
)
def test_every_hardship_shows(face: Face, journey: Journey) -> None:
    (arrived,) = travelled([face.pixels], journey, np.random.default_rng(0))
    assert arrived.shape == face.pixels.shape
    assert arrived.dtype == np.uint8
    assert 0.3 < error(arrived, face.pixels) < 40


def test_the_same_seed_gives_the_same_journey_and_the_same_arrival(face: Face) -> None:
    def sent() -> tuple[Journey, Pixels]:
        rng = np.random.default_rng(5)
        journey = draw_journey(rng)
        return journey, travelled([face.pixels], journey, rng)[0]

    first, again = sent(), sent()
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])


def test_drawn_journeys_stay_within_what_is_ordinary() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_journey(rng) for _ in range(300)]
    compressed = [journey.crf for journey in drawn if journey.crf is not None]
    assert 18 <= min(compressed) < 22
    assert 40 < max(compressed) <= 43
    assert 0.3 < len(compressed) / len(drawn) < 0.95
    assert all(0.3 < journey.scale <= 1 and 0.7 < journey.contrast < 1.3 for journey in drawn)
