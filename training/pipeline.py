"""From folders of videos to vectors whose texture scores come from networks that have not seen their people."""

import asyncio
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from training.data.clips import Dataset, unique
from training.data.crops import CROPS
from training.data.folds import group_folds, refuse_too_few
from training.data.vectors import Collected, VectorCache, collect, content_hash
from training.data.videos import Assembled, Videos, assemble
from training.evaluation.compression import LOOKED_PAST
from training.forgeries.reencoding import Journey
from training.networks.learning import Settings
from training.networks.motion import Views, out_of_fold
from training.networks.movements import Movements, measure_all
from training.networks.network import Answer
from training.networks.scores import Scores, TextureScores
from training.networks.texture import GRID, TextureTraining
from training.services import Services

MOTION_EPOCHS = 60
"""Of the motion network; half a minute."""


@dataclass(frozen=True)
class Plan:
    """What is trained, and what it is held against.

    Attributes:
        parts: of the texture networks.
        sendings: by name, what every video is sent on to have its movements measured again; some of those that the
            texture network's crops go through.
        other_epochs: of motion networks that those that ship are compared with.
        other_parts: by what differs, parts of texture networks that are put in the place of those that speak of the
            same; of the first seed alone.
    """

    parts: tuple[Settings, ...]
    sendings: Mapping[str, Journey] = field(default_factory=dict)
    other_epochs: tuple[int, ...] = ()
    other_parts: Mapping[str, Settings] = field(default_factory=dict)


STANDARD = Plan(
    parts=tuple(Settings(answer) for answer in Answer),
    sendings={name: GRID[name] for name in (*LOOKED_PAST, "CRF 40")},
    other_epochs=(MOTION_EPOCHS // 2,),
)
"""On two processor cores twenty-five minutes for a texture network, two to eight seconds for a video and sending."""

COMPARING = replace(STANDARD, other_parts={"places, 60 % of its fakes labelled": Settings(Answer.PLACES, labelled=0.6)})
"""On two processor cores twelve minutes more for each fold of people and other part, unless what it said is kept."""

QUICK = Plan(parts=tuple(replace(part, samples=16, batch=4, rate=1e-3) for part in STANDARD.parts))
"""Proves the path in seconds; learns nothing."""

_RECORDED = ("torch", "numpy", "opencv-python-headless", "mediapipe", "xgboost-cpu", "onnxruntime", "av", "librosa")


@dataclass(frozen=True)
class Material:
    """What fitting and evaluation work on.

    Attributes:
        dataset: labelled videos.
        training: of texture networks.
        movements: in each clip.
        looked_past: the same after each compression in `LOOKED_PAST`.
        texture: scores of unseen people, by seed.
        sent: by compression, what motion networks said of spans after whole videos went through it, by seed.
        videos: for each seed, the same videos with what that seed's networks say.
        others: by what differs, the same with what other networks say; some of the first seed alone.
        left_out: reason and number of videos for everything that was found but is not among them; networks learn from
            those that are in `dataset`.
    """

    dataset: Dataset
    training: TextureTraining
    movements: list[Movements]
    looked_past: list[list[Movements]]
    texture: TextureScores
    sent: dict[str, Scores]
    videos: tuple[Videos, ...]
    others: dict[str, tuple[Videos, ...]]
    left_out: dict[str, int]


def prepare(
    dataset: Dataset,
    cache: Path,
    scores: Path,
    server: str | None,
    plan: Plan,
    seeds: Sequence[int],
    parallel: int,
    console: Console,
) -> Material:
    """Measure every video, and score every face with networks that have not seen its people.

    Args:
        dataset: labelled videos.
        cache: folder for what takes long; what is there is not made again.
        scores: folder for what texture networks said of people they have not seen, likewise.
        server: address of a running NotReally; None to start a private one.
        plan: what to train and compare.
        seeds: of the networks.
        parallel: videos measured, and processes run, at once.
        console: told how it goes.

    Raises:
        ValueError: too few videos, or too few people; where that shows in what is measured, before networks learn.
        ServiceError, RuntimeError: the services do not answer, or do not start.
    """
    dataset, twice = unique(dataset, content_hash)
    fold = group_folds(dataset)
    collected = asyncio.run(_measure(dataset, VectorCache(cache / "vectors.parquet"), server, parallel, console))
    for path, why in sorted(collected.failures.items()):
        console.print(f"Skipped {path.name}: {why}", style="yellow", markup=False, highlight=False)
    # Networks take hours; as if they could read every video.
    read = [np.zeros(CROPS)] * len(dataset.clips)
    _refuse_too_few(assemble(dataset, collected.rows, fold, read, read).videos)

    def of_parts(*parts: Settings) -> TextureTraining:
        return TextureTraining(dataset, fold, parts, cache, scores, jobs=parallel, say=_tell)

    training = of_parts(*plan.parts)
    texture = training.out_of_fold(seeds)
    other_crops = {
        what: texture.with_part(part.answer, of_parts(part).out_of_fold(seeds[:1]).log_odds)
        for what, part in plan.other_parts.items()
    }
    console.print("Measuring movements")
    past = {name: journey for name, journey in plan.sendings.items() if name in LOOKED_PAST}
    anew = {name: journey for name, journey in plan.sendings.items() if name not in LOOKED_PAST}
    plain, *views = (
        measure_all([clip.path for clip in dataset.clips], cache / "movements", jobs=parallel, journey=journey)
        for journey in (None, *past.values(), *anew.values())
    )
    fake = [clip.fake for clip in dataset.clips]
    sent, new = views[: len(past)], views[len(past) :]

    def moved(epochs: int, unlearned: Views) -> list[Scores]:
        """What each seed's motion networks say, of the videos as they are and of each view."""
        taught = dataset.taught
        asked = (out_of_fold(plain, fake, fold, taught, sent, unlearned, epochs=epochs, seed=seed) for seed in seeds)
        return list(zip(*asked, strict=True))

    def assembled(crops: Scores, spans: Scores) -> list[Assembled]:
        """Of as many seeds as the crops are of."""
        return [assemble(dataset, collected.rows, fold, *read) for read in zip(crops, spans, strict=False)]

    console.print("Training motion networks")
    spans, *spans_sent = moved(MOTION_EPOCHS, new)
    ships = assembled(texture.log_odds, spans)
    others = {f"texture network: {part} alone": assembled(crops, spans) for part, crops in texture.parts.items()}
    others |= {f"texture network: {what}": assembled(crops, spans) for what, crops in other_crops.items()}
    for epochs in plan.other_epochs:
        others[f"motion network: {epochs} epochs"] = assembled(texture.log_odds, moved(epochs, ())[0])
    _refuse_too_few(ships[0].videos)
    refused = ["the services refused it"] * len(collected.failures)
    left_out = Counter([*ships[0].left_out.values(), *twice.values(), *refused])
    return Material(
        dataset,
        training,
        plain,
        sent,
        texture,
        dict(zip([*past, *anew], spans_sent, strict=True)),
        tuple(one.videos for one in ships),
        {name: tuple(one.videos for one in read) for name, read in others.items()},
        dict(left_out),
    )


def _refuse_too_few(videos: Videos) -> None:
    for fake, kind in ((False, "real"), (True, "fake")):
        refuse_too_few(videos.fold, videos.fake == fake, f"{kind} videos of which enough can be measured")


def environment() -> list[str]:
    """What a training run was made with."""
    return [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in _RECORDED)]


def _tell(text: str) -> None:
    """From whichever process; a console cannot be handed to another."""
    Console(stderr=True).print(text, highlight=False)


async def _measure(
    dataset: Dataset, cache: VectorCache, server: str | None, parallel: int, console: Console
) -> Collected:
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    async with Services(server) as services:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("Measuring", total=len(dataset.clips))
            return await collect(
                [clip.path for clip in dataset.clips],
                services.measure,
                cache,
                parallel=parallel,
                on_done=lambda _: progress.advance(task),
            )
