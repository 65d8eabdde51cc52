"""Trees fitted anew: shown less, told wrong, without a method. And scores after shams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from joblib import Parallel, delayed
from notreally.v1 import features_pb2
from numpy.typing import NDArray

from gateway.features.vector import FEATURES
from training.data.folds import spread
from training.data.vectors import FEATURE_NAMES
from training.data.videos import MOTION, TEXTURE, VARIATION, Videos, wholes
from training.evaluation.estimates import (
    Bools,
    Estimate,
    Floats,
    auc_change,
    auc_estimate,
    share,
    share_change,
    stratified_auc,
)
from training.evaluation.verdicts import cross_fitted
from training.fitting.model import Recipe, log_odds_by, out_of_fold, trees
from training.networks.scores import TextureScores, every, texture_of

FALSE_ALARMS = 0.05
"""Share of real videos that may be taken for fake where sensitivity is measured."""

_ENOUGH_FAKES = 5
"""A method with fewer fakes is not left out by itself: its AUC would be luck."""

_MODALITIES = {
    features_pb2.MODALITY_FACE: "the face",
    features_pb2.MODALITY_AUDIO: "the sound",
    features_pb2.MODALITY_METADATA: "the file",
    features_pb2.MODALITY_FACE_AND_AUDIO: "face and sound together",
}


@dataclass(frozen=True)
class Ablation:
    """What trees are worth that are not shown something; "paired" (when there are pairs) and "all".

    Attributes:
        auc: theirs.
        change: theirs less that of the trees that are shown everything.
    """

    auc: dict[str, Estimate]
    change: dict[str, Estimate]


@dataclass(frozen=True)
class Sham:
    """What a sham does to the share of real videos that are taken for fake.

    Attributes:
        before: the share without it, on the same crops.
        after: the share with it.
        change: of the two; what matters is whether its interval holds 0.
    """

    before: Estimate
    after: Estimate
    change: Estimate


def ablate(
    seeds: Sequence[Videos], recipes: Sequence[Recipe], whole: Floats, rng: np.random.Generator
) -> dict[str, Ablation]:
    """Trees that are not shown a feature, or a modality; by what they are not shown.

    Args:
        seeds: the same videos, with the texture scores of each seed's networks.
        recipes: of each seed.
        whole: shape (seeds, n), out-of-fold log-odds of trees that are shown everything.
        rng: source of the draws.
    """
    videos = seeds[0]
    hidden: dict[str, tuple[int, ...]] = {f"`{name}`": (column,) for column, name in enumerate(FEATURE_NAMES)}
    for modality, said in _MODALITIES.items():
        columns = tuple(column for column, spec in enumerate(FEATURES) if spec.modality == modality)
        if len(columns) > 1:
            hidden[f"all of {said}"] = columns
    hidden["texture network"] = (TEXTURE, VARIATION)
    hidden["both networks"] = (TEXTURE, VARIATION, MOTION)
    # What the trees do not look at anyway changes nothing; what leaves them the same is named once, by its last name.
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
            {part: auc_estimate(videos, found, chosen, rng) for part, chosen in wholes(videos).items()},
            {part: auc_change(videos, found, whole, chosen, rng) for part, chosen in wholes(videos).items()},
        )
        for name, found in by_name
    }


def without_method(
    seeds: Sequence[Videos], recipes: Sequence[Recipe], comparisons: Mapping[str, Bools], rng: np.random.Generator
) -> dict[str, Estimate]:
    """AUC on each method's fakes of trees that have seen no fake of that method, nor the people they are tested on.

    Args:
        seeds: the same videos, with the texture scores of each seed's networks.
        recipes: of each seed.
        comparisons: by method, its fakes and the real videos they are held against.
        rng: source of the draws.
    """
    videos, found = seeds[0], {}
    for method, chosen in comparisons.items():
        others = videos.fake & (videos.methods != method)
        # Fakes of other methods in one fold alone would leave none to learn from when it is tested.
        if np.sum(videos.fake & chosen) < _ENOUGH_FAKES or len(np.unique(videos.fold[others])) < 2:
            continue
        fits = [trees(recipe, ~videos.fake | others) for recipe in recipes]
        scores = [out_of_fold(one, fit)[0] for one, fit in zip(seeds, fits, strict=True)]
        found[method] = auc_estimate(videos, np.array(scores), chosen, rng)
    return found


@dataclass(frozen=True)
class Permutations:
    """What is left to learn from labels that say nothing.

    Attributes:
        areas: AUC on all videos, one for each permutation that leaves labels of both kinds outside of every fold.
        own: of the labels as they are.
    """

    areas: tuple[float, ...]
    own: float


def permuted(videos: Videos, recipe: Recipe, times: int) -> Permutations:
    """AUC on all videos of lines and trees that learn from labels permuted over people.

    People with both labels have theirs exchanged or not; the others' are dealt out among them. So of the videos of
    people with both half are fake, of the others' another share, and who has both could be learned: a fake is held
    against real videos of people like its own alone, with both or with one. What the networks read was learned from the
    labels as they are.
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
    """1 for videos of people of whom there are real and fake ones; shape (n,)."""
    mixed = [name for name in np.unique(videos.groups) if len(np.unique(videos.fake[videos.groups == name])) == 2]
    return np.isin(videos.groups, mixed).astype(np.intp)


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


def after_shams(
    seeds: Sequence[Videos], recipes: Sequence[Recipe], texture: TextureScores, rng: np.random.Generator
) -> dict[str, Sham]:
    """Share of real videos taken for fake, by the network at a threshold that 5 % pass before, and by verdicts.

    For verdicts the texture features of the vectors are replaced; the others stay as they are.
    """
    videos = seeds[0]
    plain = [texture_of(videos, of) for of in every(texture.log_odds)]
    shams = {}
    for name, scores in texture.sham.items():
        sham = [texture_of(videos, of) for of in scores]
        known = ~videos.fake & np.isfinite([*plain, *sham]).all(axis=(0, 2))
        if not known.any():
            continue
        groups = videos.groups[known]
        before, after = (np.array(of)[:, known, 0] for of in (plain, sham))
        threshold = np.quantile(before, 1 - FALSE_ALARMS, axis=1, keepdims=True)
        shams[f"{name}: network at {100 * FALSE_ALARMS:.0f} % false alarms"] = sham_of(
            groups, before > threshold, after > threshold, rng
        )
        seen = []
        for one, recipe, *views in zip(seeds, recipes, plain, sham, strict=True):
            vectors = [with_readings(one, view, one.features[:, MOTION]) for view in views]
            seen.append(out_of_fold(one, trees(recipe), one.features, *vectors))
        _, (_, was), (_, now) = cross_fitted(videos, *np.stack(seen, axis=1))
        shams[f"{name}: verdicts"] = sham_of(groups, was[:, known] == 1, now[:, known] == 1, rng)
    return shams


def with_readings(videos: Videos, texture: Floats, motion: Floats) -> Floats:
    """Vectors (n, 10) with what the networks read replaced: both texture features (n, 2), and movement (n,)."""
    vectors = videos.features.copy()
    vectors[:, [TEXTURE, VARIATION]], vectors[:, MOTION] = texture, motion
    return vectors


def sham_of(groups: NDArray[np.str_], before: Bools, after: Bools, rng: np.random.Generator) -> Sham:
    """Of verdicts (seeds, n) before and afterwards."""
    was, now = before.astype(np.float64), after.astype(np.float64)
    return Sham(share(groups, was, None, rng), share(groups, now, None, rng), share_change(groups, was, now, rng))
