"""Fitting the model: lines through what networks read, and trees that say what the lines do not.

Trees answer in steps, and of a few hundred videos they make few: where two videos lie on one step, what a network reads
in them is lost. So readings enter as they are, by logistic regression, and the trees are boosted from there.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xgboost
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.data.vectors import FEATURE_NAMES
from training.data.videos import BITS, MOTION, SOUND, TEXTURE, Videos
from training.fitting.masking import mask

NOISY = tuple(map(FEATURE_NAMES.index, ("nose_jitter", "face_texture_variation", "hf_face_ring_logratio")))
"""Columns that are measured and not learned from: trees that saw them ranked people they had not seen worse than trees
that did not (docs/experiments.md)."""

_READINGS = (TEXTURE, MOTION)
"""Columns that networks give: the more, the more forged."""

PRIOR_FAKE = 0.5
"""Share of fakes that weights, calibration and bands assume."""

_COPIES = 12
_ROUNDS = 150
# A few hundred noisy videos carry few degrees of freedom: shallow trees, slow steps, leaves of many videos.
_TREES = {
    "objective": "binary:logistic",
    "base_score": PRIOR_FAKE,
    "tree_method": "hist",
    "max_depth": 2,
    "eta": 0.05,
    "min_child_weight": 4.0,
    "reg_lambda": 30.0,
    "subsample": 0.7,
    "colsample_bynode": 0.6,
    "nthread": 1,
}
# Name that services/classifier/model.py reads as well.
_LINES_ATTRIBUTE = "notreally.lines"
# Fewer than this many videos with sound on each side, of people who are on both sides, and sound stays out.
_COMPARABLE_SOUND = 20


@dataclass(frozen=True)
class Recipe:
    """What a fit is told.

    Attributes:
        seed: makes masks and trees reproducible.
        learn_sound: whether the trees may look at features that need sound.
        hidden: columns that the trees may not look at.
        noisy: nor at these.
        quick: fewer rounds and copies, where the same fit is made hundreds of times.
    """

    seed: int
    learn_sound: bool
    hidden: tuple[int, ...] = ()
    noisy: tuple[int, ...] = NOISY
    quick: bool = False

    @property
    def blind(self) -> list[int]:
        """All columns that the trees do not see."""
        return sorted({*self.hidden, *self.noisy, BITS, *([] if self.learn_sound else SOUND.tolist())})


Fit = Callable[[Videos, NDArray[np.intp]], Callable[[NDArray[np.float64]], NDArray[np.float64]]]
"""Learns from some rows of the videos; gives a function from features (m, 10) to log-odds (m,)."""


def sound_is_comparable(videos: Videos) -> bool:
    """Whether sound can be told apart by label rather than by where the videos come from.

    True when enough videos with sound, on both sides, belong to people who appear on both sides.
    """
    both = np.intersect1d(videos.groups[videos.fake], videos.groups[~videos.fake])
    heard = np.isfinite(videos.features[:, SOUND]).any(axis=1) & np.isin(videos.groups, both)
    return bool(min(np.sum(heard & videos.fake), np.sum(heard & ~videos.fake)) >= _COMPARABLE_SOUND)


def class_weights(fake: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights that give both classes half of the total; shape (n,), mean 1."""
    fakes = int(fake.sum())
    of_fake, of_real = len(fake) * PRIOR_FAKE / fakes, len(fake) * (1 - PRIOR_FAKE) / (len(fake) - fakes)
    return np.where(fake, of_fake, of_real)


def fit_trees(videos: Videos, rows: NDArray[np.intp], recipe: Recipe) -> xgboost.Booster:
    """Fit lines and trees to some rows of the videos. The same arguments give the same model.

    The lines are an attribute of the booster: each adds `slope` times the distance of a network's reading from
    `middle`, or 0 where there is no reading. `log_odds` adds them to what the trees say.

    Args:
        videos: all videos.
        rows: which of them to learn from.
        recipe: seed and what to look at.
    """
    features, fake = videos.features[rows], videos.fake[rows]
    features[:, recipe.blind] = np.nan
    weights = class_weights(fake)
    copies, rounds = (2, _ROUNDS // 3) if recipe.quick else (_COPIES, _ROUNDS)
    masked = mask(features, fake, weights, copies=copies, rng=np.random.default_rng(recipe.seed))
    lines = _lines(features, fake, weights)
    matrix = xgboost.DMatrix(
        masked.features,
        fake[masked.source],
        weight=weights[masked.source] / copies,
        base_margin=_on_lines(lines, masked.features),
        feature_names=list(FEATURE_NAMES),
        nthread=1,
    )
    # Whose sign is known beforehand: networks were trained to say more where a face is forged.
    rising = tuple(int(column in _READINGS) for column in range(len(FEATURE_NAMES)))
    settings = {**_TREES, "seed": recipe.seed, "monotone_constraints": str(rising)}
    booster = xgboost.train(settings, matrix, num_boost_round=rounds)
    booster.set_attr(**{_LINES_ATTRIBUTE: json.dumps(lines)})
    return booster


_Lines = dict[str, dict[str, float]]


def _lines(features: NDArray[np.float64], fake: NDArray[np.bool_], weights: NDArray[np.float64]) -> _Lines:
    """Logistic regression on what the networks read, together; flat for a reading that is not known, or falls.

    A reading that is missing counts as usual.
    """
    lines = {FEATURE_NAMES[column]: {"slope": 0.0, "middle": 0.0} for column in _READINGS}
    known = np.isfinite(features)
    used = [column for column in _READINGS if 0 < fake[known[:, column]].sum() < known[:, column].sum()]
    while used:
        usual = np.array([np.average(features[known[:, i], i], weights=weights[known[:, i]]) for i in used])
        shown = np.where(known[:, used], features[:, used] - usual, 0.0)
        curve = LogisticRegression(C=1.0).fit(shown, fake, sample_weight=weights)
        slopes = curve.coef_[0]
        if (slopes > 0).all():
            # What is left over is said by the first.
            middles = usual - np.r_[curve.intercept_[0] / slopes[0], np.zeros(len(used) - 1)]
            for column, slope, middle in zip(used, slopes, middles, strict=True):
                lines[FEATURE_NAMES[column]] = {"slope": float(slope), "middle": float(middle)}
            break
        used = [column for column, slope in zip(used, slopes, strict=True) if slope > 0]
    return lines


def _on_lines(lines: _Lines, features: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(len(features))
    for name, line in lines.items():
        distance = features[:, FEATURE_NAMES.index(name)] - line["middle"]
        total += line["slope"] * np.where(np.isfinite(distance), distance, 0.0)
    return total


def log_odds(booster: xgboost.Booster, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of being fake before calibration, of the lines and the trees of `fit_trees`; (m, 10) to (m,)."""
    matrix = xgboost.DMatrix(features, feature_names=list(FEATURE_NAMES), nthread=1)
    scores: NDArray[np.float64] = booster.predict(matrix, output_margin=True).astype(np.float64)
    return scores + _on_lines(json.loads(booster.attr(_LINES_ATTRIBUTE) or ""), features)


def trees(recipe: Recipe, taught: NDArray[np.bool_] | None = None) -> Fit:
    """`fit_trees` in the form that `out_of_fold` takes.

    Args:
        recipe: seed and what to look at.
        taught: shape (n,), the videos that may be learned from, whoever is held out; None for all.
    """

    def fit(videos: Videos, rows: NDArray[np.intp]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        booster = fit_trees(videos, rows if taught is None else rows[taught[rows]], recipe)
        return lambda features: log_odds(booster, features)

    return fit


def log_odds_by(videos: Videos, recipe: Recipe) -> NDArray[np.float64]:
    """Out-of-fold log-odds of trees; shape (n,)."""
    return out_of_fold(videos, trees(recipe))[0]


def out_of_fold(videos: Videos, fit: Fit, *views: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Score every video with a model that has not seen its group.

    Args:
        videos: what to learn from.
        fit: learns from all folds but one.
        views: features to score, each shape (n, 10); the videos' own when none is given.

    Returns:
        Log-odds for each view, each shape (n,).
    """
    views, fold = views or (videos.features,), videos.fold

    def one(number: int) -> list[NDArray[np.float64]]:
        predict = fit(videos, np.flatnonzero(fold != number))
        return [predict(view[fold == number]) for view in views]

    scores = tuple(np.empty(len(videos)) for _ in views)
    numbers = np.unique(fold)
    # Threads: XGBoost lets go of the interpreter while it fits.
    for number, parts in zip(numbers, Parallel(n_jobs=-1, prefer="threads")(map(delayed(one), numbers)), strict=True):
        for score, part in zip(scores, parts, strict=True):
            score[fold == number] = part
    return scores
