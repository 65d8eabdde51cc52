"""Refitted models: ablations and permuted labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from joblib import Parallel, delayed
from notreally.v1 import features_pb2
from numpy.typing import NDArray

from gateway.features.vector import FEATURES
from training.data.folds import spread
from training.data.vectors import FEATURE_NAMES
from training.data.videos import APPEARANCE, BLENDING, Videos, headline_sets
from training.evaluation.estimates import (
    Bools,
    Estimate,
    Floats,
    auc_change,
    auc_estimate,
    stratified_auc,
)
from training.fitting.model import NETWORK_FEATURES, Recipe, log_odds_by

FALSE_ALARMS = 0.05
"""False positive rate at the operating point where sensitivity is measured."""

_MODALITIES = {
    features_pb2.MODALITY_FACE: "the face",
    features_pb2.MODALITY_AUDIO: "the sound",
    features_pb2.MODALITY_METADATA: "the file",
    features_pb2.MODALITY_FACE_AND_AUDIO: "face and sound together",
}


@dataclass(frozen=True)
class Ablation:
    """AUC without some features, on "paired" (when there are pairs) and on "all".

    Attributes:
        auc: of the ablated model.
        change: its difference from the full model.
    """

    auc: dict[str, Estimate]
    change: dict[str, Estimate]


def ablate(
    seeds: Sequence[Videos], recipes: Sequence[Recipe], whole: Floats, rng: np.random.Generator
) -> dict[str, Ablation]:
    """Models without a feature, or without a modality, by what is left out.

    Args:
        seeds: the same videos, with the scores of each seed's networks.
        recipes: of each seed.
        whole: shape (seeds, n), out-of-fold log-odds of the full model.
        rng: source of the draws.
    """
    videos = seeds[0]
    hidden: dict[str, tuple[int, ...]] = {f"`{name}`": (column,) for column, name in enumerate(FEATURE_NAMES)}
    for modality, said in _MODALITIES.items():
        columns = tuple(column for column, spec in enumerate(FEATURES) if spec.modality == modality)
        if len(columns) > 1:
            hidden[f"all of {said}"] = columns
    hidden["appearance network"] = (APPEARANCE, BLENDING)
    hidden["all networks"] = NETWORK_FEATURES
    # Features the trees do not see anyway are skipped; of several names for the same ablation, the last is kept.
    blind = set(recipes[0].blind)
    named = {tuple(sorted(set(columns) - blind)): name for name, columns in hidden.items()}
    hidden = {name: columns for columns, name in named.items() if columns}
    fits = [
        (one, replace(recipe, hidden=columns))
        for columns in hidden.values()
        for one, recipe in zip(seeds, recipes, strict=True)
    ]
    scores = Parallel(n_jobs=-1, prefer="threads")(delayed(log_odds_by)(one, recipe) for one, recipe in fits)
    by_name = zip(hidden, np.array(scores).reshape(len(hidden), len(seeds), len(videos)), strict=True)
    return {
        name: Ablation(
            {part: auc_estimate(videos, found, chosen, rng) for part, chosen in headline_sets(videos).items()},
            {part: auc_change(videos, found, whole, chosen, rng) for part, chosen in headline_sets(videos).items()},
        )
        for name, found in by_name
    }


@dataclass(frozen=True)
class Permutations:
    """AUC with permuted labels.

    Attributes:
        areas: AUC on all videos, one for each permutation with both labels outside of every fold.
        own: AUC with the true labels.
    """

    areas: tuple[float, ...]
    own: float


def permuted(videos: Videos, recipe: Recipe, times: int) -> Permutations:
    """AUC on all videos of models fitted to labels permuted over people.

    People with both labels have theirs swapped or not; the labels of the others are shuffled among them. Among people
    with both, half of the videos are fake, but not among the others, so a model could learn who has both. A fake is
    therefore compared only with real videos of people of its own kind: with both labels, or with one. The networks'
    scores still come from the true labels.
    """
    both = _of_people_with_both(videos)

    def area(fake: Bools) -> float:
        scores = log_odds_by(replace(videos, fake=fake), replace(recipe, quick=True))
        return float(stratified_auc(fake, scores, np.ones((1, len(fake))), both)[0])

    drawn = (permuted_labels(videos, np.random.default_rng([recipe.seed, number])) for number in range(times))
    kept = [fake for fake in drawn if spread(videos.fold, fake) and spread(videos.fold, ~fake)]
    areas = Parallel(n_jobs=-1, prefer="threads")(delayed(area)(fake) for fake in kept)
    return Permutations(tuple(areas), area(videos.fake))


def _of_people_with_both(videos: Videos) -> NDArray[np.intp]:
    """1 for videos of people who have both real and fake ones; shape (n,)."""
    mixed = [name for name in np.unique(videos.groups) if len(np.unique(videos.fake[videos.groups == name])) == 2]
    return np.isin(videos.groups, mixed).astype(np.intp)


def permuted_labels(videos: Videos, rng: np.random.Generator) -> Bools:
    """Labels permuted over people; shape (n,)."""
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
