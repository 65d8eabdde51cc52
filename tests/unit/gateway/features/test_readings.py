"""From what networks read in single moments to numbers of a video."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.features.readings import mean_log_odds, voice_readings
from tests.unit.gateway.synthetic_signals import sound_clip

SCORES = st.lists(st.floats(allow_nan=False), min_size=1, max_size=40).map(np.array)


def test_the_mean_of_the_scores() -> None:
    assert mean_log_odds(np.array([-2.0, 0.0, 1.0, 5.0])) == pytest.approx(1.0)


def test_one_moment_cannot_outweigh_all_others() -> None:
    assert mean_log_odds(np.array([-8.0] * 9 + [1e6])) == pytest.approx(-6.4)


@given(SCORES)
def test_any_scores_stay_within_the_limits(scores: np.ndarray) -> None:
    assert -8 <= mean_log_odds(scores) <= 8


@given(SCORES)
def test_the_order_of_moments_does_not_matter(scores: np.ndarray) -> None:
    shuffled = np.random.default_rng(0).permutation(scores)
    assert mean_log_odds(shuffled) == pytest.approx(mean_log_odds(scores))


def test_stretches_of_voice_ascend_whatever_the_order_of_windows() -> None:
    windows = sound_clip(8.0, voice=lambda time: np.nan if time == 5 else time)
    assert [reading.start_s for reading in voice_readings(windows[::-1])] == [0, 1, 2, 3, 4, 6, 7]
