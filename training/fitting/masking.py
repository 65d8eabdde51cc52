"""Masking in training, so that missing values carry no information about the label.

XGBoost learns a direction for a missing value. If most fakes are silent and most real videos are not, it learns that
silence is fake. Masking at random does not help: the natural gaps remain. Here every training vector is therefore shown
with its own gaps *and* those of a random vector of the other class, its donor. Let A be the pattern of gaps of a real
video and B that of a fake one: a real video is then shown with A ∪ B and a fake one with B ∪ A, which have the same
distribution, whatever A and B are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.vectors import FEATURE_NAMES

_FAMILIES = (
    ("blink_rate_per_min",),
    ("nose_jitter", "face_motion_log_odds"),
    ("face_appearance_log_odds", "face_blending_log_odds"),
    ("voice_log_odds",),
    ("mfcc_mean", "mfcc_std", "av_sync_corr"),
    ("log10_bits_per_pixel",),
)
"""Features that go missing together: short clip, low frame rate, small face, no sound, no bit rate."""

_HIDE_FAMILY = 0.1


@dataclass(frozen=True)
class Masked:
    """Training vectors with gaps.

    Attributes:
        features: shape (copies·n, 10).
        source: shape (copies·n,), the row each was made from.
    """

    features: NDArray[np.float64]
    source: NDArray[np.intp]


def mask(
    features: NDArray[np.float64],
    fake: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    copies: int,
    rng: np.random.Generator,
) -> Masked:
    """Make copies of vectors whose gaps are distributed alike in both classes.

    Besides the donor's gaps, each family of features is masked now and then, equally often in both classes, so that the
    model can do without any of them.

    Args:
        features: shape (n, 10); NaN where missing.
        fake: shape (n,). Both classes must be present.
        weights: shape (n,), weight of each vector in training. Donors are drawn in proportion, because the weighted
            distributions have to agree.
        copies: copies of each vector.
        rng: source of the randomness.
    """
    source = np.tile(np.arange(len(fake)), copies)
    donors = np.empty(len(source), dtype=np.intp)
    for label in (False, True):
        others = np.flatnonzero(fake != label)
        chance = weights[others] / weights[others].sum()
        receivers = fake[source] == label
        donors[receivers] = rng.choice(others, size=int(receivers.sum()), p=chance)
    hidden = np.isnan(features[donors])
    for family in _FAMILIES:
        members = np.isin(FEATURE_NAMES, family)
        hidden |= (rng.random(len(source)) < _HIDE_FAMILY)[:, np.newaxis] & members
    return Masked(np.where(hidden, np.nan, features[source]), source)
