"""Appearance networks: scores on held-out sources and people, and the released network."""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.appearance.encoder import SIDE, Encoder, pretrained
from training.appearance.export import export, export_encoder
from training.appearance.features import FEATURES_LAYOUT, ExportedEncoder, Features, make_features, read_features
from training.appearance.head import Head, Settings, fit_head
from training.appearance.pictures import Kind
from training.data.clips import Dataset
from training.data.crops import cut_all, middle, read_portraits
from training.data.pairs import augmentation_ids
from training.data.sources import may_learn

Scores = tuple[tuple[NDArray[np.float64], ...], ...]
"""[seed][clip] → (2, portraits) log-odds by both lines of `Head`; no portraits for a clip without a face."""


class AppearanceTraining:
    """Trains networks on one data set and caches what takes long: portraits, and what the encoder makes of them.

    Args:
        dataset: labelled videos.
        encoder: ONNX file of the pretrained encoder.
        settings: hyperparameters.
        cache: folder.
        jobs: processes.
        say: called with progress.
    """

    def __init__(
        self,
        dataset: Dataset,
        encoder: Path,
        settings: Settings,
        cache: Path,
        *,
        jobs: int,
        say: Callable[[str], None],
    ) -> None:
        """Nothing is done yet."""
        self._dataset, self._encoder, self._settings = dataset, encoder, settings
        self._cache, self._jobs, self._say = cache, jobs, say

    def of_sources(self, fold: NDArray[np.intp], seeds: Sequence[int]) -> Scores:
        """Scores by networks that have met neither the source of a clip, nor its people, nor its method.

        Args:
            fold: (clips,), from `training.data.sources.source_folds`.
            seeds: of the forgeries and augmentations that are learned from.
        """
        clips = self._dataset.clips
        return self._held_out(fold, seeds, lambda number: may_learn(clips, fold, number))

    def of_people(self, fold: NDArray[np.intp], seeds: Sequence[int]) -> Scores:
        """Scores by networks that have not met the people in a clip; `fold` from `training.data.folds`."""
        return self._held_out(fold, seeds, lambda number: fold != number)

    def train_released(self, path: Path, matrices: Path, seed: int) -> None:
        """Train on everyone, and write the released network and the encoder's matrices."""
        head = self._fitted(np.ones(len(self._dataset.clips), dtype=np.bool_), self._features(seed))
        faces = (one for one in map(read_portraits, self._portraits) if len(one))
        sample = np.array([middle(one.pixels[0], SIDE) for one in islice(faces, 4)])
        features = ExportedEncoder(self._exported)(sample, np.zeros(len(sample), np.int64))
        export(self._pretrained, head, path, matrices, sample=sample, features=features)

    def _held_out(
        self, fold: NDArray[np.intp], seeds: Sequence[int], known: Callable[[int], NDArray[np.bool_]]
    ) -> Scores:
        found = []
        for seed in seeds:
            features, scores = self._features(seed), [np.empty((2, 0))] * len(fold)
            for number in np.unique(fold).tolist():
                head = self._fitted(known(number), features)
                for clip in np.flatnonzero(fold == number).tolist():
                    scores[clip] = _scores(head, features[clip])
            found.append(tuple(scores))
        return tuple(found)

    def _fitted(self, known: NDArray[np.bool_], features: Sequence[Features]) -> Head:
        """To those clips of `known` (clips,) whose pictures are forged if they are called fake."""
        members = np.flatnonzero(known & np.array(self._dataset.trainable)).tolist()
        clips = self._dataset.clips
        return fit_head([clips[index] for index in members], [features[index] for index in members], self._settings)

    def _features(self, seed: int) -> list[Features]:
        portraits = self._portraits
        self._say(f"Seed {seed}: encoding portraits")
        fake = [clip.fake for clip in self._dataset.clips]
        ids = augmentation_ids(self._dataset)
        cache = self._cache / f"features-{self._settings.blocks}-{FEATURES_LAYOUT}"
        return [
            read_features(kept)
            for kept in make_features(portraits, fake, ids, self._exported, cache, seed=seed, jobs=self._jobs)
        ]

    @cached_property
    def _exported(self) -> Path:
        """The encoder as it runs in service, in a file."""
        path = self._cache / f"encoder-{self._settings.blocks}-{FEATURES_LAYOUT}.onnx"
        if not path.exists():
            export_encoder(self._pretrained, path)
        return path

    @cached_property
    def _pretrained(self) -> Encoder:
        return pretrained(self._encoder, self._settings.blocks)

    @cached_property
    def _portraits(self) -> list[Path]:
        self._say("Cutting portraits")
        paths = [clip.path for clip in self._dataset.clips]
        return cut_all(paths, self._cache / "portraits", jobs=self._jobs)


def _scores(head: Head, features: Features) -> NDArray[np.float64]:
    """Of the portraits as they are."""
    plain = features.of(Kind.PLAIN)
    return head.score(Features(features.of_class[plain], features.of_patches[plain], features.kind[plain]))
