"""What texture networks said of the crops of people they have not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.videos import Videos, texture_features

EVERY = 3
"""Of the crops looked at as they are, every third is looked at again after compressions and shams."""

Scores = tuple[tuple[NDArray[np.float64], ...], ...]
"""[seed][clip] → (crops,) log-odds of being forged; empty for a clip without a face."""


@dataclass(frozen=True)
class TextureScores:
    """Scores of all clips by networks that have not seen their people.

    Attributes:
        seeds: of the networks; of everything random but the folds.
        fold: (clips,) which networks have not seen a clip.
        log_odds: of the crops as they are.
        grid: of every `EVERY`th crop after each compression, by its name.
        sham: of the same crops of real clips after what a forgery does to a video, less the forgery; empty for the
            others.
    """

    seeds: tuple[int, ...]
    fold: NDArray[np.intp]
    log_odds: Scores
    grid: dict[str, Scores]
    sham: dict[str, Scores]


def every(scores: Scores) -> Scores:
    """Of the crops that are looked at again, what was said of them as they are."""
    return tuple(tuple(crops[::EVERY] for crops in clips) for clips in scores)


def texture_of(videos: Videos, clips: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Both texture features of each video; shape (n, 2), NaN where no crop was looked at."""
    return np.array([texture_features(clips[clip], least=1) for clip in videos.clips.tolist()])
