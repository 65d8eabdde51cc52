"""The head: one logistic regression on what the pretrained encoder makes of a picture.

The class token and the mean of the patches are weighted; so each patch contributes a number of its own, and their mean
is the score.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from training.appearance.features import Features
from training.appearance.pictures import Kind
from training.data.clips import Clip


@dataclass(frozen=True)
class Settings:
    """Hyperparameters.

    Attributes:
        blocks: of the encoder; what the last ones add belongs to the captions that it was pretrained with.
        labelled: share of the weight that fake videos and real ones have as they are and augmented; the rest has forged
            real ones and their twins.
        strength: inverse of the strength of the L2 regularisation of standardised features.
    """

    blocks: int = 10
    labelled: float = 0.4
    strength: float = 1e-3


class Head(NamedTuple):
    """Weights.

    Attributes:
        of_class: (WIDTH,) of the class token.
        of_patches: (WIDTH,) of the mean of the patches.
        bias: added to the sum.
    """

    of_class: NDArray[np.float64]
    of_patches: NDArray[np.float64]
    bias: float

    def score(self, features: Features) -> NDArray[np.float64]:
        """(n,) log-odds of being forged."""
        return features.of_class @ self.of_class + features.of_patches @ self.of_patches + self.bias


def fit_head(clips: Sequence[Clip], features: Sequence[Features], settings: Settings) -> Head:
    """Fit to the pictures of some clips.

    Each class weighs half, in what is labelled and in what is forged for training. Clips of a source (a method, for
    fakes) weigh less the more of them there are, by the square root of their number: otherwise a few pages would be all
    that is learned.

    Args:
        clips: real and fake.
        features: of the pictures of each.
        settings: hyperparameters.

    Raises:
        ValueError: a class has no picture.
    """
    counts = Counter(_kind_of(clip) for clip in clips)
    shown: list[NDArray[np.float32]] = []
    label: list[NDArray[np.bool_]] = []
    weight: list[NDArray[np.float64]] = []
    forged: list[NDArray[np.bool_]] = []
    for clip, one in zip(clips, features, strict=True):
        if not len(one.kind):
            continue
        made = np.isin(one.kind, (Kind.TWIN, Kind.FORGED))
        shown.append(one.joined)
        label.append((one.kind == Kind.FORGED) | clip.fake)
        forged.append(made)
        each = counts[_kind_of(clip)] ** -0.5
        weight.append(each / np.where(made, max(1, made.sum()), max(1, (~made).sum())))
    rows, fake = np.concatenate(shown), np.concatenate(label)
    weights, is_forged = np.concatenate(weight), np.concatenate(forged)
    for part, share in ((is_forged, 1 - settings.labelled), (~is_forged, settings.labelled)):
        for side in (part & fake, part & ~fake):
            weights[side] *= share / 2 / max(weights[side].sum(), 1e-12)
    weights *= len(weights) / weights.sum()
    scaler = StandardScaler().fit(rows, sample_weight=weights)
    line = LogisticRegression(C=settings.strength, max_iter=500).fit(
        scaler.transform(rows), fake, sample_weight=weights
    )
    scaled = line.coef_[0] / scaler.scale_
    of_class, of_patches = np.split(scaled, 2)
    return Head(of_class, of_patches, float(line.intercept_[0] - scaled @ scaler.mean_))


def _kind_of(clip: Clip) -> str:
    return f"method {clip.method}" if clip.fake else f"source {clip.source}"
