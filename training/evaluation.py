"""What the model is worth: scores on people it has not seen, beside what cheats and simpler models reach.

Everything is averaged over seeds: of the networks that gave the texture scores, and of the trees. Folds, and so who is
unseen together, are the same for all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from gateway.features import FEATURES
from gateway.texture import texture_log_odds
from training.baselines import NETWORK_ONLY, baselines, only_bits, only_missingness
from training.calibration import calibrate, inconclusive_band, populations, reference
from training.fitting import Recipe, class_weights, out_of_fold, trees
from training.masking import mask
from training.measures import (
    brier,
    caught_at,
    equal_error_rate,
    expected_calibration_error,
    log_loss,
    reliability,
)
from training.texture import TextureScores
from training.vectors import FEATURE_NAMES
from training.videos import TEXTURE, VARIATION, Videos

_DRAWS = 1000
_BLOCKS = 20
FALSE_ALARMS = 0.05
"""Share of real videos that may be taken for fake where sensitivity is measured."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


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
        wrong: share of all verdicts that are wrong, likewise.
        false_alarms: share of real videos called fake, with its interval over people.
    """

    coverage: float
    wrong_real: float
    wrong_fake: float
    wrong: float
    false_alarms: Estimate


@dataclass(frozen=True)
class Evaluation:
    """Everything the card says of the scores; all out of fold.

    Attributes:
        log_odds: shape (seeds, n), of every video.
        prob_fake: shape (seeds, n), by calibrations fitted to the other folds.
        scores: AUC by what it was taken on: "paired", "all" and subsets and methods; those without real videos of their
            own are held against all real ones.
        concordance: of the pairs; None without pairs.
        baselines: by name of the model, AUC on "paired" (when there are pairs) and on "all".
        checks: AUC on all videos of the same trees when they are shown something else than the vectors.
        figures: by name, what else is said of the scores of all videos.
        curve: shape (bins, 3), see `training.measures.reliability`; of all seeds together.
        decisions: by what they were taken on.
        ablations: by what the trees were not shown, AUC on "paired" and on "all".
        permuted: AUC on all videos of trees that learned from permuted labels, one for each permutation.
        grid: by compression, AUC on "paired" and "all" of the texture network.
        shams: by what was done to real videos, how the share that the network takes for fake changed.
    """

    log_odds: Floats
    prob_fake: Floats
    scores: dict[str, Estimate]
    concordance: Estimate | None
    baselines: dict[str, dict[str, Estimate]]
    checks: dict[str, Estimate]
    figures: dict[str, float]
    curve: Floats
    decisions: dict[str, Decisions]
    ablations: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    permuted: tuple[float, ...] = ()
    grid: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    shams: dict[str, Estimate] = field(default_factory=dict)


def evaluate(seeds: Sequence[Videos], recipe: Recipe) -> Evaluation:
    """Fit on all folds but one, score the one, and measure. The same arguments give the same numbers.

    Args:
        seeds: the same videos, with the texture scores of each seed's networks.
        recipe: as for the final fit; its seed is counted up.
    """
    videos, rng = seeds[0], np.random.default_rng(recipe.seed)
    recipes = [replace(recipe, seed=recipe.seed + number) for number in range(len(seeds))]
    views: dict[str, list[Floats]] = {}
    log_odds = []
    for one, how in zip(seeds, recipes, strict=True):
        evened = mask(one.features, one.fake, class_weights(one.fake), copies=1, rng=np.random.default_rng(how.seed))
        shown = {
            "Gaps alike in both classes": evened.features,
            "Gaps only, every value replaced by its median": only_missingness(one.features),
            "Bits per pixel only, every other value replaced by its median": only_bits(one.features),
        }
        own, *seen = out_of_fold(one, trees(how), one.features, *shown.values())
        log_odds.append(own)
        for name, scores in zip(shown, seen, strict=True):
            views.setdefault(name, []).append(scores)
    found = np.array(log_odds)

    simpler: dict[str, list[Floats]] = {}
    for one in seeds:
        for name, scores in baselines(one, learn_sound=recipe.learn_sound).items():
            simpler.setdefault(name, []).append(scores)

    verdicts = [cross_fitted(videos, scores) for scores in found]
    prob_fake = np.array([prob for prob, _ in verdicts])
    called = np.array([calls for _, calls in verdicts])
    everything = np.ones(len(videos), dtype=np.bool_)
    return Evaluation(
        log_odds=found,
        prob_fake=prob_fake,
        scores={name: auc_estimate(videos, found, chosen, rng) for name, chosen in _comparisons(videos).items()},
        concordance=concordance(videos, found, rng) if len(videos.pairs) else None,
        baselines={
            name: {
                whole: auc_estimate(videos, np.array(scores), chosen, rng) for whole, chosen in _wholes(videos).items()
            }
            for name, scores in simpler.items()
        },
        checks={name: auc_estimate(videos, np.array(scores), everything, rng) for name, scores in views.items()},
        figures=_figures(videos, found, prob_fake),
        curve=reliability(np.tile(videos.fake, len(seeds)), prob_fake.ravel()),
        decisions={name: decisions(videos, called, chosen, rng) for name, chosen in _parts(videos).items()},
    )


def ablate(seeds: Sequence[Videos], recipe: Recipe) -> dict[str, dict[str, Estimate]]:
    """AUC of trees that are not shown a feature, or a modality; by what they are not shown. The first seed's."""
    videos, rng = seeds[0], np.random.default_rng(recipe.seed)
    modalities = {spec.modality for spec in FEATURES}
    hidden: dict[str, tuple[int, ...]] = {f"`{name}`": (column,) for column, name in enumerate(FEATURE_NAMES)}
    for modality in sorted(modalities):
        columns = tuple(column for column, spec in enumerate(FEATURES) if spec.modality == modality)
        if len(columns) > 1:
            hidden[f"all of {_MODALITIES[modality]}"] = columns
    hidden["texture network"] = (TEXTURE, VARIATION)
    scores = Parallel(n_jobs=-1, prefer="threads")(
        delayed(out_of_fold)(videos, trees(replace(recipe, hidden=columns))) for columns in hidden.values()
    )
    return {
        name: {whole: auc_estimate(videos, found[np.newaxis], chosen, rng) for whole, chosen in _wholes(videos).items()}
        for name, (found,) in zip(hidden, scores, strict=True)
    }


_MODALITIES = {1: "the face", 2: "the sound", 3: "the file", 4: "face and sound together"}


def permuted(seeds: Sequence[Videos], recipe: Recipe, times: int = 100) -> tuple[float, ...]:
    """AUC on all videos of trees that learn from labels permuted over people; nothing but chance is left to learn.

    People with both labels have theirs exchanged or not; the others' are dealt out among them.
    """
    videos = seeds[0]

    def one(number: int) -> float:
        fake = permuted_labels(videos, np.random.default_rng([recipe.seed, number]))
        shuffled = replace(videos, fake=fake)
        (scores,) = out_of_fold(shuffled, trees(replace(recipe, quick=True)))
        return auc(fake, scores)

    return tuple(Parallel(n_jobs=-1, prefer="threads")(delayed(one)(number) for number in range(times)))


def permuted_labels(videos: Videos, rng: np.random.Generator) -> Bools:
    """Labels dealt out anew over people; shape (n,)."""
    fake = videos.fake.copy()
    single: dict[str, bool] = {}
    for name in np.unique(videos.groups):
        own = videos.groups == name
        labels = np.unique(videos.fake[own])
        if len(labels) == 2:
            fake[own] = videos.fake[own] ^ bool(rng.random() < 0.5)
        else:
            single[name] = bool(labels[0])
    for name, label in zip(single, rng.permutation(list(single.values())), strict=True):
        fake[videos.groups == name] = label
    return fake


def look_again(
    videos: Videos, texture: TextureScores, rng: np.random.Generator
) -> tuple[dict[str, dict[str, Estimate]], dict[str, Estimate]]:
    """The texture network after compression, and on real videos that went through a sham.

    A sham's figure is the change of the share of real videos above the threshold that 5 % of them passed before.
    """

    def of(scores: Sequence[Sequence[Floats]]) -> Floats:
        return np.array(
            [
                [texture_log_odds(seed[clip]) if len(seed[clip]) else np.nan for clip in videos.clips.tolist()]
                for seed in scores
            ]
        )

    before = of(texture.log_odds)
    grid = {}
    for name, scores in {"as it is": texture.log_odds, **texture.grid}.items():
        found = of(scores)
        known = np.isfinite(found).all(axis=0)
        grid[name] = {
            whole: auc_estimate(videos, found, chosen & known, rng)
            for whole, chosen in _wholes(videos).items()
            if 0 < videos.fake[chosen & known].sum() < (chosen & known).sum()
        }
    shams = {}
    for name, scores in texture.sham.items():
        after = of(scores)
        known = ~videos.fake & np.isfinite(before).all(axis=0) & np.isfinite(after).all(axis=0)
        if not known.any():
            continue
        thresholds = np.quantile(before[:, known], 1 - FALSE_ALARMS, axis=1)[:, np.newaxis]
        change = np.mean((after[:, known] > thresholds).astype(float) - (before[:, known] > thresholds), axis=0)
        shams[name] = _mean_estimate(videos.groups[known], change, rng)
    return grid, shams


def cross_fitted(videos: Videos, log_odds: Floats) -> tuple[Floats, NDArray[np.int_]]:
    """Probabilities and verdicts (-1 real, 1 fake, 0 none), each by a calibration and a band without its fold.

    Probabilities are 1/2 where the other folds are too few to calibrate on.
    """
    prob_fake, called = np.full(len(videos), 0.5), np.zeros(len(videos), dtype=np.int_)
    for number in np.unique(videos.fold):
        known = videos.fold != number
        curve_on = reference(videos) & known
        if not 0 < videos.fake[curve_on].sum() < curve_on.sum():
            continue
        curve = calibrate(log_odds[curve_on], videos.fake[curve_on])
        prob = curve.prob_fake(log_odds)
        band = inconclusive_band(prob[known], videos.fake[known], [part[known] for part in populations(videos)])
        prob_fake[~known], called[~known] = prob[~known], band.called(prob[~known])
    return prob_fake, called


def _figures(videos: Videos, log_odds: Floats, prob_fake: Floats) -> dict[str, float]:
    fake = videos.fake

    def mean(of: Callable[[Bools, Floats], float], values: Floats, chosen: Bools) -> float:
        return float(np.mean([of(fake[chosen], row[chosen]) for row in values]))

    everything = np.ones(len(videos), dtype=np.bool_)
    figures = {
        "Expected calibration error, all, 10 bins of equal weight": mean(
            expected_calibration_error, prob_fake, everything
        ),
        "Log loss, all": mean(log_loss, prob_fake, everything),
        "Brier score, all": mean(brier, prob_fake, everything),
    }
    for whole, chosen in _wholes(videos).items():
        figures[f"Equal error rate, {whole}"] = mean(equal_error_rate, log_odds, chosen)
        figures[f"Fakes caught at {FALSE_ALARMS:.0%} false alarms, {whole}"] = mean(
            lambda labels, scores: caught_at(labels, scores, FALSE_ALARMS), log_odds, chosen
        )
    figures["Spread over seeds (standard deviation of the AUC), all"] = float(
        np.std([auc(fake, row) for row in log_odds])
    )
    return figures


def _wholes(videos: Videos) -> dict[str, Bools]:
    everything = np.ones(len(videos), dtype=np.bool_)
    paired = videos.paired_subsets
    both = 0 < videos.fake[paired].sum() < paired.sum()
    return {"paired": paired, "all": everything} if both else {"all": everything}


def _parts(videos: Videos) -> dict[str, Bools]:
    return {**_wholes(videos), **{f"subset {name}": videos.subsets == name for name in np.unique(videos.subsets)}}


def _comparisons(videos: Videos) -> dict[str, Bools]:
    """What AUC is taken on, by name."""
    wholes, subsets = _wholes(videos), np.unique(videos.subsets)
    found = dict(wholes)
    alone = np.zeros(len(videos), dtype=np.bool_)
    for name in subsets:
        own = videos.subsets == name
        if not videos.fake[own].any():
            continue
        if videos.fake[own].all():
            alone |= own
            found[f"subset {name} against all real"] = own | ~videos.fake
        else:
            found[f"subset {name}"] = own
    if alone.any():
        found["all subsets without real videos, against all real"] = alone | ~videos.fake
    for method in np.unique(videos.methods[videos.fake]):
        own = videos.fake & (videos.methods == method)
        partners = np.unique(videos.pairs[own[videos.pairs[:, 1]], 0]) if len(videos.pairs) else np.empty(0, np.intp)
        if len(partners):
            chosen = np.zeros(len(videos), dtype=np.bool_)
            chosen[partners] = True
            chosen[videos.pairs[own[videos.pairs[:, 1]], 1]] = True
            found[f"method {method}, pairs"] = chosen
        else:
            found[f"method {method} against all real"] = own | ~videos.fake
    return {name: chosen for name, chosen in found.items() if 0 < videos.fake[chosen].sum() < chosen.sum()}


def auc(fake: Bools, scores: Floats) -> float:
    """Area under the ROC curve; NaN unless both classes are there."""
    return float(weighted_auc(fake, scores, np.ones((1, len(fake))))[0])


def weighted_auc(fake: Bools, scores: Floats, weights: Floats) -> Floats:
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
    areas: Floats = np.divide(wins, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return areas


def auc_estimate(videos: Videos, scores: Floats, chosen: Bools, rng: np.random.Generator) -> Estimate:
    """AUC on chosen videos, the mean over seeds, with an interval that draws people, not videos, with replacement.

    Args:
        videos: all videos.
        scores: shape (seeds, n), larger for fake.
        chosen: shape (n,).
        rng: source of the draws.
    """
    fake, rows = videos.fake[chosen], scores[:, chosen]

    def mean(weights: Floats) -> Floats:
        areas: Floats = np.mean([weighted_auc(fake, row, weights) for row in rows], axis=0)
        return areas

    return _estimate(videos.groups[chosen], mean, rng)


def concordance(videos: Videos, scores: Floats, rng: np.random.Generator) -> Estimate:
    """Share of pairs in which the fake member scores higher than the real one; a tie counts half."""
    real, fake = videos.pairs.T
    wins = np.mean((np.sign(scores[:, fake] - scores[:, real]) + 1) / 2, axis=0)
    return _mean_estimate(videos.groups[real], wins, rng)


def _mean_estimate(groups: NDArray[np.str_], values: Floats, rng: np.random.Generator) -> Estimate:
    return _estimate(groups, lambda weights: weights @ values / weights.sum(axis=1), rng)


def _estimate(groups: NDArray[np.str_], statistic: Callable[[Floats], Floats], rng: np.random.Generator) -> Estimate:
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


def decisions(videos: Videos, called: NDArray[np.int_], chosen: Bools, rng: np.random.Generator) -> Decisions:
    """What verdicts (seeds, n) on chosen videos come to; see `cross_fitted`."""
    fake, calls = np.tile(videos.fake[chosen], len(called)), called[:, chosen].ravel()
    weights = class_weights(fake) if 0 < fake.sum() < len(fake) else np.ones(len(fake))
    real = chosen & ~videos.fake
    alarms = np.mean(called[:, real] == 1, axis=0)
    return Decisions(
        coverage=float(np.mean(calls != 0)),
        wrong_real=_share(weights, fake, calls == -1),
        wrong_fake=_share(weights, ~fake, calls == 1),
        wrong=_share(weights, fake == (calls == -1), calls != 0),
        false_alarms=_mean_estimate(videos.groups[real], alarms, rng)
        if real.any()
        else Estimate(float("nan"), float("nan"), float("nan"), 0, 0),
    )


def _share(weights: Floats, of: Bools, among: Bools) -> float:
    total = weights[among].sum()
    return float(weights[of & among].sum() / total) if total else float("nan")


__all__ = ["NETWORK_ONLY", "Decisions", "Estimate", "Evaluation", "ablate", "evaluate", "look_again", "permuted"]
