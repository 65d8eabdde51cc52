"""What texture networks said of the crops of people they have not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.videos import Videos, texture_features
from training.data.writing import in_one_step

EVERY = 3
"""Of the crops looked at as they are, every third is looked at again after compressions and shams."""

_CLIPS, _LOG_ODDS = ", clips", ", log-odds"

Scores = tuple[tuple[NDArray[np.float64], ...], ...]
"""[seed][clip] → (crops,) log-odds of being forged; empty for a clip without a face."""


@dataclass(frozen=True)
class TextureScores:
    """Scores of all clips by networks that have not seen their people.

    Attributes:
        seeds: of the networks; of everything random but the folds.
        fold: (clips,) which networks have not seen a clip.
        log_odds: of the crops as they are.
        parts: the same by each part of the networks alone, by what it speaks of.
        grid: of every `EVERY`th crop after each compression, by its name.
        sham: of the same crops of real clips after what a forgery does to a video, less the forgery; empty for the
            others.
    """

    seeds: tuple[int, ...]
    fold: NDArray[np.intp]
    log_odds: Scores
    parts: dict[str, Scores]
    grid: dict[str, Scores]
    sham: dict[str, Scores]

    def with_part(self, answer: str, log_odds: Scores) -> Scores:
        """Of the crops as they are, with another part in the place of one; of as many seeds as the other has."""
        parts = [log_odds, *(scores for name, scores in self.parts.items() if name != answer)]
        return tuple(
            tuple(np.mean(of_clip, axis=0) for of_clip in zip(*of_seed, strict=True))
            for of_seed in zip(*parts, strict=False)
        )


def every(scores: Scores) -> Scores:
    """Of the crops that are looked at again, what was said of them as they are."""
    return tuple(tuple(crops[::EVERY] for crops in clips) for clips in scores)


def texture_of(videos: Videos, clips: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Both texture features of each video; shape (n, 2), NaN where no crop was looked at."""
    return np.array([texture_features(clips[clip], least=1) for clip in videos.clips.tolist()])


def write_scores(path: Path, scores: Mapping[str, Mapping[int, NDArray[np.float64]]]) -> None:
    """Keep what networks said, by view and clip, of crops (n,); in single precision, as they said it."""
    held: dict[str, NDArray[np.generic]] = {}
    for view, clips in scores.items():
        held[f"{view}{_CLIPS}"] = np.repeat(np.array([*clips], np.uint32), [len(crops) for crops in clips.values()])
        held[f"{view}{_LOG_ODDS}"] = np.concatenate([np.empty(0), *clips.values()]).astype(np.float32)
    with in_one_step(path) as fresh:
        np.savez_compressed(fresh, allow_pickle=False, **held)


def read_scores(path: Path) -> dict[str, dict[int, NDArray[np.float64]]]:
    """What `write_scores` kept, less the clips without a crop."""
    with np.load(path) as held:
        found: dict[str, dict[int, NDArray[np.float64]]] = {}
        for view in (name.removesuffix(_CLIPS) for name in held if name.endswith(_CLIPS)):
            clips, log_odds = held[f"{view}{_CLIPS}"], held[f"{view}{_LOG_ODDS}"].astype(np.float64)
            found[view] = {int(clip): log_odds[clips == clip] for clip in np.unique(clips)}
        return found
