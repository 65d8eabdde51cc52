"""What the model is worth: scores on people it has not seen, beside what cheats and simpler models reach."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.baselines import baselines, only_bits, only_missingness
from training.calibration import calibrate, inconclusive_band, reference
from training.fitting import Recipe, class_weights, out_of_fold, trees
from training.masking import mask
from training.videos import Videos

_DRAWS = 1000
_BLOCKS = 20


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval over people, and how many videos and people it rests on."""

    value: float
    low: float
    high: float
    videos: int
    people: int


@dataclass(frozen=True)
class Decisions:
    """What verdicts come to, with calibration and band taken from the other folds.

    Attributes:
        coverage: share of videos that get a verdict.
        wrong_real: share of videos called real that are fake, both classes weighing half; NaN when none is called real.
        wrong_fake: share of videos called fake that are real, likewise.
        false_alarms: share of real videos called fake.
    """

    coverage: float
    wrong_real: float
    wrong_fake: float
    false_alarms: float


@dataclass(frozen=True)
class Evaluation:
    """Everything the card says of the scores; all out of fold.

    Attributes:
        log_odds: shape (n,), of every video.
        scores: AUC by what it was taken on: "paired", "all" and whatever subset or method has both classes.
        concordance: of the pairs; None without pairs.
        baselines: by name of the model, AUC on "paired" (when there are pairs) and on "all".
        checks: AUC on all videos of the same trees when they are shown something else than the vectors.
        decisions: by what they were taken on.
    """

    log_odds: NDArray[np.float64]
    scores: dict[str, Estimate]
    concordance: Estimate | None
    baselines: dict[str, dict[str, Estimate]]
    checks: dict[str, Estimate]
    decisions: dict[str, Decisions]


def evaluate(videos: Videos, fold: NDArray[np.intp], recipe: Recipe) -> Evaluation:
    """Fit on all folds but one, score the one, and measure. The same arguments give the same numbers.

    Args:
        videos: everything.
        fold: shape (n,), from `training.fitting.folds`.
        recipe: as for the final fit.
    """
    rng = np.random.default_rng(recipe.seed)
    evened = mask(videos.features, videos.fake, class_weights(videos.fake), copies=1, rng=rng)
    views = {
        "Gaps alike in both classes": evened.features,
        "Gaps only, every value replaced by its median": only_missingness(videos.features),
        "Bits per pixel only, every other value replaced by its median": only_bits(videos.features),
    }
    log_odds, *seen = out_of_fold(videos, fold, trees(recipe), videos.features, *views.values())

    everything = np.ones(len(videos), dtype=np.bool_)
    wholes = {"paired": videos.paired, "all": everything} if len(videos.pairs) else {"all": everything}
    parts = {f"subset {name}": videos.subsets == name for name in np.unique(videos.subsets)}
    return Evaluation(
        log_odds=log_odds,
        scores={
            name: auc_estimate(videos, log_odds, chosen, rng)
            for name, chosen in {**wholes, **parts, **_methods(videos)}.items()
            if 0 < videos.fake[chosen].sum() < chosen.sum()
        },
        concordance=concordance(videos, log_odds, rng) if len(videos.pairs) else None,
        baselines={
            name: {whole: auc_estimate(videos, scores, chosen, rng) for whole, chosen in wholes.items()}
            for name, scores in baselines(videos, fold, learn_sound=recipe.learn_sound).items()
        },
        checks={name: auc_estimate(videos, scores, everything, rng) for name, scores in zip(views, seen, strict=True)},
        decisions={name: decisions(videos, fold, log_odds, chosen) for name, chosen in {**wholes, **parts}.items()},
    )


def _methods(videos: Videos) -> dict[str, NDArray[np.bool_]]:
    """The paired fakes of each method together with the real videos they are paired with."""
    real, fake = videos.pairs.T
    masks = {}
    for method in np.unique(videos.methods[fake]):
        of_method = videos.methods[fake] == method
        chosen = np.zeros(len(videos), dtype=np.bool_)
        chosen[real[of_method]] = chosen[fake[of_method]] = True
        masks[f"method {method}"] = chosen
    return masks


def auc(fake: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Area under the ROC curve; NaN unless both classes are there."""
    return float(weighted_auc(fake, scores, np.ones((1, len(fake))))[0])


def weighted_auc(
    fake: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Areas under ROC curves, a tie counting half (Mann and Whitney 1947).

    Args:
        fake: shape (n,).
        scores: shape (n,), larger for fake.
        weights: shape (d, n), how often each video counts; an area for each row.

    Returns:
        Shape (d,); NaN unless both classes count.
    """
    order = np.argsort(scores, kind="stable")
    first_of_ties = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    reals = np.add.reduceat(weights[:, order] * ~fake[order], first_of_ties, axis=1)
    fakes = np.add.reduceat(weights[:, order] * fake[order], first_of_ties, axis=1)
    wins = np.sum(fakes * (np.cumsum(reals, axis=1) - reals / 2), axis=1)
    pairs = fakes.sum(axis=1) * reals.sum(axis=1)
    areas: NDArray[np.float64] = np.divide(wins, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return areas


def auc_estimate(
    videos: Videos, scores: NDArray[np.float64], chosen: NDArray[np.bool_], rng: np.random.Generator
) -> Estimate:
    """AUC on chosen videos, with an interval that draws people, not videos, with replacement.

    Args:
        videos: all videos.
        scores: shape (n,), larger for fake.
        chosen: shape (n,).
        rng: source of the draws.
    """
    fake, scores = videos.fake[chosen], scores[chosen]
    return _estimate(videos.groups[chosen], lambda weights: weighted_auc(fake, scores, weights), rng)


def concordance(videos: Videos, scores: NDArray[np.float64], rng: np.random.Generator) -> Estimate:
    """Share of pairs in which the fake member scores higher than the real one; a tie counts half."""
    real, fake = videos.pairs.T
    wins = (np.sign(scores[fake] - scores[real]) + 1) / 2
    return _estimate(videos.groups[real], lambda weights: weights @ wins / weights.sum(axis=1), rng)


def _estimate(
    groups: NDArray[np.str_],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    rng: np.random.Generator,
) -> Estimate:
    """A statistic of weights, shape (d, n) to (d,), with the interval of the bootstrap over groups (Efron 1979)."""
    names, group = np.unique(groups, return_inverse=True)
    people, draws = len(names), []
    # In blocks, so that a large collection fits into memory.
    for _ in range(_BLOCKS if people > 1 else 0):
        counts = rng.multinomial(people, np.full(people, 1 / people), size=_DRAWS // _BLOCKS)
        draws.append(statistic(counts[:, group].astype(np.float64)))
    drawn = np.concatenate([*draws, np.empty(0)])
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if drawn.size else (np.nan, np.nan)
    return Estimate(float(statistic(np.ones((1, len(groups))))[0]), float(low), float(high), len(groups), people)


def decisions(
    videos: Videos, fold: NDArray[np.intp], log_odds: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> Decisions:
    """Verdicts on chosen videos, each by a calibration and a band that have not seen its fold."""
    called = np.zeros(len(videos), dtype=np.int_)
    for number in np.unique(fold):
        known = fold != number
        curve_on = reference(videos) & known
        if not 0 < videos.fake[curve_on].sum() < curve_on.sum():
            continue
        curve = calibrate(log_odds[curve_on], videos.fake[curve_on])
        prob_fake = curve.prob_fake(log_odds)
        band = inconclusive_band(prob_fake[known], videos.fake[known], [curve_on[known], known[known]])
        called[~known] = band.called(prob_fake[~known])
    fake, called = videos.fake[chosen], called[chosen]
    weights = class_weights(fake) if 0 < fake.sum() < len(fake) else np.ones(len(fake))
    return Decisions(
        coverage=float(np.mean(called != 0)),
        wrong_real=_share(weights, fake, called == -1),
        wrong_fake=_share(weights, ~fake, called == 1),
        false_alarms=_share(np.ones(len(fake)), called == 1, ~fake),
    )


def _share(weights: NDArray[np.float64], of: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    total = weights[among].sum()
    return float(weights[of & among].sum() / total) if total else float("nan")
