"""Which stretches of a window are scored, and when they are."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.audio.signals import HOP_SAMPLES, SAMPLE_RATE_HZ, Mask, Samples, frame_count
from services.audio.voice.stretches import Reading, readings, stretches


def sound(seconds: float) -> Samples:
    """Each sample tells where it is."""
    return np.arange(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def first_and_length(samples: Samples) -> float:
    """A score that tells what it is about."""
    return float(samples[0]) / SAMPLE_RATE_HZ + samples.size / SAMPLE_RATE_HZ / 1000


def scored(
    seconds: float, start_s: float = 0.0, *, gap: slice = slice(0), voiced: NDArray[np.bool_] | None = None
) -> list[Reading]:
    samples = sound(seconds)
    present: Mask = np.ones(samples.size, np.bool_)
    present[gap] = False
    if voiced is None:
        voiced = np.ones(frame_count(samples.size), np.bool_)
    return readings(samples, present, voiced, start_s, first_and_length)


def times(found: list[Reading]) -> list[tuple[float, float]]:
    return [(one.start_s, one.end_s) for one in found]


def test_two_seconds_long_and_one_second_apart() -> None:
    found = scored(4.5)
    assert times(found) == [(0, 2), (1, 3), (2, 4)]
    assert [one.log_odds for one in found] == pytest.approx([0.002, 1.002, 2.002])


def test_times_are_those_of_the_video() -> None:
    found = scored(3, start_s=100.25)
    assert times(found) == [(100.25, 102.25), (101.25, 103.25)]
    assert [one.log_odds for one in found] == pytest.approx([0.002, 1.002]), "the samples are the window's own"


@pytest.mark.parametrize(("seconds", "wanted"), [(0.99, []), (1.0, [(0, 1.0)]), (1.5, [(0, 1.5)]), (2.0, [(0, 2.0)])])
def test_a_short_window_is_one_stretch_if_it_is_long_enough(seconds: float, wanted: list[tuple[float, float]]) -> None:
    assert times(scored(seconds)) == wanted


def test_what_a_gap_touches_is_not_scored() -> None:
    at = round(2.5 * SAMPLE_RATE_HZ)
    assert times(scored(6, gap=slice(at, at + 1))) == [(0, 2), (3, 5), (4, 6)]


def test_without_enough_voice_nothing_is_scored() -> None:
    voiced = np.zeros(frame_count(6 * SAMPLE_RATE_HZ), np.bool_)
    assert scored(6, voiced=voiced) == []
    per_second = SAMPLE_RATE_HZ // HOP_SAMPLES
    voiced[3 * per_second : 3 * per_second + round(0.79 * per_second)] = True  # 39.5 % of the stretches around
    assert scored(6, voiced=voiced) == []
    voiced[3 * per_second : 3 * per_second + round(0.8 * per_second)] = True
    assert times(scored(6, voiced=voiced)) == [(2, 4), (3, 5)]


def test_three_seconds_of_voice_anywhere_hold_a_whole_stretch() -> None:
    for begin in np.arange(0, 3, 0.1):
        assert any(
            begin <= one / SAMPLE_RATE_HZ and end / SAMPLE_RATE_HZ <= begin + 3.0 + 1e-9
            for one, end in stretches(6 * SAMPLE_RATE_HZ)
        )
