"""Texture networks: out-of-fold scores, which the trees learn from, and the released network."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.data.clips import Clip, Dataset
from training.data.crops import CROPS_LAYOUT, Crops, cut_all, read_crops
from training.data.folds import refuse_too_few
from training.data.processes import in_processes
from training.data.vectors import content_hash
from training.forgeries.appearance import shifted
from training.forgeries.reencoding import Augmentation, augmented
from training.networks.export import export
from training.networks.learning import Settings, train_part
from training.networks.network import DEVICE, Answer, TextureNetwork, load, save, score_crops, score_wide
from training.networks.scores import EVERY, TextureScores, read_scores, write_scores
from training.networks.snippets import SNIPPETS_LAYOUT, make_snippets, read_snippets

RECOMPRESSIONS = {
    "CRF 23": Augmentation(crf=23),
    "CRF 32": Augmentation(crf=32),
    "CRF 40": Augmentation(crf=40),
    "half size, CRF 28": Augmentation(scale=0.5, crf=28),
}
"""Re-compressions after which every video is scored again, by name."""

SHAMS = ("re-encoded at CRF 23", "resampled by half a pixel, re-encoded at CRF 23")
"""A forgery's processing without the forgery, applied to real videos only."""

_LAYOUT = 6  # raised when networks are trained differently
_SCORES_LAYOUT = 2  # raised when they are scored differently
_SNIPPETS_SEED = 0


class _Trained(NamedTuple):
    """A part of a network, in a file."""

    path: Path
    answer: Answer


class _Clip(NamedTuple):
    """A clip to score."""

    number: int
    crops: Path
    fake: bool


class TextureTraining:
    """Trains networks on one data set and caches whatever takes long.

    Parts of networks are trained, and clips scored, in one process per job; the processes share the CPU cores, which is
    faster than giving all cores to one network. A GPU trains one network at a time.

    Args:
        dataset: labelled videos.
        fold: (clips,), from `training.data.folds`.
        recipe: settings of each part of a network; the seed is set for each.
        cache: folder for crops, snippets and networks.
        scores: folder for out-of-fold scores; where these exist, nothing is trained.
        jobs: processes.
        say: called with progress, also from other processes.
    """

    def __init__(
        self,
        dataset: Dataset,
        fold: NDArray[np.intp],
        recipe: Sequence[Settings],
        cache: Path,
        scores: Path,
        *,
        jobs: int,
        say: Callable[[str], None],
    ) -> None:
        """Nothing is done yet."""
        self._fold, self._recipe, self._cache, self._scores = fold, recipe, cache, scores
        self._jobs, self._say = jobs, say
        self._paths = [clip.path for clip in dataset.clips]
        self._fake = [clip.fake for clip in dataset.clips]
        self._trainable = dataset.trainable
        self._matching_reals = _matching_reals(dataset)
        self._augmentation_ids = _augmentation_ids(dataset)

    def out_of_fold(self, seeds: Sequence[int]) -> TextureScores:
        """Out-of-fold scores for each seed, computed unless cached."""
        parts = [str(settings.answer) for settings in self._recipe]
        views = ["", *parts, *RECOMPRESSIONS, *SHAMS]
        found: dict[str, list[list[NDArray[np.float64]]]] = {view: [] for view in views}
        for seed in seeds:
            by_clip: dict[str, list[NDArray[np.float64]]] = {view: [np.empty(0)] * len(self._fold) for view in views}
            for path in self._scored(seed):
                for name, scores in read_scores(path).items():
                    for clip, crops in scores.items():
                        by_clip[name][clip] = crops
            for view in views:
                found[view].append(by_clip[view])
        frozen = {view: tuple(tuple(clips) for clips in per_seed) for view, per_seed in found.items()}
        return TextureScores(
            tuple(seeds),
            self._fold,
            frozen[""],
            {part: frozen[part] for part in parts},
            {view: frozen[view] for view in RECOMPRESSIONS},
            {view: frozen[view] for view in SHAMS},
        )

    def train_released(self, path: Path, seed: int) -> None:
        """Train on everyone, unless cached, and write the released network."""
        (parts,) = self._trained([None], seed)
        export(_loaded(parts), path)

    def _scored(self, seed: int) -> list[Path]:
        """For each fold the file with the out-of-fold scores of its clips."""
        files = {number: self._scores / self._name(number, seed) for number in np.unique(self._fold).tolist()}
        missing = [number for number, path in files.items() if not path.exists()]
        # A few at a time, so that an interruption keeps the scores of earlier folds.
        for some in (missing[i : i + self._jobs] for i in range(0, len(missing), self._jobs)):
            networks = self._trained(some, seed)
            self._say(f"Seed {seed}: scoring held-out people")
            tasks = []
            for number, parts in zip(some, networks, strict=True):
                held_out = np.flatnonzero(self._fold == number).tolist()
                clips = [_Clip(clip, self._crops[clip], self._fake[clip]) for clip in held_out]
                tasks.append((files[number], parts, clips))
            in_processes(_score_into, tasks, self._jobs)
        return list(files.values())

    def _trained(self, numbers: Sequence[int | None], seed: int) -> list[list[_Trained]]:
        """For each fold the parts of a network trained on all others; for None, on all. Each is trained once."""
        recipe = self._seeded(seed)
        found = [
            [_Trained(self._cache / "networks" / f"{self._key(number, [part])}.pt", part.answer) for part in recipe]
            for number in numbers
        ]
        tasks = [
            (part.path, *self._training_data(number), settings, self._teller(number, settings))
            for number, parts in zip(numbers, found, strict=True)
            for part, settings in zip(parts, recipe, strict=True)
            if not part.path.exists()
        ]
        # A GPU trains one network at a time.
        in_processes(_train_into, tasks, 1 if DEVICE == "cuda" else self._jobs)
        return found

    def _training_data(self, number: int | None) -> tuple[list[Path], list[list[int]]]:
        """Snippets of everyone outside one fold, and for each fake the indices of matching real videos."""
        members = [i for i, shown in enumerate(self._shown) if shown and self._fold[i] != number]
        position = {index: here for here, index in enumerate(members)}
        matches = [[position[other] for other in self._matching_reals[index] if other in position] for index in members]
        return [self._snippets[index] for index in members], matches

    @cached_property
    def _crops(self) -> list[Path]:
        """Of every clip; cut, or read from the cache, when first needed."""
        self._say("Cutting face crops")
        return cut_all(self._paths, self._cache / "crops", jobs=self._jobs)

    @cached_property
    def _snippets(self) -> list[Path]:
        """Of every clip; made, or read from the cache, when first needed."""
        crops = [read_crops(kept) for kept in self._crops]
        self._say("Making forgeries")
        return make_snippets(
            crops, self._fake, self._augmentation_ids, self._cache / "bank", seed=_SNIPPETS_SEED, jobs=self._jobs
        )

    @cached_property
    def _shown(self) -> list[bool]:
        """For every clip, whether it is trained on; those without a face are not.

        Raises:
            ValueError: without the people of some fold there would be no real face to forge.
        """
        shown = [
            len(read_snippets(kept).kind) > 0 and trainable
            for kept, trainable in zip(self._snippets, self._trainable, strict=True)
        ]
        refuse_too_few(self._fold, np.array(shown) & ~np.array(self._fake), "real videos with a face")
        return shown

    @cached_property
    def _contents(self) -> list[str]:
        return [content_hash(path) for path in self._paths]

    def _name(self, number: int, seed: int) -> str:
        return f"seed-{seed}-people-{number + 1}-{self._key(number, self._seeded(seed))[:12]}-{_SCORES_LAYOUT}.npz"

    def _seeded(self, seed: int) -> list[Settings]:
        return [replace(settings, seed=seed) for settings in self._recipe]

    def _teller(self, number: int | None, settings: Settings) -> Callable[[str], None]:
        people = "everyone" if number is None else f"all but people {number + 1} of {len(np.unique(self._fold))}"
        return partial(_say_of, self._say, f"Seed {settings.seed}, {people}, {settings.answer}")

    def _key(self, number: int | None, recipe: Sequence[Settings]) -> str:
        """Hash of everything a network, or a part of one, depends on; the same on every machine."""
        parts = [
            [asdict(settings) for settings in recipe],
            number,
            self._contents,
            self._fake,
            # Negated, as in the names of files that are already cached.
            [not trainable for trainable in self._trainable],
            self._fold.tolist(),
            self._matching_reals,
            self._augmentation_ids,
            [_LAYOUT, CROPS_LAYOUT, SNIPPETS_LAYOUT, _SNIPPETS_SEED],
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _say_of(say: Callable[[str], None], title: str, text: str) -> None:
    say(f"{title}: {text}")


def _train_into(
    path: Path, videos: list[Path], matches: list[list[int]], settings: Settings, say: Callable[[str], None]
) -> None:
    checkpoint = path.with_suffix(".unfinished")
    say("training")
    save(train_part([read_snippets(kept) for kept in videos], matches, settings, say, checkpoint), path)
    checkpoint.unlink(missing_ok=True)


def _score_into(path: Path, parts: list[_Trained], clips: list[_Clip]) -> None:
    network, alone = _loaded(parts), {str(part.answer): _loaded([part]) for part in parts}
    found: dict[str, dict[int, NDArray[np.float64]]] = {}
    for clip in clips:
        for view, scores in _views(network, alone, read_crops(clip.crops), clip.fake).items():
            found.setdefault(view, {})[clip.number] = scores
    write_scores(path, found)


def _loaded(parts: Sequence[_Trained]) -> TextureNetwork:
    return TextureNetwork([load(part.path, part.answer) for part in parts])


def _augmentation_ids(dataset: Dataset) -> list[int]:
    """For each clip the number that seeds its augmentations; a fake of a pair has that of its real partner."""
    positions = {clip.path: index for index, clip in enumerate(dataset.clips)}
    partner = {positions[fake]: positions[real] for real, fake in dataset.pairs}
    return [partner.get(index, index) for index in range(len(dataset.clips))]


def _matching_reals(dataset: Dataset) -> list[list[int]]:
    """For each fake clip the real ones to show beside it: of its pair, else of its group, else of its subset."""
    clips = dataset.clips
    positions = {clip.path: index for index, clip in enumerate(clips)}
    partners: dict[int, list[int]] = {}
    for real, fake in dataset.pairs:
        partners.setdefault(positions[fake], []).append(positions[real])

    def reals(of: Callable[[Clip], bool]) -> list[int]:
        return [index for index, clip in enumerate(clips) if not clip.fake and of(clip)]

    return [
        partners.get(index)
        or reals(lambda other, clip=clip: other.group == clip.group)  # type: ignore[misc]
        or reals(lambda other, clip=clip: other.subset == clip.subset)  # type: ignore[misc]
        if clip.fake
        else []
        for index, clip in enumerate(clips)
    ]


def _views(
    network: TextureNetwork, alone: Mapping[str, TextureNetwork], crops: Crops, fake: bool
) -> dict[str, NDArray[np.float64]]:
    """Scores of a clip: original, by each part, after each re-compression, and, if real, after each sham."""
    scores = {part: score_crops(one, crops) for part, one in alone.items()}
    scores[""] = np.mean(list(scores.values()), axis=0)
    chosen = range(0, len(crops), EVERY)
    snippets = [np.asarray(crops.snippets[index]) for index in chosen]
    if not snippets:
        return scores
    rng = np.random.default_rng(0)
    for name, augmentation in RECOMPRESSIONS.items():
        scores[name] = score_wide(network, augmented(snippets, augmentation, rng))
    if not fake:
        resampled = [shifted(snippet, np.full(2, 0.5)) for snippet in snippets]
        for name, shown in zip(SHAMS, (snippets, resampled), strict=True):
            scores[name] = score_wide(network, augmented(shown, RECOMPRESSIONS["CRF 23"], rng))
    return scores
