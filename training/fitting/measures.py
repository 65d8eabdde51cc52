"""Measures of probabilities and scores, as plain functions of arrays. Each class weighs half throughout."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from training.fitting.model import class_weights

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BINS = 10


def equal_error_rate(fake: Bools, scores: Floats) -> float:
    """The error rate at which false positives and false negatives are equally frequent; NaN without both classes."""
    if not 0 < fake.sum() < len(fake):
        return float("nan")
    false_alarms, caught, _ = roc_curve(fake, scores, drop_intermediate=False)
    # Both rise, so their sum passes 1 once; between two thresholds the curve is a line.
    return float(np.interp(1.0, false_alarms + caught, false_alarms))


def true_positive_rate_at(fake: Bools, scores: Floats, false_alarms: float) -> float:
    """Share of fakes above the threshold that at most a share `false_alarms` of the real videos exceeds."""
    if not 0 < fake.sum() < len(fake):
        return float("nan")
    alarms, caught, _ = roc_curve(fake, scores, drop_intermediate=False)
    return float(caught[alarms <= false_alarms].max(initial=0.0))


def log_loss(fake: Bools, prob_fake: Floats) -> float:
    """Mean negative log-likelihood, natural; a coin has 0.693."""
    likelihood = np.clip(np.where(fake, prob_fake, 1 - prob_fake), 1e-12, 1)
    return float(np.average(-np.log(likelihood), weights=class_weights(fake)))


def brier(fake: Bools, prob_fake: Floats) -> float:
    """Mean squared distance from the truth (Brier 1950); a coin has 0.25."""
    return float(np.average((prob_fake - fake) ** 2, weights=class_weights(fake)))


def reliability(fake: Bools, prob_fake: Floats, bins: int = BINS) -> Floats:
    """Mean probability, share of fakes and weight of each of `bins` bins that hold equal weight; shape (bins, 3)."""
    weights = class_weights(fake)
    order = np.argsort(prob_fake, kind="stable")
    upto = np.cumsum(weights[order]) - weights[order] / 2
    number = np.minimum((upto / weights.sum() * bins).astype(int), bins - 1)
    rows = []
    for one in range(bins):
        inside = order[number == one]
        if len(inside):
            share = np.average(fake[inside], weights=weights[inside])
            rows.append((np.average(prob_fake[inside], weights=weights[inside]), share, weights[inside].sum()))
    return np.array(rows)


def expected_calibration_error(fake: Bools, prob_fake: Floats, bins: int = BINS) -> float:
    """Mean distance of probability and truth over bins of equal weight (Naeini et al. 2015)."""
    curve = reliability(fake, prob_fake, bins)
    return float(np.average(np.abs(curve[:, 0] - curve[:, 1]), weights=curve[:, 2]))
