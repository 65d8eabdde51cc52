"""From folders of videos to vectors with out-of-fold network scores."""

import asyncio
import platform
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from training.appearance.head import Settings
from training.appearance.training import AppearanceTraining, Scores
from training.data.clips import Dataset, unique
from training.data.crops import PORTRAITS
from training.data.folds import group_folds, refuse_too_few
from training.data.sources import may_learn, source_folds
from training.data.vectors import Collected, VectorCache, collect, content_hash
from training.data.videos import Assembled, Videos, assemble
from training.networks.motion import out_of_fold
from training.networks.movements import Movements, measure_all
from training.services import Services

MOTION_EPOCHS = 60
"""Epochs of the motion network; half a minute."""

_RECORDED = ("torch", "numpy", "opencv-python-headless", "mediapipe", "xgboost-cpu", "onnxruntime", "av", "librosa")


@dataclass(frozen=True)
class Material:
    """The input of fitting and evaluation.

    Attributes:
        dataset: labelled videos.
        appearance: training of appearance networks.
        movements: of each clip.
        videos: for each seed, the videos with the scores of that seed's networks, which have not met their sources.
        people: likewise of networks that have not met the people in them; of the first seed alone, or none.
        left_out: by reason, the number of videos that were found but are not in `videos`; networks are trained on those
            of them that are in `dataset`.
    """

    dataset: Dataset
    appearance: AppearanceTraining
    movements: list[Movements]
    videos: tuple[Videos, ...]
    people: tuple[Videos, ...]
    left_out: dict[str, int]


def prepare(
    dataset: Dataset,
    encoder: Path,
    cache: Path,
    server: str | None,
    epochs: int,
    seeds: Sequence[int],
    parallel: int,
    console: Console,
    *,
    with_people: bool,
) -> Material:
    """Measure every video, and compute out-of-fold network scores.

    Args:
        dataset: labelled videos.
        encoder: ONNX file of the pretrained encoder.
        cache: folder for whatever takes long.
        server: address of a running NotReally; None to start a private one.
        epochs: of the motion network.
        seeds: of the networks.
        parallel: videos measured, and processes run, at once.
        console: for progress.
        with_people: whether to hold out people as well.

    Raises:
        ValueError: too few videos, people or sources; if the measurements show it, before networks are trained.
        ServiceError, RuntimeError: the services do not answer, or do not start.
    """
    dataset, twice = unique(dataset, content_hash)
    by_source, by_person = source_folds(dataset.clips), group_folds(dataset)
    collected = asyncio.run(_measure(dataset, VectorCache(cache / "vectors.parquet"), server, parallel, console))
    for path, why in sorted(collected.failures.items()):
        console.print(f"Skipped {path.name}: {why}", style="yellow", markup=False, highlight=False)
    # Networks take hours, so check first, as if they could score every video.
    clips = len(dataset.clips)
    could = assemble(dataset, collected.rows, by_source, [np.zeros((2, PORTRAITS))] * clips, [np.zeros(1)] * clips)
    _refuse_too_few(could.videos)

    console.print("Measuring movements")
    fake, paths = [clip.fake for clip in dataset.clips], [clip.path for clip in dataset.clips]
    movements = measure_all(paths, cache / "movements", jobs=parallel)

    def assembled(fold: NDArray[np.intp], found: Scores, known: Callable[[int], NDArray[np.bool_]]) -> list[Assembled]:
        """For each seed that there are scores of."""
        spans = (out_of_fold(movements, fake, fold, known, epochs=epochs, seed=seed) for seed in seeds[: len(found)])
        return [assemble(dataset, collected.rows, fold, *read) for read in zip(found, spans, strict=True)]

    trainable = np.array(dataset.trainable)
    appearance = AppearanceTraining(dataset, encoder, Settings(), cache, jobs=parallel, say=_tell)
    released = assembled(
        by_source,
        appearance.of_sources(by_source, seeds),
        lambda number: trainable & may_learn(dataset.clips, by_source, number),
    )
    people = appearance.of_people(by_person, seeds[:1]) if with_people else ()
    _refuse_too_few(released[0].videos)
    refused = ["the services refused it"] * len(collected.failures)
    left_out = Counter([*released[0].left_out.values(), *twice.values(), *refused])
    return Material(
        dataset,
        appearance,
        movements,
        tuple(one.videos for one in released),
        tuple(one.videos for one in assembled(by_person, people, lambda number: trainable & (by_person != number))),
        dict(left_out),
    )


def _refuse_too_few(videos: Videos) -> None:
    for fake, kind in ((False, "real"), (True, "fake")):
        refuse_too_few(videos.fold, videos.fake == fake, f"{kind} videos of which enough can be measured")


def environment() -> list[str]:
    """Versions of the software used in a training run."""
    return [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in _RECORDED)]


def _tell(text: str) -> None:
    """Print from any process; a console cannot be passed to another."""
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
