"""From folders of videos to vectors with out-of-fold network scores."""

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
from training.evaluation.compression import PROJECTED_OUT
from training.forgeries.reencoding import Augmentation
from training.networks.learning import Settings
from training.networks.motion import Views, out_of_fold
from training.networks.movements import Movements, measure_all
from training.networks.network import Answer
from training.networks.scores import Scores, TextureScores
from training.networks.texture import RECOMPRESSIONS, TextureTraining
from training.services import Services

MOTION_EPOCHS = 60
"""Epochs of the motion network; half a minute."""


@dataclass(frozen=True)
class Plan:
    """What to train, and what to compare it with.

    Attributes:
        parts: settings of the texture network's parts.
        recompressions: by name, re-compressions of whole videos after which motion is measured again; a subset of those
            of the texture network's crops.
        other_epochs: of motion networks to compare with the released one.
        other_parts: by what differs, settings of texture network parts to compare with the released ones; for the first
            seed only.
    """

    parts: tuple[Settings, ...]
    recompressions: Mapping[str, Augmentation] = field(default_factory=dict)
    other_epochs: tuple[int, ...] = ()
    other_parts: Mapping[str, Settings] = field(default_factory=dict)


STANDARD = Plan(
    parts=tuple(Settings(answer) for answer in Answer),
    recompressions={name: RECOMPRESSIONS[name] for name in (*PROJECTED_OUT, "CRF 40")},
    other_epochs=(MOTION_EPOCHS // 2,),
)
"""On two CPU cores: 25 minutes for a texture network, two to eight seconds for each re-compression of a video."""

COMPARING = replace(
    STANDARD, other_parts={"places, 60 % of its fakes labelled": Settings(Answer.PATCHES, labelled=0.6)}
)
"""On two CPU cores: twelve minutes more for each fold and other part, unless its scores are cached."""

QUICK = Plan(parts=tuple(replace(part, samples=16, batch=4, rate=1e-3) for part in STANDARD.parts))
"""Exercises the whole pipeline in seconds; learns nothing."""

_RECORDED = ("torch", "numpy", "opencv-python-headless", "mediapipe", "xgboost-cpu", "onnxruntime", "av", "librosa")


@dataclass(frozen=True)
class Material:
    """The input of fitting and evaluation.

    Attributes:
        dataset: labelled videos.
        training: of texture networks.
        movements: of each clip.
        projected_out: movements after each re-compression in `PROJECTED_OUT`.
        texture: out-of-fold scores of the texture networks, by seed.
        recompressed: by re-compression of whole videos, the motion networks' scores of spans, by seed.
        videos: for each seed, the same videos with the scores of that seed's networks.
        others: by what differs, the same with the scores of other networks; some for the first seed only.
        left_out: by reason, the number of videos that were found but are not in `videos`; networks are trained on those
            of them that are in `dataset`.
    """

    dataset: Dataset
    training: TextureTraining
    movements: list[Movements]
    projected_out: list[list[Movements]]
    texture: TextureScores
    recompressed: dict[str, Scores]
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
    """Measure every video, and compute out-of-fold network scores.

    Args:
        dataset: labelled videos.
        cache: folder for whatever takes long.
        scores: folder for out-of-fold scores of the texture networks.
        server: address of a running NotReally; None to start a private one.
        plan: what to train and compare.
        seeds: of the networks.
        parallel: videos measured, and processes run, at once.
        console: for progress.

    Raises:
        ValueError: too few videos, or too few people; if the measurements show it, before networks are trained.
        ServiceError, RuntimeError: the services do not answer, or do not start.
    """
    dataset, twice = unique(dataset, content_hash)
    fold = group_folds(dataset)
    collected = asyncio.run(_measure(dataset, VectorCache(cache / "vectors.parquet"), server, parallel, console))
    for path, why in sorted(collected.failures.items()):
        console.print(f"Skipped {path.name}: {why}", style="yellow", markup=False, highlight=False)
    # Networks take hours, so check first, as if they could score every video.
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
    known = {name: how for name, how in plan.recompressions.items() if name in PROJECTED_OUT}
    unknown = {name: how for name, how in plan.recompressions.items() if name not in PROJECTED_OUT}
    paths = [clip.path for clip in dataset.clips]
    plain, *views = (
        measure_all(paths, cache / "movements", jobs=parallel, augmentation=how)
        for how in (None, *known.values(), *unknown.values())
    )
    fake = [clip.fake for clip in dataset.clips]
    projected_out, held_out = views[: len(known)], views[len(known) :]

    def motion_scores(epochs: int, others: Views) -> list[Scores]:
        """Out-of-fold scores by seed, of the original videos and of each view."""
        trainable = dataset.trainable
        found = (
            out_of_fold(plain, fake, fold, trainable, projected_out, others, epochs=epochs, seed=seed) for seed in seeds
        )
        return list(zip(*found, strict=True))

    def assembled(crops: Scores, spans: Scores) -> list[Assembled]:
        """For as many seeds as there are scores of crops."""
        return [assemble(dataset, collected.rows, fold, *read) for read in zip(crops, spans, strict=False)]

    console.print("Training motion networks")
    spans, *spans_recompressed = motion_scores(MOTION_EPOCHS, held_out)
    released = assembled(texture.log_odds, spans)
    others = {f"texture network: {part} alone": assembled(crops, spans) for part, crops in texture.parts.items()}
    others |= {f"texture network: {what}": assembled(crops, spans) for what, crops in other_crops.items()}
    for epochs in plan.other_epochs:
        others[f"motion network: {epochs} epochs"] = assembled(texture.log_odds, motion_scores(epochs, ())[0])
    _refuse_too_few(released[0].videos)
    refused = ["the services refused it"] * len(collected.failures)
    left_out = Counter([*released[0].left_out.values(), *twice.values(), *refused])
    return Material(
        dataset,
        training,
        plain,
        projected_out,
        texture,
        dict(zip([*known, *unknown], spans_recompressed, strict=True)),
        tuple(one.videos for one in released),
        {name: tuple(one.videos for one in read) for name, read in others.items()},
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
