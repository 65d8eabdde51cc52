"""Estimates, each the mean over seeds, with bootstrap intervals over people rather than videos."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.data.videos import Videos

_BEYOND = 0.025  # of the draws, on each side of an interval
_DRAWS = 1000
_BLOCKS = 20
# With fewer on a side there is no interval: the draws would vary the other side's people only.
_FEWEST_PEOPLE = 3

ENOUGH_PEOPLE = 8
"""With fewer on a side, many draws compare hardly more than one person with themselves: no interval of 95 %."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A number and how far it can be trusted.

    Attributes:
        value: mean over seeds.
        low: lower end of the 95 % interval over people; NaN for too few people, or if all draws agree.
        high: its upper end.
        videos: number it is based on.
        people: number it is based on.
        fewest: people on the side, real or fake, that has fewer; without sides, all people.
        spread: standard deviation over seeds; None for a single seed.
    """

    value: float
    low: float
    high: float
    videos: int
    people: int
    fewest: int
    spread: float | None = None

    @property
    def rough(self) -> bool:
        """Whether there are too few people for the interval to be one of 95 %."""
        return self.fewest < ENOUGH_PEOPLE


def auc(fake: Bools, scores: Floats) -> float:
    """Area under the ROC curve; NaN unless both classes are there."""
    return float(weighted_auc(fake, scores, np.ones((1, len(fake))))[0])


def weighted_auc(fake: Bools, scores: Floats, weights: Floats) -> Floats:
    """Areas under ROC curves, a tie counting half (Mann and Whitney 1947).

    Args:
        fake: shape (n,).
        scores: shape (n,), larger for fake.
        weights: shape (d, n), how often each video counts; one area per row.

    Returns:
        Shape (d,); NaN unless both classes count.
    """
    wins, pairs = _comparisons(fake, scores, weights)
    return _ratio(wins, pairs)


def stratified_auc(fake: Bools, scores: Floats, weights: Floats, strata: NDArray[np.intp]) -> Floats:
    """As `weighted_auc`, with comparisons within each stratum only."""
    parts = [strata == one for one in np.unique(strata)]
    found = [_comparisons(fake[part], scores[part], weights[:, part]) for part in parts]
    none = np.zeros(len(weights))
    return _ratio(sum((wins for wins, _ in found), none), sum((pairs for _, pairs in found), none))


def _comparisons(fake: Bools, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """How many comparisons of a fake with a real video the fake wins, and how many there are; (d,) each."""
    order = np.argsort(scores, kind="stable")
    first_of_ties = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    reals = np.add.reduceat(weights[:, order] * ~fake[order], first_of_ties, axis=1)
    fakes = np.add.reduceat(weights[:, order] * fake[order], first_of_ties, axis=1)
    wins = np.sum(fakes * (np.cumsum(reals, axis=1) - reals / 2), axis=1)
    return wins, fakes.sum(axis=1) * reals.sum(axis=1)


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratios: Floats = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return ratios


def auc_estimate(
    videos: Videos, scores: Floats, chosen: Bools, rng: np.random.Generator, *, within_folds: bool = False
) -> Estimate:
    """AUC on chosen videos.

    Args:
        videos: all videos.
        scores: shape (seeds, n), larger for fake.
        chosen: shape (n,).
        rng: source of the draws.
        within_folds: compare each video only with those of its own fold. Each fold has its own model, and models may
            differ in scale; in a pooled AUC that counts as error (Forman and Scholz 2010, *Apples-to-Apples in
            Cross-Validation Studies*).
    """
    fake, rows = videos.fake[chosen], scores[:, chosen]
    fold = videos.fold[chosen] if within_folds else np.zeros(len(fake), dtype=np.intp)
    found = _estimate(
        videos.groups[chosen],
        lambda weights: np.array([stratified_auc(fake, row, weights, fold) for row in rows]),
        rng,
        _fewest(videos, chosen),
    )
    return _at_an_end(found, counted=False)


def auc_change(videos: Videos, scores: Floats, than: Floats, chosen: Bools, rng: np.random.Generator) -> Estimate:
    """Difference in AUC of some scores from others, on the same people in every draw.

    Args:
        videos: all videos.
        scores: shape (seeds, n), larger for fake.
        than: likewise.
        chosen: shape (n,).
        rng: source of the draws.
    """
    fake = videos.fake[chosen]

    def change(weights: Floats) -> Floats:
        return np.array(
            [
                weighted_auc(fake, one[chosen], weights) - weighted_auc(fake, other[chosen], weights)
                for one, other in zip(scores, than, strict=True)
            ]
        )

    return _estimate(videos.groups[chosen], change, rng, _fewest(videos, chosen))


def _fewest(videos: Videos, chosen: Bools) -> int:
    """People on the side, real or fake, that has fewer."""
    return min(len(np.unique(videos.groups[chosen & (videos.fake == label)])) for label in (False, True))


def concordance(videos: Videos, scores: Floats, rng: np.random.Generator) -> Estimate:
    """Share of pairs in which the fake member scores higher than the real one; a tie counts half."""
    real, fake = videos.pairs.T
    return share(videos.groups[real], (np.sign(scores[:, fake] - scores[:, real]) + 1) / 2, None, rng)


def share(groups: NDArray[np.str_], part: Floats, whole: Floats | None, rng: np.random.Generator) -> Estimate:
    """The sum of the parts over the sum of the wholes; NaN if the latter is 0.

    For a share of 0 or 1, where all draws agree, the interval is that of Clopper and Pearson (1934), each person
    counting once; with unequal weights there is none.

    Args:
        groups: shape (n,), the people.
        part: shape (seeds, n).
        whole: likewise; None when each counts once.
        rng: source of the draws.
    """
    among = np.ones_like(part) if whole is None else whole
    return _at_an_end(_mean(groups, part, among, rng), counted=bool(np.isin(among, (0, 1)).all()))


def share_change(groups: NDArray[np.str_], before: Floats, after: Floats, rng: np.random.Generator) -> Estimate:
    """Change of a share, on the same people in every draw.

    Args:
        groups: shape (n,), the people.
        before: shape (seeds, n), 1 for what it counts.
        after: likewise.
        rng: source of the draws.
    """
    return _mean(groups, after - before, np.ones_like(before), rng)


def _mean(groups: NDArray[np.str_], part: Floats, among: Floats, rng: np.random.Generator) -> Estimate:
    def ratio(weights: Floats) -> Floats:
        return _ratio(part @ weights.T, among @ weights.T)

    return _estimate(groups, ratio, rng, len(np.unique(groups[among.any(axis=0)])))


def _at_an_end(found: Estimate, *, counted: bool) -> Estimate:
    """With an interval that is valid for a value of 0 or 1; with none if people are not `counted`."""
    if found.value not in (0.0, 1.0) or found.fewest < _FEWEST_PEOPLE:
        return found
    if not counted:
        return replace(found, low=np.nan, high=np.nan)
    far = _BEYOND ** (1 / found.fewest)
    return replace(found, low=far, high=1.0) if found.value else replace(found, low=0.0, high=1 - far)


def _estimate(
    groups: NDArray[np.str_], statistic: Callable[[Floats], Floats], rng: np.random.Generator, fewest: int
) -> Estimate:
    """A statistic of weights, (d, n) to (seeds, d), with the interval of the bootstrap over groups (Efron 1979)."""
    names, group = np.unique(groups, return_inverse=True)
    people, draws = len(names), []
    # In blocks, so that a large collection fits into memory.
    for _ in range(_BLOCKS if fewest >= _FEWEST_PEOPLE else 0):
        counts = rng.multinomial(people, np.full(people, 1 / people), size=_DRAWS // _BLOCKS)
        draws.append(np.mean(statistic(counts[:, group].astype(np.float64)), axis=0))
    drawn = np.concatenate([*draws, np.empty(0)])
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [_BEYOND, 1 - _BEYOND]) if drawn.size else (np.nan, np.nan)
    by_seed = statistic(np.ones((1, len(groups))))[:, 0] if people else np.array([np.nan])
    spread = float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else None
    return Estimate(float(np.mean(by_seed)), float(low), float(high), len(groups), people, fewest, spread)
