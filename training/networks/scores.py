"""Out-of-fold scores of the texture network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.atomic import atomic_write
from training.data.videos import Videos, texture_features

EVERY = 3
"""Every third crop is scored again after re-compressions and shams."""

_CLIPS, _LOG_ODDS = ", clips", ", log-odds"

Scores = tuple[tuple[NDArray[np.float64], ...], ...]
"""[seed][clip] → (crops,) log-odds of being forged; empty for a clip without a face."""


@dataclass(frozen=True)
class TextureScores:
    """Out-of-fold scores of all clips.

    Attributes:
        seeds: of the networks; they seed everything random except the folds.
        fold: (clips,), for which each clip was held out.
        log_odds: of the original crops.
        parts: the same by each part of the networks alone, by its `Answer`.
        recompressed: of every `EVERY`th crop after each re-compression, by name.
        sham: of the same crops of real clips after a forgery's processing without the forgery; empty for fake clips.
    """

    seeds: tuple[int, ...]
    fold: NDArray[np.intp]
    log_odds: Scores
    parts: dict[str, Scores]
    recompressed: dict[str, Scores]
    sham: dict[str, Scores]

    def with_part(self, answer: str, log_odds: Scores) -> Scores:
        """Scores of the original crops with one part replaced by another, for as many seeds as that has."""
        parts = [log_odds, *(scores for name, scores in self.parts.items() if name != answer)]
        return tuple(
            tuple(np.mean(of_clip, axis=0) for of_clip in zip(*of_seed, strict=True))
            for of_seed in zip(*parts, strict=False)
        )


def every(scores: Scores) -> Scores:
    """Scores of the original crops, for those that are scored again."""
    return tuple(tuple(crops[::EVERY] for crops in clips) for clips in scores)


def texture_of(videos: Videos, clips: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Both texture features of each video; shape (n, 2), NaN where no crop was scored."""
    return np.array([texture_features(clips[clip], least=1) for clip in videos.clips.tolist()])


def write_scores(path: Path, scores: Mapping[str, Mapping[int, NDArray[np.float64]]]) -> None:
    """Write scores of crops (n,) by view and clip, in single precision, as networks compute them."""
    held: dict[str, NDArray[np.generic]] = {}
    for view, clips in scores.items():
        held[f"{view}{_CLIPS}"] = np.repeat(np.array([*clips], np.uint32), [len(crops) for crops in clips.values()])
        held[f"{view}{_LOG_ODDS}"] = np.concatenate([np.empty(0), *clips.values()]).astype(np.float32)
    with atomic_write(path) as fresh:
        np.savez_compressed(fresh, allow_pickle=False, **held)


def read_scores(path: Path) -> dict[str, dict[int, NDArray[np.float64]]]:
    """Read what `write_scores` wrote; clips without a crop are absent."""
    with np.load(path) as held:
        found: dict[str, dict[int, NDArray[np.float64]]] = {}
        for view in (name.removesuffix(_CLIPS) for name in held if name.endswith(_CLIPS)):
            clips, log_odds = held[f"{view}{_CLIPS}"], held[f"{view}{_LOG_ODDS}"].astype(np.float64)
            found[view] = {int(clip): log_odds[clips == clip] for clip in np.unique(clips)}
        return found
