"""Texture networks on people kept apart: the scores that the trees learn from, and the network that is shipped."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.bank import BANK_LAYOUT, Moments, make_bank
from training.clips import Clip, Dataset
from training.crops import Crops, cut_all
from training.export import export
from training.forgeries.appearance import shifted
from training.forgeries.clip import OF_SOUND
from training.forgeries.reencoding import Journey, travelled
from training.learning import Settings, train_part
from training.network import Part, TextureNetwork, load, save, score_crops, score_wide
from training.scores import EVERY, TextureScores

GRID = {
    "CRF 23": Journey(crf=23),
    "CRF 32": Journey(crf=32),
    "CRF 40": Journey(crf=40),
    "half size, CRF 28": Journey(scale=0.5, crf=28),
}
"""Compression that every video is looked at again after."""

SHAMS = ("re-encoded at CRF 23", "resampled by half a pixel, re-encoded at CRF 23")
"""What a forgery does to a video, less the forgery: done to real videos alone."""

_LAYOUT = 6  # raised when scores come about otherwise
_BANK_SEED = 0


class TextureTraining:
    """Trains networks on one data set, keeping what takes long in a folder.

    Args:
        dataset: labelled videos.
        fold: (clips,), from `training.folds`.
        recipe: of each part of a network; the seed is set for each.
        cache: folder for crops, moments, networks and scores.
        jobs: processes that cut crops and make moments.
        say: told what is going on.
    """

    def __init__(
        self,
        dataset: Dataset,
        fold: NDArray[np.intp],
        recipe: Sequence[Settings],
        cache: Path,
        *,
        jobs: int,
        say: Callable[[str], None],
    ) -> None:
        """Cut the crops."""
        self._fold, self._recipe, self._cache, self._jobs, self._say = fold, recipe, cache, jobs, say
        self._fake = np.array([clip.fake for clip in dataset.clips])
        # Nothing in their pictures is forged.
        self._heard = [clip.method in OF_SOUND for clip in dataset.clips]
        self._alike = _alike(dataset)
        self._routes = _routes(dataset)
        say("Cutting face crops")
        self._crops = cut_all([clip.path for clip in dataset.clips], cache / "crops", jobs=jobs)

    def out_of_fold(self, seeds: Sequence[int]) -> TextureScores:
        """Scores for each seed; those that are in the cache are not made again."""
        views = ["", *GRID, *SHAMS]
        found: dict[str, list[list[NDArray[np.float64]]]] = {view: [] for view in views}
        for seed in seeds:
            by_clip: dict[str, list[NDArray[np.float64]]] = {view: [np.empty(0)] * len(self._crops) for view in views}
            for number in np.unique(self._fold):
                for name, scores in self._scores(int(number), seed).items():
                    index, view = name.split(" ", 1)
                    by_clip[view][int(index)] = scores
            for view in views:
                found[view].append(by_clip[view])
        frozen = {view: tuple(tuple(clips) for clips in per_seed) for view, per_seed in found.items()}
        return TextureScores(
            tuple(seeds),
            self._fold,
            frozen[""],
            {view: frozen[view] for view in GRID},
            {view: frozen[view] for view in SHAMS},
        )

    def ship(self, path: Path, seed: int) -> None:
        """Train on everybody, unless that was done, and write the network."""
        export(self._network(None, seed, "Training the network that is shipped, on everybody"), path)

    def _network(self, number: int | None, seed: int, title: str) -> TextureNetwork:
        """Of everybody but the people of one fold; of everybody for None."""
        self._say(title)
        return TextureNetwork([self._part(number, replace(settings, seed=seed)) for settings in self._recipe])

    def _part(self, number: int | None, settings: Settings) -> Part:
        """Trained once, and kept."""
        kept = self._cache / "networks" / f"{self._key(number, [settings])}.pt"
        if not kept.exists():
            unfinished = kept.with_suffix(".unfinished")
            save(self._trained(number, settings, unfinished), kept)
            unfinished.unlink(missing_ok=True)
        return load(kept, settings.answer)

    @cached_property
    def _bank(self) -> list[Moments]:
        """Of every clip; made, or looked up, where the first part is to be trained."""
        self._say("Making forgeries")
        return make_bank(
            self._crops,
            self._fake.tolist(),
            self._routes,
            self._cache / "bank",
            seed=_BANK_SEED,
            jobs=self._jobs,
        )

    def _trained(self, number: int | None, settings: Settings, unfinished: Path) -> Part:
        bank = self._bank
        self._say(f"Training the network's part that speaks of the {settings.answer}")
        # Clips without a face teach nothing, and cannot be shown beside others.
        shown = [len(moments.kind) > 0 and not heard for moments, heard in zip(bank, self._heard, strict=True)]
        members = [i for i in range(len(bank)) if self._fold[i] != number and shown[i]]
        place = {index: here for here, index in enumerate(members)}
        alike = [[place[other] for other in self._alike[index] if other in place] for index in members]
        return train_part([bank[index] for index in members], alike, settings, self._say, unfinished)

    def _scores(self, number: int, seed: int) -> dict[str, NDArray[np.float64]]:
        """Scores of one fold's clips by a network of the others; "index view" → (crops,)."""
        recipe = [replace(settings, seed=seed) for settings in self._recipe]
        path = self._cache / "scores" / f"{self._key(number, recipe)}.npz"
        if not path.exists():
            title = f"Seed {seed}, people {number + 1} of {len(np.unique(self._fold))} held out"
            network = self._network(number, seed, title)
            found = {}
            for index in np.flatnonzero(self._fold == number):
                for view, scores in _views(network, self._crops[index], bool(self._fake[index])).items():
                    found[f"{index} {view}"] = scores
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new.npz")
            np.savez(fresh, allow_pickle=False, **found)
            fresh.replace(path)
        with np.load(path) as kept:
            return dict(kept)

    def _key(self, number: int | None, recipe: Sequence[Settings]) -> str:
        """Of everything that a fold's scores, or a part of a network, depend on."""
        identity = hashlib.sha256()
        each = zip(self._crops, self._fake.tolist(), self._heard, self._fold.tolist(), strict=True)
        for crops, fake, heard, fold in each:
            identity.update(crops.points.tobytes())
            identity.update(f"{'heard' if heard else fake} {fold}".encode())
        parts = [
            [asdict(settings) for settings in recipe],
            number,
            self._alike,
            self._routes,
            _LAYOUT,
            BANK_LAYOUT,
            _BANK_SEED,
        ]
        identity.update(json.dumps(parts, sort_keys=True).encode())
        return identity.hexdigest()[:32]


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


def _views(network: TextureNetwork, crops: Crops, fake: bool) -> dict[str, NDArray[np.float64]]:
    """Scores of a clip as it is, after each compression, and, of a real one, after each sham."""
    scores = {"": score_crops(network, crops)}
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
