"""The journey of a moment."""

import cv2
import numpy as np
import pytest

from tests.unit.training.forgeries.conftest import Face
from training.forgeries.reencoding import Journey, Moment, draw_journey, encoded, travelled


@pytest.fixture
def moment(face: Face) -> Moment:
    """A face that moves to the right by a pixel a frame."""
    lightness = cv2.cvtColor(face.pixels, cv2.COLOR_RGB2GRAY)
    return np.stack([np.roll(lightness, shift, axis=1) for shift in range(4)], axis=2)


def error(one: Moment, other: Moment) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_a_journey_of_nothing_changes_nothing(moment: Moment) -> None:
    (arrived,) = travelled([moment], Journey(), np.random.default_rng(0))
    np.testing.assert_array_equal(arrived, moment)


def test_stronger_compression_loses_more(moment: Moment) -> None:
    losses = [error(encoded(moment, crf), moment) for crf in (18, 30, 40)]
    assert losses == sorted(losses)
    assert losses[2] > 2 * losses[0] > 0


def test_frames_arrive_in_order_and_all_of_them(moment: Moment) -> None:
    arrived = encoded(moment, 20)
    assert arrived.shape == moment.shape
    for frame in range(4):
        errors = [error(arrived[..., frame], moment[..., other]) for other in range(4)]
        assert np.argmin(errors) == frame


def test_moments_arrive_in_order(moment: Moment) -> None:
    sent = [moment, 255 - moment]
    arrived = travelled(sent, Journey(crf=20), np.random.default_rng(0))
    assert [np.argmin([error(one, other) for other in sent]) for one in arrived] == [0, 1]


@pytest.mark.parametrize("shape", [(101, 97), (100, 97), (101, 98), (64, 64)])
def test_odd_sizes_arrive_as_they_were_sent(moment: Moment, shape: tuple[int, int]) -> None:
    part = np.ascontiguousarray(moment[60 : 60 + shape[0], 60 : 60 + shape[1]])
    arrived = encoded(part, 20)
    assert arrived.shape == part.shape
    assert error(arrived, part) < 6


def test_no_frame_has_the_grain_of_the_one_before(moment: Moment) -> None:
    still = np.repeat(moment[..., :1], 4, axis=2)
    (arrived,) = travelled([still], Journey(noise=4.0), np.random.default_rng(0))
    grain = arrived.astype(float) - still
    first, second = grain[..., 0].ravel(), grain[..., 1].ravel()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


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
def test_every_hardship_shows(moment: Moment, journey: Journey) -> None:
    (arrived,) = travelled([moment], journey, np.random.default_rng(0))
    assert arrived.shape == moment.shape
    assert arrived.dtype == np.uint8
    assert 0.3 < error(arrived, moment) < 40


def test_the_same_seed_gives_the_same_journey_and_the_same_arrival(moment: Moment) -> None:
    def sent() -> tuple[Journey, Moment]:
        rng = np.random.default_rng(5)
        journey = draw_journey(rng)
        return journey, travelled([moment], journey, rng)[0]

    first = sent()
    # As often as it takes to see an encoder that gives the same bytes nearly always.
    for _ in range(100):
        again = sent()
        assert first[0] == again[0]
        np.testing.assert_array_equal(first[1], again[1])


def test_drawn_journeys_stay_within_what_is_ordinary() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_journey(rng) for _ in range(300)]
    compressed = [journey.crf for journey in drawn if journey.crf is not None]
    assert 18 <= min(compressed) < 22
    assert 40 < max(compressed) <= 43
    assert 0.4 < len(compressed) / len(drawn) < 0.9
    assert 0.05 < sum(crf > 30 for crf in compressed) / len(drawn) < 0.35
    assert all(0.3 < journey.scale <= 1 and 0.7 < journey.contrast < 1.3 for journey in drawn)
