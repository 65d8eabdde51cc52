"""Fitting the model: logistic regression on the network features, and gradient-boosted trees on top of it.

Trees are step functions, with few steps when fitted to a few hundred videos: between two videos on the same step, a
difference in a network's score is lost. So network scores enter linearly, and the trees are boosted from there.
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
from training.data.videos import APPEARANCE, BITS, MOTION, SOUND, Videos
from training.fitting.masking import mask

NOISY = tuple(
    map(
        FEATURE_NAMES.index,
        ("nose_jitter", "face_appearance_variation", "hf_face_ring_logratio"),
    )
)
"""Columns that are measured but not used by the trees: they do not help on sources never met (docs/experiments.md)."""

_NETWORK_FEATURES = (APPEARANCE, MOTION)
"""Columns from networks: larger means more likely forged."""

PRIOR_FAKE = 0.5
"""Share of fakes that weights, calibration and bands assume."""

_COPIES = 12
_ROUNDS = 150
# A few hundred noisy videos support few degrees of freedom: shallow trees, a small step size, large leaves.
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
LINEAR_ATTRIBUTE = "notreally.lines"
"""Name that services/classifier/model.py reads as well."""
# With fewer videos with sound on each side, of people who are on both sides, sound is not learned from.
_COMPARABLE_SOUND = 20


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of a fit.

    Attributes:
        seed: makes masks and trees reproducible.
        learn_sound: whether the trees may use features that need sound.
        hidden: columns that the trees may not use.
        noisy: further columns that they may not use.
        quick: fewer rounds and copies, for fits that are repeated hundreds of times.
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
"""Fits to some rows of the videos; returns a function from features (m, 10) to log-odds (m,)."""


def sound_is_comparable(videos: Videos) -> bool:
    """Whether differences in sound can reflect the label rather than the source of the videos.

    True when enough videos with sound, on both sides, belong to people who appear on both sides.
    """
    both = np.intersect1d(videos.groups[videos.fake], videos.groups[~videos.fake])
    heard = np.isfinite(videos.features[:, SOUND]).any(axis=1) & np.isin(videos.groups, both)
    return bool(min(np.sum(heard & videos.fake), np.sum(heard & ~videos.fake)) >= _COMPARABLE_SOUND)


def class_weights(fake: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights that give each class half of the total; shape (n,), mean 1."""
    fakes = int(fake.sum())
    of_fake, of_real = len(fake) * PRIOR_FAKE / fakes, len(fake) * (1 - PRIOR_FAKE) / (len(fake) - fakes)
    return np.where(fake, of_fake, of_real)


def fit_trees(videos: Videos, rows: NDArray[np.intp], recipe: Recipe) -> xgboost.Booster:
    """Fit logistic regression and trees to some rows of the videos. The same arguments give the same model.

    The linear terms are an attribute of the booster: each is `slope` times the distance of a network feature from
    `middle`, or 0 where it is missing. `log_odds` adds them to the output of the trees.

    Args:
        videos: all videos.
        rows: which of them to fit to.
        recipe: seed and hyperparameters.
    """
    features, fake = videos.features[rows], videos.fake[rows]
    features[:, recipe.blind] = np.nan
    weights = class_weights(fake)
    copies, rounds = (2, _ROUNDS // 3) if recipe.quick else (_COPIES, _ROUNDS)
    masked = mask(features, fake, weights, copies=copies, rng=np.random.default_rng(recipe.seed))
    linear = _fit_linear(features, fake, weights)
    matrix = xgboost.DMatrix(
        masked.features,
        fake[masked.source],
        weight=weights[masked.source] / copies,
        base_margin=_linear_log_odds(linear, masked.features),
        feature_names=list(FEATURE_NAMES),
        nthread=1,
    )
    # Their sign is known: networks were trained to score forged faces higher.
    rising = tuple(int(column in _NETWORK_FEATURES) for column in range(len(FEATURE_NAMES)))
    settings = {**_TREES, "seed": recipe.seed, "monotone_constraints": str(rising)}
    booster = xgboost.train(settings, matrix, num_boost_round=rounds)
    booster.set_attr(**{LINEAR_ATTRIBUTE: json.dumps(linear)})
    return booster


_Linear = dict[str, dict[str, float]]


def _fit_linear(features: NDArray[np.float64], fake: NDArray[np.bool_], weights: NDArray[np.float64]) -> _Linear:
    """Joint logistic regression on the network features; slope 0 for one that is unknown or would get a negative slope.

    A missing value counts as the mean.
    """
    linear = {FEATURE_NAMES[column]: {"slope": 0.0, "middle": 0.0} for column in _NETWORK_FEATURES}
    known = np.isfinite(features)
    used = [column for column in _NETWORK_FEATURES if 0 < fake[known[:, column]].sum() < known[:, column].sum()]
    while used:
        usual = np.array([np.average(features[known[:, i], i], weights=weights[known[:, i]]) for i in used])
        shown = np.where(known[:, used], features[:, used] - usual, 0.0)
        curve = LogisticRegression(C=1.0).fit(shown, fake, sample_weight=weights)
        slopes = curve.coef_[0]
        if (slopes > 0).all():
            # The intercept goes into the middle of the first.
            middles = usual - np.r_[curve.intercept_[0] / slopes[0], np.zeros(len(used) - 1)]
            for column, slope, middle in zip(used, slopes, middles, strict=True):
                linear[FEATURE_NAMES[column]] = {"slope": float(slope), "middle": float(middle)}
            break
        used = [column for column, slope in zip(used, slopes, strict=True) if slope > 0]
    return linear


def _linear_log_odds(linear: _Linear, features: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(len(features))
    for name, term in linear.items():
        distance = features[:, FEATURE_NAMES.index(name)] - term["middle"]
        total += term["slope"] * np.where(np.isfinite(distance), distance, 0.0)
    return total


def log_odds(booster: xgboost.Booster, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of being fake before calibration, by the model of `fit_trees`; (m, 10) to (m,)."""
    matrix = xgboost.DMatrix(features, feature_names=list(FEATURE_NAMES), nthread=1)
    scores: NDArray[np.float64] = booster.predict(matrix, output_margin=True).astype(np.float64)
    return scores + _linear_log_odds(json.loads(booster.attr(LINEAR_ATTRIBUTE) or ""), features)


def trees(recipe: Recipe, trainable: NDArray[np.bool_] | None = None) -> Fit:
    """`fit_trees` in the form that `out_of_fold` takes.

    Args:
        recipe: seed and hyperparameters.
        trainable: shape (n,), the videos that may be trained on, whoever is held out; None for all.
    """

    def fit(videos: Videos, rows: NDArray[np.intp]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        booster = fit_trees(videos, rows if trainable is None else rows[trainable[rows]], recipe)
        return lambda features: log_odds(booster, features)

    return fit


def log_odds_by(videos: Videos, recipe: Recipe) -> NDArray[np.float64]:
    """Out-of-fold log-odds of the model; shape (n,)."""
    return out_of_fold(videos, trees(recipe))[0]


def out_of_fold(videos: Videos, fit: Fit, *views: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Score every video with a model that has not seen its group.

    Args:
        videos: to train on and score.
        fit: fits to all folds but one.
        views: features to score, each shape (n, 10); the videos' own if none is given.

    Returns:
        Log-odds for each view, each shape (n,).
    """
    views, fold = views or (videos.features,), videos.fold

    def one(number: int) -> list[NDArray[np.float64]]:
        predict = fit(videos, np.flatnonzero(fold != number))
        return [predict(view[fold == number]) for view in views]

    scores = tuple(np.empty(len(videos)) for _ in views)
    numbers = np.unique(fold)
    # Threads suffice: XGBoost releases the GIL while it fits.
    for number, parts in zip(numbers, Parallel(n_jobs=-1, prefer="threads")(map(delayed(one), numbers)), strict=True):
        for score, part in zip(scores, parts, strict=True):
            score[fold == number] = part
    return scores
