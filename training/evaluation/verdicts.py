"""Error rates of verdicts, with calibration and band cross-fitted on other people."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.videos import Videos
from training.evaluation.estimates import Bools, Estimate, Floats, share
from training.fitting.calibration import MAX_ERROR, Band, Calibration, calibrate, inconclusive_band
from training.fitting.model import class_weights


@dataclass(frozen=True)
class Decisions:
    """Verdicts on a set of videos. Each class weighs half where wrong verdicts are counted.

    Attributes:
        judged: share of videos with enough evidence for a verdict.
        coverage: share of all videos that get a verdict: enough evidence, and outside the inconclusive band.
        wrong: share of verdicts that are wrong.
        wrong_real: share of videos called real that are fake; NaN when none is called real.
        wrong_fake: share of videos called fake that are real, likewise.
        false_alarms: share of real videos called fake; NaN without real videos.
        caught: share of fake videos called fake; NaN without fake videos.
        cleared: share of real videos called real; NaN without real videos.
        missed: share of fake videos called real; NaN without fake videos.
        leaning: share of real videos whose P(fake) is above 1/2, verdict or not; NaN without real videos.
    """

    judged: float
    coverage: Estimate
    wrong: Estimate
    wrong_real: Estimate
    wrong_fake: Estimate
    false_alarms: Estimate
    caught: Estimate
    cleared: Estimate
    missed: Estimate
    leaning: Estimate


def fitted(videos: Videos, log_odds: Floats, known: Bools) -> tuple[Calibration, Band]:
    """Calibration and band fitted to some videos.

    Those without enough evidence for a verdict count as well: with them a threshold rests on half as many again.

    Args:
        videos: everything.
        log_odds: shape (n,) or (seeds, n), out of fold.
        known: shape (n,), the videos to fit to; both classes must be present.
    """
    scores, fake = log_odds[..., known], videos.fake[known]
    curve = calibrate(scores, fake)
    return curve, inconclusive_band(curve.prob_fake(scores), fake)


def cross_fitted(videos: Videos, log_odds: Floats, *views: Floats) -> list[tuple[Floats, NDArray[np.int_]]]:
    """Cross-fitted probabilities and verdicts (-1 real, 1 fake, 0 none): calibration and band come from other folds.

    Probabilities are 1/2 where the other folds lack a class. A video without enough evidence gets no verdict.

    Args:
        videos: everything.
        log_odds: shape (n,) or (seeds, n), out of fold; what curves and bands are fitted to.
        views: further log-odds of the same videos, to be judged by the same curves and bands.

    Returns:
        For `log_odds` and for each view, both of its shape.
    """
    shown = (log_odds, *views)
    found = [(np.full(scores.shape, 0.5), np.zeros(scores.shape, dtype=np.int_)) for scores in shown]
    for number in np.unique(videos.fold):
        unseen, known = videos.fold == number, videos.fold != number
        if not videos.of_both_kinds(known):
            continue
        curve, band = fitted(videos, log_odds, known)
        for (prob_fake, called), scores in zip(found, shown, strict=True):
            prob_fake[..., unseen] = curve.prob_fake(scores[..., unseen])
            called[..., unseen] = band.called(prob_fake[..., unseen]) * videos.judged[unseen]
    return found


def decisions(
    videos: Videos, prob_fake: Floats, called: NDArray[np.int_], chosen: Bools, rng: np.random.Generator
) -> Decisions:
    """Rates of verdicts on chosen videos, from probabilities and verdicts (seeds, n); see `cross_fitted`."""
    fake, groups, calls = videos.fake[chosen], videos.groups[chosen], called[:, chosen]
    weights = class_weights(fake) if 0 < fake.sum() < len(fake) else np.ones(len(fake))
    given, as_fake, as_real = calls != 0, calls == 1, calls == -1
    return Decisions(
        judged=float(np.mean(videos.judged[chosen])),
        coverage=share(groups, given.astype(np.float64), None, rng),
        wrong=share(groups, weights * np.where(fake, as_real, as_fake), weights * given, rng),
        wrong_real=share(groups, weights * (as_real & fake), weights * as_real, rng),
        wrong_fake=share(groups, weights * (as_fake & ~fake), weights * as_fake, rng),
        false_alarms=share(groups[~fake], as_fake[:, ~fake].astype(np.float64), None, rng),
        caught=share(groups[fake], as_fake[:, fake].astype(np.float64), None, rng),
        cleared=share(groups[~fake], as_real[:, ~fake].astype(np.float64), None, rng),
        missed=share(groups[fake], as_real[:, fake].astype(np.float64), None, rng),
        leaning=share(groups[~fake], (prob_fake[:, chosen][:, ~fake] > 0.5).astype(np.float64), None, rng),
    )


def proven(band: Band, made: Decisions) -> Band:
    """A band without the sides whose verdicts were wrong too often, or never given, on held-out videos.

    A band fitted to all scores is right on them by construction, even if only by chance.

    Args:
        band: fitted to all scores.
        made: rates of cross-fitted verdicts on all videos.
    """
    real, fake = proven_sides(made)
    return Band(band.real_below if real else 0.0, band.fake_above if fake else 1.0)


def proven_sides(made: Decisions) -> tuple[bool, bool]:
    """Whether verdicts that say real, and those that say fake, were given and right often enough."""
    # Without verdicts the share of wrong ones is NaN, and no comparison with it is true.
    return made.wrong_real.value <= MAX_ERROR, made.wrong_fake.value <= MAX_ERROR


def not_proven(band: Band, made: Decisions) -> list[str]:
    """A sentence for each side of the band that these verdicts do not justify; see `proven`."""
    again = proven(band, made)
    lost = {"real": band.real_below != again.real_below, "fake": band.fake_above != again.fake_above}
    return [
        f"The model calls videos {side}, but if trained again it would not: in the table of verdicts below, such "
        "verdicts were wrong too often, or never given."
        for side, gone in lost.items()
        if gone
    ]
