"""Fitting the model: a soft maximum of the network features, and gradient-boosted trees on top of it.

The networks' scores are combined first, in a way that is fixed (`services.classifier.soft_maximum`), and the trees are
boosted from there with what else was measured: weights fitted to the scores of the sources at hand, and steps even more
so, are worse on others.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from training.data.vectors import FEATURE_NAMES
from training.data.videos import APPEARANCE, BITS, BLENDING, MOTION, SOUND, VOICE, Videos
from training.fitting.masking import mask

NOISY = (FEATURE_NAMES.index("nose_jitter"),)
"""Columns that are measured but not used by the trees: they do not help on sources never met (docs/experiments.md)."""

NETWORK_FEATURES = (APPEARANCE, BLENDING, MOTION)
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
NETWORKS_ATTRIBUTE = "notreally.networks"
"""Name that services/classifier/model.py reads as well."""
# With fewer videos with sound on each side, of people who are on both sides, sound is not learned from.
_COMPARABLE_SOUND = 20
# Real videos of which a network must know enough for their mean and deviation to be one.
_LEAST_KNOWN = 5
_MOST_UNKNOWN = 3.0  # standard deviations


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
        """All columns that the trees do not see. The voice has a score of its own."""
        return sorted({*self.hidden, *self.noisy, BITS, VOICE, *([] if self.learn_sound else SOUND.tolist())})


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
    """Fit soft maximum and trees to some rows of the videos. The same arguments give the same model.

    The soft maximum is an attribute of the booster; `log_odds` adds it to the output of the trees.

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
    networks = _fit_networks(features, fake, weights)
    seen = masked.features.copy()
    seen[:, list(NETWORK_FEATURES)] = np.nan
    matrix = xgboost.DMatrix(
        seen,
        fake[masked.source],
        weight=weights[masked.source] / copies,
        base_margin=_networks_log_odds(networks, masked.features),
        feature_names=list(FEATURE_NAMES),
        nthread=1,
    )
    booster = xgboost.train({**_TREES, "seed": recipe.seed}, matrix, num_boost_round=rounds)
    booster.set_attr(**{NETWORKS_ATTRIBUTE: json.dumps(networks)})
    return booster


_Networks = dict[str, Any]
"""As `services.classifier.model` reads it."""


def _fit_networks(features: NDArray[np.float64], fake: NDArray[np.bool_], weights: NDArray[np.float64]) -> _Networks:
    """What each network scores on real videos, and logistic regression on the soft maximum.

    A network that is hardly known, or does not score fakes higher, is left out.
    """
    terms = {}
    for column in NETWORK_FEATURES:
        known = np.isfinite(features[:, column])
        real, forged = features[known & ~fake, column], features[known & fake, column]
        if len(real) >= _LEAST_KNOWN and len(forged) and real.std() > 0 and forged.mean() > real.mean():
            terms[FEATURE_NAMES[column]] = {"usual": float(real.mean()), "spread": float(real.std()), "unknown": 0.0}
    _set_unknown(terms, features[~fake])
    networks: _Networks = {"slope": 1.0, "intercept": 0.0, "terms": terms}
    if not terms:
        return {**networks, "slope": 0.0}
    curve = LogisticRegression(C=1.0).fit(
        _networks_log_odds(networks, features)[:, np.newaxis], fake, sample_weight=weights
    )
    slope = float(curve.coef_[0, 0])
    if slope <= 0:
        return {**networks, "slope": 0.0}
    return {**networks, "slope": slope, "intercept": float(curve.intercept_[0])}


def _set_unknown(terms: dict[str, dict[str, float]], real: NDArray[np.float64]) -> None:
    """So that a gap is no sign either way: see `services.classifier.soft_maximum`.

    Args:
        terms: by feature; changed.
        real: (n, 10) features of real videos.
    """
    networks = {"slope": 1.0, "intercept": 0.0, "terms": terms}
    columns = [FEATURE_NAMES.index(name) for name in terms]
    complete = real[np.isfinite(real[:, columns]).all(axis=1)]
    if not len(complete):
        return
    median = np.median(_networks_log_odds(networks, complete))
    for name, column in zip(terms, columns, strict=True):
        gappy = complete.copy()
        gappy[:, column] = np.nan

        def beyond(unknown: float, name: str = name, gappy: NDArray[np.float64] = gappy) -> float:
            terms[name]["unknown"] = unknown
            return float(np.median(_networks_log_odds(networks, gappy)) - median)

        if beyond(-_MOST_UNKNOWN) < 0 < beyond(_MOST_UNKNOWN):
            terms[name]["unknown"] = float(brentq(beyond, -_MOST_UNKNOWN, _MOST_UNKNOWN, xtol=1e-6))
        else:
            terms[name]["unknown"] = 0.0


def _networks_log_odds(networks: _Networks, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, 10) to (m,)."""
    if not networks["terms"]:
        return np.full(len(features), networks["intercept"])
    deviations = [
        (features[:, FEATURE_NAMES.index(name)] - term["usual"]) / term["spread"]
        for name, term in networks["terms"].items()
    ]
    unknown = np.array([term["unknown"] for term in networks["terms"].values()])
    shown = np.where(np.isfinite(deviations), deviations, unknown[:, np.newaxis])
    maximum = logsumexp(shown, axis=0) - np.log(len(shown))
    return np.asarray(networks["slope"] * maximum + networks["intercept"], dtype=np.float64)


def log_odds(booster: xgboost.Booster, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of being fake before calibration, by the model of `fit_trees`; (m, 10) to (m,)."""
    matrix = xgboost.DMatrix(features, feature_names=list(FEATURE_NAMES), nthread=1)
    scores: NDArray[np.float64] = booster.predict(matrix, output_margin=True).astype(np.float64)
    return scores + _networks_log_odds(json.loads(booster.attr(NETWORKS_ATTRIBUTE) or ""), features)


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
