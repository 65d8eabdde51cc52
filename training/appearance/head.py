"""The head: two logistic regressions on what the pretrained encoder makes of a picture.

Forgeries are of two kinds. Faces that were synthesised as a whole look unlike filmed ones; faces, or parts of them,
that were put into a filmed picture look filmed, and show that two pictures with different histories were blended. One
line for both is worse at each (docs/experiments.md).

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

from training.appearance.encoder import WIDTH
from training.appearance.features import Features
from training.appearance.pictures import Kind
from training.data.clips import Clip


@dataclass(frozen=True)
class Settings:
    """Hyperparameters.

    Attributes:
        blocks: of the encoder; what the last ones add belongs to the captions that it was pretrained with.
        strength: inverse of the strength of the L2 regularisation of standardised features.
    """

    blocks: int = 10
    strength: float = 1e-3


class Line(NamedTuple):
    """Weights of one logistic regression.

    Attributes:
        of_class: (WIDTH,) of the class token.
        of_patches: (WIDTH,) of the mean of the patches.
        bias: added to the sum.
    """

    of_class: NDArray[np.float64]
    of_patches: NDArray[np.float64]
    bias: float

    def score(self, features: Features) -> NDArray[np.float64]:
        """(n,) log-odds."""
        return features.of_class @ self.of_class + features.of_patches @ self.of_patches + self.bias


class Head(NamedTuple):
    """Both lines.

    Attributes:
        appearance: log-odds of being synthesised.
        blending: log-odds of being blended.
    """

    appearance: Line
    blending: Line

    def score(self, features: Features) -> NDArray[np.float64]:
        """(2, n) log-odds, by each line."""
        return np.stack([line.score(features) for line in self])


class _Shown(NamedTuple):
    """Pictures to learn from: features (n, 2 · WIDTH), labels and weights (n,)."""

    rows: NDArray[np.float32]
    positive: NDArray[np.bool_]
    weights: NDArray[np.float64]


def fit_head(clips: Sequence[Clip], features: Sequence[Features], settings: Settings) -> Head:
    """Fit to the pictures of some clips.

    Whether a face was synthesised is learned from real clips and from fakes of people of whom there is no real clip:
    one that was made from a real clip looks like it as a whole. Where there are no others, from these. Blending is
    learned from pictures that were forged for training, beside their twins.

    Each class weighs half. Clips of a source (a method, for fakes) weigh less the more of them there are, by the square
    root of their number: otherwise a few pages would be all that is learned.

    Args:
        clips: real and fake.
        features: of the pictures of each.
        settings: hyperparameters.
    """
    real = {clip.group for clip in clips if not clip.fake}
    whole = [not clip.fake or clip.group not in real for clip in clips]
    if not any(clip.fake and used for clip, used in zip(clips, whole, strict=True)):
        whole = [True] * len(clips)
    those = [index for index, used in enumerate(whole) if used]
    return Head(
        appearance=_fit(
            _shown([clips[i] for i in those], [features[i] for i in those], (Kind.PLAIN, Kind.AUGMENTED)), settings
        ),
        blending=_fit(_shown(clips, features, (Kind.TWIN, Kind.FORGED)), settings),
    )


def _shown(clips: Sequence[Clip], features: Sequence[Features], kinds: tuple[Kind, ...]) -> _Shown:
    """The pictures of these kinds."""
    counts = Counter(_kind_of(clip) for clip in clips)
    rows: list[NDArray[np.float32]] = []
    positive: list[NDArray[np.bool_]] = []
    weights: list[NDArray[np.float64]] = []
    for clip, one in zip(clips, features, strict=True):
        chosen = np.isin(one.kind, kinds)
        if not chosen.any():
            continue
        rows.append(one.joined[chosen])
        positive.append((one.kind[chosen] == Kind.FORGED) | clip.fake)
        count = int(chosen.sum())
        weights.append(np.full(count, counts[_kind_of(clip)] ** -0.5 / count))
    if not rows:
        return _Shown(np.empty((0, 2 * WIDTH), np.float32), np.empty(0, np.bool_), np.empty(0))
    return _Shown(np.concatenate(rows), np.concatenate(positive), np.concatenate(weights))


def _fit(shown: _Shown, settings: Settings) -> Line:
    """0 for every picture if there are none of a class, and so nothing to learn."""
    rows, positive, weights = shown
    if positive.all() or not positive.any():
        return Line(np.zeros(WIDTH), np.zeros(WIDTH), 0.0)
    for side in (positive, ~positive):
        weights[side] /= max(weights[side].sum(), 1e-12)
    weights *= len(weights) / weights.sum()
    scaler = StandardScaler().fit(rows, sample_weight=weights)
    line = LogisticRegression(C=settings.strength, max_iter=500).fit(
        scaler.transform(rows), positive, sample_weight=weights
    )
    scaled = line.coef_[0] / scaler.scale_
    of_class, of_patches = np.split(scaled, 2)
    return Line(of_class, of_patches, float(line.intercept_[0] - scaled @ scaler.mean_))


def _kind_of(clip: Clip) -> str:
    return f"method {clip.method}" if clip.fake else f"source {clip.source}"
