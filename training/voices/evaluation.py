"""What the voice network is worth on pages, speakers and systems that it has not met."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from training.fitting.calibration import MAX_ERROR, Band, Calibration, calibrate, inconclusive_band
from training.voices.recordings import KINDS, Recording

Scores = NDArray[np.float64]
Fitted = TypeVar("Fitted")

_AIM = 0.08
"""Share of wrong verdicts that the band is fitted to. Closer to what is allowed on others than for the face: there are
more recordings, so that the share on pages not met is nearly the same (docs/voice-card.md)."""
_DRAWS = 500
_BEYOND = 2.5  # percent of the draws on each side of an interval
_FEWEST = 8  # real recordings of a page to be compared with those of another


@dataclass(frozen=True)
class Area:
    """An area under the ROC curve with its 95 % interval by a bootstrap over pages.

    Attributes:
        value, low, high: NaN where there is a class too few.
        real, fake: recordings.
    """

    value: float
    low: float
    high: float
    real: int
    fake: int


@dataclass(frozen=True)
class Verdicts:
    """Cross-fitted verdicts: curve and band come from the other folds.

    Attributes:
        given: share of recordings that get one.
        wrong_fake, wrong_real: share of those called fake, real, that are not; each class weighs half. NaN without any.
        false_alarms: share of real recordings called fake.
        caught: share of synthesised recordings called fake.
    """

    given: float
    wrong_fake: float
    wrong_real: float
    false_alarms: float
    caught: float


def held_out(
    recordings: Sequence[Recording],
    fold: NDArray[np.intp],
    fit: Callable[[NDArray[np.intp]], Fitted],
    may: Callable[[int], NDArray[np.bool_]],
) -> dict[str, Fitted]:
    """By page, what was fitted without it and has not met its speakers and its systems either.

    Args:
        recordings: n of them.
        fold: (n,), from `training.voices.recordings.page_folds`.
        fit: indices to learn from, to what scores.
        may: which recordings may be learned from when a fold is tested.
    """
    found: dict[str, Fitted] = {}
    for number in np.unique(fold).tolist():
        fitted_without = fit(np.flatnonzero(may(number)))
        found |= dict.fromkeys((recordings[i].page for i in np.flatnonzero(fold == number).tolist()), fitted_without)
    return found


def area(recordings: Sequence[Recording], scores: Scores, chosen: NDArray[np.bool_]) -> Area:
    """The area on chosen recordings that have a score."""
    chosen = chosen & np.isfinite(scores)
    fake = np.array([one.fake for one in recordings])[chosen]
    shown, pages = scores[chosen], np.array([one.page for one in recordings])[chosen]
    if fake.all() or not fake.any():
        return Area(np.nan, np.nan, np.nan, int((~fake).sum()), int(fake.sum()))
    rng = np.random.default_rng(0)
    names, place = np.unique(pages, return_inverse=True)
    drawn = []
    for _ in range(_DRAWS):
        weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))[place]
        if weights[fake].any() and weights[~fake].any():
            drawn.append(roc_auc_score(fake, shown, sample_weight=weights))
    low, high = np.percentile(drawn, [_BEYOND, 100 - _BEYOND])
    return Area(float(roc_auc_score(fake, shown)), float(low), float(high), int((~fake).sum()), int(fake.sum()))


def by_kind(recordings: Sequence[Recording], scores: Scores, chosen: NDArray[np.bool_]) -> dict[str, Area]:
    """Each kind of synthesis against all real recordings, of the chosen ones."""
    kinds = np.array([one.kind for one in recordings])
    real = ~np.array([one.fake for one in recordings])
    return {
        kind: area(recordings, scores, chosen & (real | (kinds == kind))) for kind in KINDS if (kinds == kind).any()
    }


def between_pages(recordings: Sequence[Recording], scores: Scores) -> float:
    """How well the score tells real recordings of one page from those of another, where it should not.

    The mean over pairs of pages of the area, counted from 0.5 upwards.
    """
    pages = np.array([one.page for one in recordings])
    real = ~np.array([one.fake for one in recordings]) & np.isfinite(scores)
    names = [page for page in np.unique(pages) if (real & (pages == page)).sum() >= _FEWEST]
    found = []
    for index, one in enumerate(names):
        for other in names[:index]:
            first, second = scores[real & (pages == one)], scores[real & (pages == other)]
            labels = np.repeat([0, 1], [len(first), len(second)])
            found.append(abs(roc_auc_score(labels, np.concatenate([first, second])) - 0.5) + 0.5)
    return float(np.mean(found)) if found else np.nan


def fitted(recordings: Sequence[Recording], scores: Scores) -> tuple[Calibration, Band]:
    """Curve and band from held-out scores (views, n); a view is not another recording."""
    known = np.isfinite(scores).all(axis=0)
    fake = np.array([one.fake for one in recordings])[known]
    curve = calibrate(scores[:, known], fake)
    return curve, inconclusive_band(curve.prob_fake(scores[:, known]), fake, _AIM)


def verdicts(recordings: Sequence[Recording], scores: Scores, fold: NDArray[np.intp]) -> Verdicts:
    """What the band is worth on other folds.

    Args:
        recordings: n of them.
        scores: (views, n), held out.
        fold: (n,).
    """
    called = np.zeros(scores.shape, np.intp)
    for number in np.unique(fold):
        others = fold != number
        curve, band = fitted([one for one, known in zip(recordings, others, strict=True) if known], scores[:, others])
        called[:, ~others] = band.called(curve.prob_fake(np.nan_to_num(scores[:, ~others])))
    known = np.isfinite(scores)
    called *= known
    fake = np.broadcast_to([one.fake for one in recordings], scores.shape)
    weight = np.where(fake, 0.5 / max(1, (fake & known).sum()), 0.5 / max(1, (~fake & known).sum()))

    def share(part: NDArray[np.bool_], whole: NDArray[np.bool_], weights: Scores | None = None) -> float:
        weights = np.ones(part.shape) if weights is None else weights
        total = float(weights[whole].sum())
        return float(weights[whole & part].sum()) / total if total else np.nan

    return Verdicts(
        given=share(called != 0, known),
        wrong_fake=share(~fake, called == 1, weight),
        wrong_real=share(fake, called == -1, weight),
        false_alarms=share(called == 1, known & ~fake),
        caught=share(called == 1, known & fake),
    )


def proven(band: Band, made: Verdicts) -> Band:
    """A band without the sides whose verdicts were wrong too often, or never given, on held-out pages."""
    # Without verdicts the share of wrong ones is NaN, and no comparison with it is true.
    return Band(
        band.real_below if made.wrong_real <= MAX_ERROR else 0.0,
        band.fake_above if made.wrong_fake <= MAX_ERROR else 1.0,
    )
