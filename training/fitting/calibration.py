"""From log-odds to probabilities, and the band in which no verdict is given. Both are fitted to out-of-fold scores.

The scores of several seeds are of the same videos. Curve and band are fitted to all seeds together, because a few
videos with unlucky scores in one seed can move a threshold far. They do not count as more videos for that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.fitting.model import class_weights

MAX_ERROR = 0.10
"""Share of wrong verdicts allowed on each side outside the band, on videos that it was not fitted to."""
AIM = MAX_ERROR / 2
"""Share allowed on the videos it is fitted to: on others it is wrong more often."""

# An error rate of fewer verdicts is chance.
_ENOUGH_VERDICTS = 15


@dataclass(frozen=True)
class Calibration:
    """P(fake) = 1 / (1 + exp(-(slope · log-odds + intercept))); slope ≥ 0."""

    slope: float
    intercept: float

    def prob_fake(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities, same shape."""
        return 1 / (1 + np.exp(-(self.slope * log_odds + self.intercept)))


@dataclass(frozen=True)
class Band:
    """Below `real_below` a video is called real, above `fake_above` fake. (0, 1) gives no verdict at all."""

    real_below: float
    fake_above: float

    def called(self, prob_fake: NDArray[np.float64]) -> NDArray[np.int_]:
        """-1 where called real, 1 where called fake, 0 in the band."""
        return (prob_fake > self.fake_above).astype(np.int_) - (prob_fake < self.real_below)


def calibrate(log_odds: NDArray[np.float64], fake: NDArray[np.bool_]) -> Calibration:
    """Platt scaling (Platt 1999) with his softened targets, both classes weighing half.

    A falling curve means that the scores carry no information; it is replaced by the constant 1/2.

    Args:
        log_odds: shape (n,) or (seeds, n), out of fold.
        fake: shape (n,); both classes must be present.
    """
    fakes, reals = int(fake.sum()), int((~fake).sum())
    seeds = log_odds.size // len(fake)
    target = np.where(fake, (fakes + 1) / (fakes + 2), 1 / (reals + 2))
    weights = class_weights(fake)
    # A soft target is expressed as a fake video with one weight and a real one with the rest.
    curve = LogisticRegression(C=np.inf)
    curve.fit(
        np.tile(log_odds.ravel(), 2)[:, np.newaxis],
        np.repeat([1, 0], log_odds.size),
        sample_weight=np.concatenate([np.tile(weights * target, seeds), np.tile(weights * (1 - target), seeds)]),
    )
    slope, intercept = float(curve.coef_[0, 0]), float(curve.intercept_[0])
    return Calibration(slope, intercept) if slope > 0 else Calibration(0.0, 0.0)


def inconclusive_band(prob_fake: NDArray[np.float64], fake: NDArray[np.bool_], aim: float = AIM) -> Band:
    """The narrowest band outside which at most `aim` of the verdicts are wrong, on each side, each class weighing half.

    A side where that is impossible with a minimum number of verdicts gets none.

    Args:
        prob_fake: shape (n,) or (seeds, n), out of fold.
        fake: shape (n,).
        aim: share of wrong verdicts.
    """
    return Band(1 - _threshold(1 - prob_fake, ~fake, aim), _threshold(prob_fake, fake, aim))


def _threshold(prob: NDArray[np.float64], positive: NDArray[np.bool_], aim: float) -> float:
    weights = class_weights(positive)
    enough = _ENOUGH_VERDICTS * prob.size // len(positive)
    for threshold in np.unique(np.concatenate([[0.5], prob[prob > 0.5]])):
        called = prob > threshold
        if called.sum() < enough:
            break
        if (weights * (called & ~positive)).sum() <= aim * (weights * called).sum():
            return float(threshold)
    return 1.0
