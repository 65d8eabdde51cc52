"""Nested cross-validation: the score of a recipe chosen without the sources it is tested on.

Comparing recipes by their scores on some videos, and reporting the best score on the same videos, is biased upwards
(Cawley and Talbot 2010, *On Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation*).
Here, for each fold, every candidate is cross-validated within the other folds, and the best one there scores the fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from training.data.vectors import FEATURE_NAMES
from training.data.videos import MOTION, Videos, fakes_alone, headline_sets
from training.evaluation.estimates import Floats, auc
from training.fitting.model import NETWORK_FEATURES, NOISY, Recipe, out_of_fold, trees

RELEASED = "as it ships"
"""Name of the released recipe."""


@dataclass(frozen=True)
class Candidate:
    """A recipe that might be chosen.

    Attributes:
        seeds: the same videos, with the scores of each seed's networks.
        recipe: of the model; its seed is counted up.
    """

    seeds: Sequence[Videos]
    recipe: Recipe


@dataclass(frozen=True)
class Choice:
    """The candidate chosen for each fold without the videos in it.

    Attributes:
        folds: by candidate, the folds it was chosen for.
        inner: by candidate, its score within the other folds, for each fold: the mean of its AUC on "paired", on "all"
            and on each subset without real videos against all real videos.
        gains: by candidate, the difference of that from the first candidate, on the same seeds.
        seeds: by candidate, how many it has.
        log_odds: shape (seeds, n), of every video by the candidate chosen for its fold, whose seeds are repeated if too
            few.
    """

    folds: dict[str, tuple[int, ...]]
    inner: dict[str, tuple[float, ...]]
    gains: dict[str, tuple[float, ...]]
    seeds: dict[str, int]
    log_odds: Floats


def candidates(seeds: Sequence[Videos], recipe: Recipe) -> dict[str, Candidate]:
    """The released recipe, and recipes that differ from it in what the trees see.

    Args:
        seeds: the same videos, with the scores of each seed's networks.
        recipe: the released one.
    """
    others = tuple(column for column in range(len(FEATURE_NAMES)) if column not in NETWORK_FEATURES)
    sights = {
        f"trees see all {len(NOISY)} that they do not": replace(recipe, noisy=()),
        "nothing but the networks": replace(recipe, hidden=others),
        "the appearance network alone": replace(recipe, hidden=(*others, MOTION)),
    }
    return {RELEASED: Candidate(seeds, recipe), **{name: Candidate(seeds, how) for name, how in sights.items()}}


def choose(among: Mapping[str, Candidate]) -> Choice | None:
    """For each fold the best candidate within the others; None if there are too few folds for that.

    Seeds differ more than recipes do, so each candidate is compared with the first, which has all seeds, on its own
    seeds. Of two equally good candidates the earlier is chosen.
    """
    first, standard = next(iter(among.items()))
    videos = standard.seeds[0]
    numbers = np.unique(videos.fold).tolist()
    if not all(videos.of_both_kinds(~np.isin(videos.fold, two)) for two in combinations(numbers, 2)):
        return None
    inner: dict[str, list[float]] = {name: [] for name in among}
    gains: dict[str, list[float]] = {name: [] for name in among}
    folds: dict[str, list[int]] = {name: [] for name in among}
    chosen = np.empty((len(standard.seeds), len(videos)))
    for number in numbers:
        unseen = videos.fold == number
        scores = {name: _without(number, one) for name, one in among.items()}
        worth = {name: _worth(videos, found, ~unseen) for name, found in scores.items()}
        for name, areas in worth.items():
            inner[name].append(float(areas.mean()))
            gains[name].append(float(np.mean(areas - worth[first][: len(areas)])))
        best = max(among, key=lambda name: gains[name][-1])
        folds[best].append(number)
        chosen[:, unseen] = np.resize(scores[best], chosen.shape)[:, unseen]
    return Choice(
        {name: tuple(those) for name, those in folds.items()},
        {name: tuple(areas) for name, areas in inner.items()},
        {name: tuple(more) for name, more in gains.items()},
        {name: len(one.seeds) for name, one in among.items()},
        chosen,
    )


def _without(fold: int, candidate: Candidate) -> Floats:
    """Out-of-fold log-odds of fits that also leave out one more fold; shape (seeds, n)."""
    recipe = candidate.recipe
    return np.array(
        [
            out_of_fold(one, trees(replace(recipe, seed=recipe.seed + place), one.fold != fold))[0]
            for place, one in enumerate(candidate.seeds)
        ]
    )


def _worth(videos: Videos, scores: Floats, known: NDArray[np.bool_]) -> Floats:
    """For each seed, the mean AUC of the known videos over all sets that count; shape (seeds,)."""
    asked = [part & known for part in (*headline_sets(videos).values(), *fakes_alone(videos).values())]
    parts = [part for part in asked if videos.of_both_kinds(part)]
    return np.array([np.mean([auc(videos.fake[part], row[part]) for part in parts]) for row in scores])
