"""Measures of probabilities and scores, against values worked out by hand."""

import math

import numpy as np
import pytest

from training.fitting.measures import (
    brier,
    equal_error_rate,
    expected_calibration_error,
    log_loss,
    reliability,
    true_positive_rate_at,
)

FAKE = np.array([False, False, False, False, True, True])


def test_errors_are_equal_where_the_curve_crosses() -> None:
    # From the top: a fake, two real videos, a fake, two real ones. Half of either class is wrong after the third.
    scores = np.array([0.1, 0.2, 0.4, 0.6, 0.3, 0.9])
    assert equal_error_rate(FAKE, scores) == pytest.approx(0.5)
    assert equal_error_rate(FAKE, np.array([0.1, 0.2, 0.3, 0.6, 0.5, 0.9])) == pytest.approx(0.25)
    assert equal_error_rate(FAKE, np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.9])) == 0
    assert equal_error_rate(FAKE, -FAKE.astype(float)) == 1
    assert math.isnan(equal_error_rate(FAKE[:4], scores[:4]))


def test_corners_that_lie_on_a_line_do_not_move_the_crossing() -> None:
    # From the top: two fakes, four real videos, two fakes. Half of either class is wrong in the middle of the four.
    fake = np.array([True, True, False, False, False, False, True, True])
    assert equal_error_rate(fake, np.arange(8.0)[::-1]) == pytest.approx(0.5)


def test_fakes_are_caught_above_what_so_many_real_ones_pass() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.6, 0.5, 0.9])
    assert true_positive_rate_at(FAKE, scores, 0.0) == 0.5
    assert true_positive_rate_at(FAKE, scores, 0.25) == 1.0
    assert math.isnan(true_positive_rate_at(FAKE[4:], scores[4:], 0.5))


def test_both_classes_weigh_half() -> None:
    coin = np.full(6, 0.5)
    assert log_loss(FAKE, coin) == pytest.approx(math.log(2))
    assert brier(FAKE, coin) == pytest.approx(0.25)
    # All fakes wrong, all real ones right: half is lost, though fakes are a third.
    assert brier(FAKE, np.zeros(6)) == pytest.approx(0.5)


def test_calibration_is_the_distance_of_what_is_said_from_what_is() -> None:
    fake = np.array([False, True] * 50)
    assert expected_calibration_error(fake, np.full(100, 0.5), bins=1) == pytest.approx(0)
    assert expected_calibration_error(fake, np.full(100, 0.8), bins=1) == pytest.approx(0.3)
    split = np.where(np.arange(100) < 50, 0.1, 0.9)
    curve = reliability(np.arange(100) >= 50, split, bins=2)
    assert curve == pytest.approx(np.array([[0.1, 0, 50], [0.9, 1, 50]]))
    assert expected_calibration_error(np.arange(100) >= 50, split, bins=2) == pytest.approx(0.1)
