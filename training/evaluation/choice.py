"""What a recipe is worth that is chosen for people by other people alone.

Whoever compares recipes by scores of some people, and reports the best one's score of the same people, reports too much
(Cawley and Talbot 2010, *On Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation*).
Here, for each fold of people, every candidate is fitted and tested within the other folds, and the one that does best
there scores the fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from training.data.vectors import FEATURE_NAMES
from training.data.videos import VARIATION, Videos, fakes_alone, wholes
from training.evaluation.estimates import Floats, auc
from training.fitting.model import NOISY, Recipe, out_of_fold, trees

SHIPS = "as it ships"
"""Name of the candidate that is shipped."""


@dataclass(frozen=True)
class Candidate:
    """A recipe that might be chosen.

    Attributes:
        seeds: the same videos, with what each seed's networks say; of the first seeds alone where more take too long.
        recipe: of lines and trees; its seed is counted up.
    """

    seeds: Sequence[Videos]
    recipe: Recipe


@dataclass(frozen=True)
class Choice:
    """What was chosen for each fold of people, without it.

    Attributes:
        folds: by candidate, for which folds it was chosen.
        inner: by candidate, what it is worth within the other folds, for each fold: the mean of its AUC on "paired", on
            "all" and on each subset of fakes alone against all real videos.
        gains: by candidate, how much more that is than what the first candidate is worth there, of the same seeds.
        seeds: by candidate, how many it has.
        log_odds: shape (seeds, n), of every video by what was chosen for its fold. Where that has too few seeds, they
            are repeated.
    """

    folds: dict[str, tuple[int, ...]]
    inner: dict[str, tuple[float, ...]]
    gains: dict[str, tuple[float, ...]]
    seeds: dict[str, int]
    log_odds: Floats


def candidates(seeds: Sequence[Videos], others: Mapping[str, Sequence[Videos]], recipe: Recipe) -> dict[str, Candidate]:
    """What ships, and what differs from it in one thing.

    Args:
        seeds: the same videos, with what each seed's networks say.
        others: by name, what other networks say, of the same seeds or the first of them.
        recipe: of what ships.
    """
    sights = {
        f"trees see `{FEATURE_NAMES[VARIATION]}`": tuple(column for column in NOISY if column != VARIATION),
        f"trees see all {len(NOISY)} that they do not": (),
    }
    return {
        SHIPS: Candidate(seeds, recipe),
        **{name: Candidate(read, recipe) for name, read in others.items()},
        **{name: Candidate(seeds, replace(recipe, noisy=noisy)) for name, noisy in sights.items()},
    }


def choose(among: Mapping[str, Candidate]) -> Choice | None:
    """For each fold the candidate that does best within the others; None where there are too few folds to ask them.

    Seeds differ by more than recipes do. So each candidate is held against the first, which has all seeds, on those
    that it has itself. Where two do equally well, the earlier is chosen.
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
    """Out-of-fold log-odds of fits that have not seen one fold of people either; shape (seeds, n)."""
    recipe = candidate.recipe
    return np.array(
        [
            out_of_fold(one, trees(replace(recipe, seed=recipe.seed + place), one.fold != fold))[0]
            for place, one in enumerate(candidate.seeds)
        ]
    )


def _worth(videos: Videos, scores: Floats, known: NDArray[np.bool_]) -> Floats:
    """AUC of known videos for each seed, the mean over all that a model is for; shape (seeds,)."""
    asked = [part & known for part in (*wholes(videos).values(), *fakes_alone(videos).values())]
    parts = [part for part in asked if videos.of_both_kinds(part)]
    return np.array([np.mean([auc(videos.fake[part], row[part]) for part in parts]) for row in scores])
