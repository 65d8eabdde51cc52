"""Probabilities mean what they say, and the band holds its promise or gives no verdict."""

import numpy as np
import pytest

from training.fitting.calibration import AIM, Band, Calibration, calibrate, inconclusive_band


def test_the_curve_that_made_the_labels_is_found() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(scale=2.0, size=20_000)
    fake = rng.random(20_000) < 1 / (1 + np.exp(-1.7 * scores))
    found = calibrate(scores, fake)
    assert found.slope == pytest.approx(1.7, abs=0.1)
    assert found.intercept == pytest.approx(0.0, abs=0.05)


def test_the_prior_is_half_however_many_fakes_there_are() -> None:
    rng = np.random.default_rng(0)
    fake = rng.random(5000) < 0.1
    found = calibrate(rng.normal(size=5000) + 2.0 * fake, fake)
    # Of two unit normals at 0 and 2 the log-odds at equal weight are 2x - 2.
    assert (found.slope, found.intercept) == pytest.approx((2.0, -2.0), abs=0.2)


def test_scores_that_fall_with_the_label_are_worth_nothing() -> None:
    fake = np.arange(100) % 2 == 1
    assert calibrate(np.where(fake, -1.0, 1.0) + np.linspace(0, 0.1, 100), fake) == Calibration(0.0, 0.0)


def test_perfect_scores_stay_short_of_certainty() -> None:
    fake = np.arange(20) % 2 == 1
    prob_fake = calibrate(np.where(fake, 1.0, -1.0), fake).prob_fake(np.array([-1.0, 1.0]))
    # Platt's targets for ten of each: 1/12 and 11/12.
    assert prob_fake == pytest.approx([1 / 12, 11 / 12], abs=1e-3)


def test_outside_the_band_the_promise_holds_on_each_side() -> None:
    rng = np.random.default_rng(0)
    prob_fake = rng.random(4000)
    fake = rng.random(4000) < prob_fake
    band = inconclusive_band(prob_fake, fake)
    called = band.called(prob_fake)
    assert np.mean(fake[called == -1]) <= AIM + 0.01
    assert np.mean(~fake[called == 1]) <= AIM + 0.01
    # P(wrong | above t) = (1 - t)/2 is 5 % at t = 0.9.
    assert (band.real_below, band.fake_above) == pytest.approx((0.1, 0.9), abs=0.04)


def test_good_scores_need_hardly_a_band() -> None:
    prob_fake = np.concatenate([np.linspace(0, 0.4, 100), np.linspace(0.6, 1, 100)])
    fake = np.arange(200) >= 100
    band = inconclusive_band(prob_fake, fake)
    assert band == Band(0.5, 0.5)


def test_noise_gets_no_verdict() -> None:
    rng = np.random.default_rng(0)
    fake = np.arange(2000) % 2 == 1
    assert inconclusive_band(rng.random(2000), fake) == Band(0.0, 1.0)


def test_a_few_lucky_verdicts_are_no_proof() -> None:
    fake = np.arange(20) % 2 == 1
    prob_fake = np.where(fake, 0.9, 0.1)
    assert inconclusive_band(prob_fake, fake) == Band(0.0, 1.0)


def test_seeds_are_taken_together_and_count_as_no_more_videos() -> None:
    rng = np.random.default_rng(0)
    fake = np.arange(60) % 2 == 1
    scores = rng.normal(size=60) + 2.0 * fake
    one, five = calibrate(scores, fake), calibrate(np.tile(scores, (5, 1)), fake)
    assert (five.slope, five.intercept) == pytest.approx((one.slope, one.intercept), abs=1e-4)
    few = np.where(np.arange(60) < 28, scores, 0.0)
    assert sum(few[fake] > 0.5) < 15, "else there are enough verdicts"
    for prob in (one.prob_fake(scores), one.prob_fake(few)):
        assert inconclusive_band(np.tile(prob, (5, 1)), fake) == inconclusive_band(prob, fake)
    # What one of them is lucky in is not what all of them say.
    lucky = np.where(fake, 0.9, 0.1)
    assert inconclusive_band(lucky, fake).fake_above == 0.5
    noise = rng.random((4, 60))
    assert inconclusive_band(np.vstack([lucky, noise]), fake).fake_above > 0.9
