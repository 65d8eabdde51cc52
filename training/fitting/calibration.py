"""From log-odds to probabilities, and the band in which no verdict is given. Both are fitted to out-of-fold scores.

The scores of several seeds are of the same videos. Curve and band are fitted to all seeds together, because a few
videos with unlucky scores in one seed can move a threshold far. They do not count as more videos for that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.data.videos import Videos
from training.fitting.model import class_weights

MAX_ERROR = 0.10
"""Share of wrong verdicts allowed on each side outside the band, on videos that it was not fitted to."""
AIM = MAX_ERROR / 2
"""Share allowed on the videos it is fitted to: on others it is wrong more often."""

# With fewer paired videos, or fewer people, an error rate is chance.
_ENOUGH_PAIRED = 40
_ENOUGH_PEOPLE = 8
# So is one of fewer verdicts. Pairs are too few for as many on each side; fewer show whether they object.
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


def populations(videos: Videos) -> list[NDArray[np.bool_]]:
    """Sets on each of which the verdicts must be right: all videos, and the paired ones if there are enough.

    Real and fake videos from different places can be told apart by how the files were made; pairs differ in nothing but
    the forgery. Masks of shape (n,).
    """
    everything, paired = np.ones(len(videos), dtype=np.bool_), videos.paired
    enough = paired.sum() >= _ENOUGH_PAIRED and len(np.unique(videos.groups[paired])) >= _ENOUGH_PEOPLE
    return [everything, paired] if enough else [everything]


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


def inconclusive_band(
    prob_fake: NDArray[np.float64], fake: NDArray[np.bool_], populations: list[NDArray[np.bool_]]
) -> Band:
    """The narrowest band outside which at most `AIM` of the verdicts are wrong, on each side.

    The rate must hold in every population separately, each class weighing half, with a minimum number of verdicts, some
    of them in every population. A side where that is impossible gets no verdicts.

    Args:
        prob_fake: shape (n,) or (seeds, n), out of fold.
        fake: shape (n,).
        populations: masks of shape (n,), such as the paired videos and all of them.
    """
    fake_above = _threshold(prob_fake, fake, populations)
    real_below = 1 - _threshold(1 - prob_fake, ~fake, populations)
    return Band(real_below, fake_above)


def _threshold(prob: NDArray[np.float64], positive: NDArray[np.bool_], populations: list[NDArray[np.bool_]]) -> float:
    weights = [class_weights(positive[population]) for population in populations]
    enough = _ENOUGH_VERDICTS * prob.size // len(positive)
    for threshold in np.unique(np.concatenate([[0.5], prob[prob > 0.5]])):
        called = prob > threshold
        if called.sum() < enough:
            break
        for population, weight in zip(populations, weights, strict=True):
            given = called[..., population]
            wrong = (weight * (given & ~positive[population])).sum()
            if not given.any() or wrong > AIM * (weight * given).sum():
                break
        else:
            return float(threshold)
    return 1.0
