"""What a recipe is worth that is chosen for people by other people alone.

Whoever compares recipes by scores of some people, and reports the best one's score of the same people, reports too much
(Cawley and Talbot 2010, *On Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation*).
Here, for each fold of people, every candidate is fitted and tested within the other folds, and the one that does best
there scores the fold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from training.estimates import Floats, auc
from training.fitting import NOISY, Fit, Recipe, out_of_fold, trees
from training.vectors import FEATURE_NAMES
from training.videos import VARIATION, Videos, fakes_alone, wholes

SHIPS = "as it ships"
"""Name of the candidate that is shipped."""


@dataclass(frozen=True)
class Candidate:
    """A recipe that might be chosen.

    Attributes:
        seeds: the same videos, with what each seed's networks say.
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
        log_odds: shape (seeds, n), of every video by what was chosen for its fold.
    """

    folds: dict[str, tuple[int, ...]]
    inner: dict[str, tuple[float, ...]]
    log_odds: Floats


def candidates(seeds: Sequence[Videos], others: Mapping[str, Sequence[Videos]], recipe: Recipe) -> dict[str, Candidate]:
    """What ships, and what differs from it in one thing.

    Args:
        seeds: the same videos, with what each seed's networks say.
        others: by name, what other networks say.
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

    Where two do equally well, the first is chosen.
    """
    videos = next(iter(among.values())).seeds[0]
    numbers = np.unique(videos.fold).tolist()
    if not all(_both(videos, ~np.isin(videos.fold, two)) for two in combinations(numbers, 2)):
        return None
    inner: dict[str, list[float]] = {name: [] for name in among}
    folds: dict[str, list[int]] = {name: [] for name in among}
    chosen = np.empty((len(next(iter(among.values())).seeds), len(videos)))
    for number in numbers:
        unseen = videos.fold == number
        scores = {name: _without(number, one) for name, one in among.items()}
        for name, found in scores.items():
            inner[name].append(_worth(videos, found, ~unseen))
        best = max(among, key=lambda name: inner[name][-1])
        folds[best].append(number)
        chosen[:, unseen] = scores[best][:, unseen]
    return Choice(
        {name: tuple(those) for name, those in folds.items()},
        {name: tuple(areas) for name, areas in inner.items()},
        chosen,
    )


def _without(fold: int, candidate: Candidate) -> Floats:
    """Out-of-fold log-odds of fits that have not seen one fold of people either; shape (seeds, n)."""

    def fit(recipe: Recipe) -> Fit:
        def of(videos: Videos, rows: NDArray[np.intp]) -> Callable[[Floats], Floats]:
            return trees(recipe)(videos, rows[videos.fold[rows] != fold])

        return of

    recipe = candidate.recipe
    return np.array(
        [
            out_of_fold(one, fit(replace(recipe, seed=recipe.seed + place)))[0]
            for place, one in enumerate(candidate.seeds)
        ]
    )


def _worth(videos: Videos, scores: Floats, known: NDArray[np.bool_]) -> float:
    """AUC of known videos, the mean over seeds and over all that a model is for."""
    asked = [part & known for part in (*wholes(videos).values(), *fakes_alone(videos).values())]
    parts = [part for part in asked if _both(videos, part)]
    return float(np.mean([auc(videos.fake[part], row[part]) for part in parts for row in scores]))


def _both(videos: Videos, chosen: NDArray[np.bool_]) -> bool:
    """Whether real and fake videos are among the chosen ones."""
    return bool(0 < videos.fake[chosen].sum() < chosen.sum())
