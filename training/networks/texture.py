"""Texture networks on people kept apart: the scores that the trees learn from, and the network that is shipped."""

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
from training.forgeries.reencoding import Journey, travelled
from training.networks.bank import BANK_LAYOUT, make_bank, read_moments
from training.networks.export import export
from training.networks.learning import Settings, train_part
from training.networks.network import DEVICE, Answer, TextureNetwork, load, save, score_crops, score_wide
from training.networks.scores import EVERY, TextureScores, read_scores, write_scores

GRID = {
    "CRF 23": Journey(crf=23),
    "CRF 32": Journey(crf=32),
    "CRF 40": Journey(crf=40),
    "half size, CRF 28": Journey(scale=0.5, crf=28),
}
"""Compression that every video is looked at again after."""

SHAMS = ("re-encoded at CRF 23", "resampled by half a pixel, re-encoded at CRF 23")
"""What a forgery does to a video, less the forgery: done to real videos alone."""

_LAYOUT = 6  # raised when networks come about otherwise
_SCORES_LAYOUT = 2  # when they are asked otherwise
_BANK_SEED = 0


class _Trained(NamedTuple):
    """A part of a network, in a file."""

    path: Path
    answer: Answer


class _Clip(NamedTuple):
    """One to be scored."""

    number: int
    crops: Path
    fake: bool


class TextureTraining:
    """Trains networks on one data set, keeping what takes long in folders.

    Parts of networks are trained, and people scored, in as many processes as there are jobs, which share the processor
    cores: each by itself, a network waits less than one that all cores work on. A GPU trains one after the other.

    Args:
        dataset: labelled videos.
        fold: (clips,), from `training.data.folds`.
        recipe: of each part of a network; the seed is set for each.
        cache: folder for crops, moments and networks.
        scores: folder for what networks said of people they have not seen; where that is there, nothing is trained.
        jobs: processes.
        say: told what is going on, by processes too.
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
        self._taught = dataset.taught
        self._alike = _alike(dataset)
        self._routes = _routes(dataset)

    def out_of_fold(self, seeds: Sequence[int]) -> TextureScores:
        """Scores for each seed; those that are there are not made again."""
        parts = [str(settings.answer) for settings in self._recipe]
        views = ["", *parts, *GRID, *SHAMS]
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
            {view: frozen[view] for view in GRID},
            {view: frozen[view] for view in SHAMS},
        )

    def ship(self, path: Path, seed: int) -> None:
        """Train on everybody, unless that was done, and write the network."""
        (parts,) = self._trained([None], seed)
        export(_loaded(parts), path)

    def _scored(self, seed: int) -> list[Path]:
        """For each fold the file of its people's scores by networks that have not seen them."""
        files = {number: self._scores / self._name(number, seed) for number in np.unique(self._fold).tolist()}
        missing = [number for number, path in files.items() if not path.exists()]
        # Some at a time, so that an interruption leaves the scores of those before.
        for some in (missing[i : i + self._jobs] for i in range(0, len(missing), self._jobs)):
            networks = self._trained(some, seed)
            self._say(f"Seed {seed}: scoring people not seen")
            tasks = []
            for number, parts in zip(some, networks, strict=True):
                held_out = np.flatnonzero(self._fold == number).tolist()
                clips = [_Clip(clip, self._crops[clip], self._fake[clip]) for clip in held_out]
                tasks.append((files[number], parts, clips))
            in_processes(_score_into, tasks, self._jobs)
        return list(files.values())

    def _trained(self, numbers: Sequence[int | None], seed: int) -> list[list[_Trained]]:
        """For each fold the parts of a network that has seen all others; for None, everybody. Each is trained once."""
        recipe = self._seeded(seed)
        found = [
            [_Trained(self._cache / "networks" / f"{self._key(number, [part])}.pt", part.answer) for part in recipe]
            for number in numbers
        ]
        tasks = [
            (part.path, *self._lessons(number), settings, self._teller(number, settings))
            for number, parts in zip(numbers, found, strict=True)
            for part, settings in zip(parts, recipe, strict=True)
            if not part.path.exists()
        ]
        # A GPU trains one network at a time.
        in_processes(_train_into, tasks, 1 if DEVICE == "cuda" else self._jobs)
        return found

    def _lessons(self, number: int | None) -> tuple[list[Path], list[list[int]]]:
        """Moments of everybody but the people of one fold, and for each fake the places of real ones like it."""
        members = [i for i, shown in enumerate(self._shown) if shown and self._fold[i] != number]
        place = {index: here for here, index in enumerate(members)}
        alike = [[place[other] for other in self._alike[index] if other in place] for index in members]
        return [self._bank[index] for index in members], alike

    @cached_property
    def _crops(self) -> list[Path]:
        """Of every clip; cut, or looked up, where something is to be learned or scored."""
        self._say("Cutting face crops")
        return cut_all(self._paths, self._cache / "crops", jobs=self._jobs)

    @cached_property
    def _bank(self) -> list[Path]:
        """Of every clip; made, or looked up, where the first part is to be trained."""
        crops = [read_crops(kept) for kept in self._crops]
        self._say("Making forgeries")
        return make_bank(crops, self._fake, self._routes, self._cache / "bank", seed=_BANK_SEED, jobs=self._jobs)

    @cached_property
    def _shown(self) -> list[bool]:
        """Of every clip; those without a face teach nothing, and cannot be shown beside others.

        Raises:
            ValueError: without the people of some fold there would be no real one to forge.
        """
        shown = [
            len(read_moments(kept).kind) > 0 and taught for kept, taught in zip(self._bank, self._taught, strict=True)
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
        people = "everybody" if number is None else f"all but people {number + 1} of {len(np.unique(self._fold))}"
        return partial(_say_of, self._say, f"Seed {settings.seed}, {people}, {settings.answer}")

    def _key(self, number: int | None, recipe: Sequence[Settings]) -> str:
        """Of everything that a network, or a part of one, depends on; the same on every machine."""
        parts = [
            [asdict(settings) for settings in recipe],
            number,
            self._contents,
            self._fake,
            # The other way round: by this, what is kept already has its name.
            [not taught for taught in self._taught],
            self._fold.tolist(),
            self._alike,
            self._routes,
            [_LAYOUT, CROPS_LAYOUT, BANK_LAYOUT, _BANK_SEED],
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _say_of(say: Callable[[str], None], title: str, text: str) -> None:
    say(f"{title}: {text}")


def _train_into(
    path: Path, videos: list[Path], alike: list[list[int]], settings: Settings, say: Callable[[str], None]
) -> None:
    unfinished = path.with_suffix(".unfinished")
    say("training")
    save(train_part([read_moments(kept) for kept in videos], alike, settings, say, unfinished), path)
    unfinished.unlink(missing_ok=True)


def _score_into(path: Path, parts: list[_Trained], clips: list[_Clip]) -> None:
    network, alone = _loaded(parts), {str(part.answer): _loaded([part]) for part in parts}
    found: dict[str, dict[int, NDArray[np.float64]]] = {}
    for clip in clips:
        for view, scores in _views(network, alone, read_crops(clip.crops), clip.fake).items():
            found.setdefault(view, {})[clip.number] = scores
    write_scores(path, found)


def _loaded(parts: Sequence[_Trained]) -> TextureNetwork:
    return TextureNetwork([load(part.path, part.answer) for part in parts])


def _routes(dataset: Dataset) -> list[int]:
    """For each clip the number of its journeys: that of the real one for the members of a pair."""
    places = {clip.path: index for index, clip in enumerate(dataset.clips)}
    partner = {places[fake]: places[real] for real, fake in dataset.pairs}
    return [partner.get(index, index) for index in range(len(dataset.clips))]


def _alike(dataset: Dataset) -> list[list[int]]:
    """For each fake clip the real ones to show beside it: its pair's, else its people's, else its subset's."""
    clips = dataset.clips
    places = {clip.path: index for index, clip in enumerate(clips)}
    partners: dict[int, list[int]] = {}
    for real, fake in dataset.pairs:
        partners.setdefault(places[fake], []).append(places[real])

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
    """Scores of a clip as it is, by each part too, after each compression, and, of a real one, after each sham."""
    scores = {part: score_crops(one, crops) for part, one in alone.items()}
    scores[""] = np.mean(list(scores.values()), axis=0)
    chosen = range(0, len(crops), EVERY)
    moments = [np.asarray(crops.moments[index]) for index in chosen]
    if not moments:
        return scores
    rng = np.random.default_rng(0)
    for name, journey in GRID.items():
        scores[name] = score_wide(network, travelled(moments, journey, rng))
    if not fake:
        resampled = [shifted(moment, np.full(2, 0.5)) for moment in moments]
        for name, shown in zip(SHAMS, (moments, resampled), strict=True):
            scores[name] = score_wide(network, travelled(shown, GRID["CRF 23"], rng))
    return scores
