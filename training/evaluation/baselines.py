"""Baselines on the same folds: shortcuts, single features and simpler models."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.data.videos import APPEARANCE, BITS, BLENDING, MOTION, SOUND, Videos
from training.fitting.model import NETWORK_FEATURES, Fit, class_weights, out_of_fold

_Floats = NDArray[np.float64]

NETWORK_ONLY = "Appearance alone"
_BLENDING_ONLY = "Blending alone"
_MOTION_ONLY = "Motion network alone"


def only_missingness(features: _Floats) -> _Floats:
    """The same missing values, and nothing else: every other value becomes the median of its feature."""
    return np.where(np.isnan(features), np.nan, _medians(features))


def baselines(videos: Videos, *, learn_sound: bool) -> dict[str, _Floats]:
    """Out-of-fold scores of models that the trees should beat, by name; each of shape (n,).

    Args:
        videos: everything.
        learn_sound: as for the trees. The model on gaps alone always sees which videos have sound.
    """
    looked_at = np.setdiff1d(np.arange(videos.features.shape[1]), [] if learn_sound else SOUND)
    by_hand = np.setdiff1d(looked_at, NETWORK_FEATURES)
    fits: dict[str, Fit] = {
        "Bits per pixel only": _logistic(lambda features: features[:, [BITS]]),
        "Gaps only": _logistic(lambda features: np.isnan(features).astype(np.float64)),
        "Hand-made features only": _logistic(lambda features: features[:, by_hand]),
        "Best single feature": _best_single(looked_at),
        "Logistic regression": _logistic(lambda features: features[:, looked_at]),
    }
    scores = {name: out_of_fold(videos, fit)[0] for name, fit in fits.items()}
    networks = {
        NETWORK_ONLY: videos.features[:, APPEARANCE],
        _BLENDING_ONLY: videos.features[:, BLENDING],
        _MOTION_ONLY: videos.features[:, MOTION],
    }
    medians = _medians(np.column_stack(list(networks.values())))
    alone = {
        name: np.where(np.isnan(reading), median, reading)
        for (name, reading), median in zip(networks.items(), medians, strict=True)
    }
    return {"Majority class": np.zeros(len(videos)), **scores, **alone}


def _logistic(view: Callable[[_Floats], _Floats]) -> Fit:
    def fit(videos: Videos, rows: NDArray[np.intp]) -> Callable[[_Floats], _Floats]:
        model = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), LogisticRegression(C=1.0)
        )
        fake = videos.fake[rows]
        model.fit(view(videos.features[rows]), fake, logisticregression__sample_weight=class_weights(fake))

        def predict(features: _Floats) -> _Floats:
            scores: _Floats = model.decision_function(view(features))
            return scores

        return predict

    return fit


def _best_single(looked_at: NDArray[np.intp]) -> Fit:
    """The feature, and its direction, with the best training AUC; a missing value ranks in the middle."""

    def fit(videos: Videos, rows: NDArray[np.intp]) -> Callable[[_Floats], _Floats]:
        features, fake = videos.features[rows], videos.fake[rows]
        medians = _medians(features)
        filled = np.where(np.isnan(features), medians, features)
        areas = {column: roc_auc_score(fake, filled[:, column]) - 0.5 for column in looked_at}
        best = max(areas, key=lambda column: abs(areas[column]))

        def predict(unseen: _Floats) -> _Floats:
            column = unseen[:, best]
            scores: _Floats = np.sign(areas[best]) * np.where(np.isnan(column), medians[best], column)
            return scores

        return predict

    return fit


def _medians(features: _Floats) -> _Floats:
    """Median of each column, 0 where it is missing throughout; shape (columns,)."""
    present = [column[np.isfinite(column)] for column in features.T]
    return np.array([np.median(values) if values.size else 0.0 for values in present])
