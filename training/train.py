"""`python -m training.train`: from folders of videos to networks, model and model card."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from notreally.v1 import classifier_pb2
from rich.console import Console

from client import ServiceError
from gateway.features.vector import SCHEMA_VERSION
from services.face.networks.network_file import NetworkPaths, read_networks
from services.kit.networks.network_file import version_of
from training.appearance.package import checked_encoder
from training.card import markdown, plots, tables
from training.card.run import Run, as_json
from training.data.clips import ClipsError, fingerprint, gather
from training.data.vectors import content_hash
from training.evaluation import out_of_fold
from training.evaluation.out_of_fold import Evaluation
from training.evaluation.verdicts import fitted, not_proven, proven
from training.fitting import model_file
from training.fitting.calibration import Band, Calibration
from training.fitting.model import Recipe, fit_trees, sound_is_comparable
from training.forgeries.progress import with_forgeries
from training.networks.motion import train_released
from training.pipeline import MOTION_EPOCHS, Material, environment, prepare

_UNKNOWN_TERMS = "The origin and terms of use of the videos were not given (`--terms`)."
_UNKNOWN_DATA = "It is unknown whether the model was trained on these videos: its file does not say."
_PERMUTATIONS = 100
_PAGE = 180  # columns


def train(
    real: Annotated[
        list[str],
        typer.Option(help="Folder of real videos. Give it several times, or several folders separated by ':'."),
    ],
    fake: Annotated[
        list[str] | None,
        typer.Option(help="Folder of fake videos, likewise. Without it, fakes are made from the real ones."),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV with the columns file, label and group_id (the person), optionally subset and method; file is "
            "relative to the CSV. By default the manifest.csv beside the folders, if there is one. A pairs.csv beside "
            "it, with the columns real and fake, lists pairs: videos of the same person through the same encoder.",
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(help="Address of a running NotReally, such as localhost:52513. Starts a private one by default."),
    ] = None,
    cache: Annotated[
        Path, typer.Option(help="Folder for intermediate results, so that nothing is computed twice.")
    ] = Path("data/training"),
    model: Annotated[Path, typer.Option(help="Model to write: .json or .ubj.")] = Path("models/default.json"),
    appearance: Annotated[Path, typer.Option(help="Appearance network to write: .onnx.")] = Path(
        "models/face_appearance.onnx"
    ),
    motion: Annotated[Path, typer.Option(help="Motion network to write: .onnx.")] = Path("models/face_motion.onnx"),
    matrices: Annotated[
        Path, typer.Option(help="File to write with the matrices of the pretrained encoder, in four bits: .npz.")
    ] = Path("models/face_encoder.npz"),
    encoder: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="ONNX file of the pretrained encoder. By default that of the package that is pinned for training.",
        ),
    ] = None,
    model_card: Annotated[Path, typer.Option("--card", help="Model card to write.")] = Path("docs/model-card.md"),
    figures: Annotated[Path, typer.Option(help="JSON file to write, with every figure.")] = Path(
        "models/evaluation.json"
    ),
    terms: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Markdown on the origin and terms of use of the videos, for the card."
        ),
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, help="Videos measured, and processes run, at once.")] = 2,
    seed: Annotated[int, typer.Option(help="Seed of masks, networks and trees.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds to average the evaluation over.")] = 1,
    only_evaluate: Annotated[
        bool,
        typer.Option(
            "--only-evaluate",
            help="Leave networks and model alone, and rewrite their card, from the videos they were trained on.",
        ),
    ] = False,
    recalibrate: Annotated[
        bool,
        typer.Option(
            "--recalibrate",
            help="With --only-evaluate: refit the model's calibration and thresholds to the scores of all seeds.",
        ),
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Run everything in a short form that learns next to nothing.")
    ] = False,
    people: Annotated[
        bool,
        typer.Option(
            "--people",
            help="Also hold out people instead of sources, to say how well people never met are told apart.",
        ),
    ] = False,
) -> None:
    """Train networks and model on folders of REAL and FAKE videos.

    Measures every video with the services, cross-validates the appearance network over folds of whole sources, fits and
    calibrates the model on its out-of-fold scores, and writes model, network and a model card with the evaluation. If
    interrupted, it resumes where it stopped. Videos that cannot be measured are reported and skipped.
    """
    console = Console(stderr=True)
    if model.suffix not in (".json", ".ubj"):
        raise typer.BadParameter("The model must be a .json or .ubj file.", param_hint="--model")
    if recalibrate and not only_evaluate:
        raise typer.BadParameter("Needs --only-evaluate: training calibrates anyway.", param_hint="--recalibrate")
    try:
        if fake:
            dataset = gather(real, fake, manifest)
        else:
            dataset = with_forgeries(real, manifest, cache / "forgeries", console, seed=seed, jobs=parallel)
        for warning in dataset.warnings:
            console.print(f"Warning: {warning}", style="yellow")
        data = fingerprint(dataset, content_hash)
        existing = model_file.read(model) if only_evaluate else None
        if existing is not None and existing[2] not in (None, data):
            raise ClipsError(f"{model.name} was trained on other videos: give those, or train it on these.")
        material = prepare(
            dataset,
            checked_encoder(encoder),
            cache,
            server,
            2 if quick else MOTION_EPOCHS,
            range(seed, seed + seeds),
            parallel,
            console,
            with_people=people,
        )
        recipe = Recipe(seed, sound_is_comparable(material.videos[0]))
        console.print("Evaluating")
        found = out_of_fold.evaluate(material.videos, material.people, recipe, 4 if quick else _PERMUTATIONS)
        warnings = dataset.warnings
        if existing is not None:
            description, calibration, known = existing
            band = Band(description.real_below, description.fake_above)
            if recalibrate:
                calibration, band = _calibrated(material, found)
                description = model_file.recalibrate(model, calibration, band, _headline(found))
            warnings += (*([] if known else [_UNKNOWN_DATA]), *not_proven(band, found.tried))
        else:
            networks = NetworkPaths(appearance, motion, matrices)
            description, calibration, band = _learned(material, recipe, found, networks, model, data)
    except (ClipsError, ServiceError, RuntimeError, ValueError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    run = Run(
        videos=material.videos[0],
        seeds=seeds,
        recipe=recipe,
        evaluation=found,
        calibration=calibration,
        band=band,
        model=description,
        left_out=material.left_out,
        warnings=warnings,
        terms=terms.read_text() if terms else _UNKNOWN_TERMS,
        environment=environment(),
        options="--quick" if quick else "--people" if people else "",
        plots=_drawn(material, found, model_card),
    )
    model_card.parent.mkdir(parents=True, exist_ok=True)
    model_card.write_text(markdown.render(run))
    figures.write_text(as_json(run))
    made = [model] if recalibrate else [] if only_evaluate else [matrices, appearance, motion, model]
    # A file or a pipe has no width, and folded tables are hard to search.
    tables.show(run, Console(width=None if sys.stdout.isatty() else _PAGE))
    console.print(
        f"Wrote {', '.join(map(str, [*made, figures]))} and {model_card}.",
        highlight=False,
    )


def _learned(
    material: Material, recipe: Recipe, found: Evaluation, networks: NetworkPaths, path: Path, data: str
) -> tuple[classifier_pb2.Model, Calibration, Band]:
    """Train the released networks, fit and calibrate the model, and write all of them."""
    videos, dataset = material.videos[0], material.dataset
    calibration, band = _calibrated(material, found)
    material.appearance.train_released(networks.appearance, networks.encoder, recipe.seed)
    fake = [clip.fake for clip in dataset.clips]
    trainable = dataset.trainable
    train_released(material.movements, fake, trainable, networks.motion, epochs=MOTION_EPOCHS, seed=recipe.seed)
    booster = fit_trees(videos, np.arange(len(videos)), recipe)
    description = model_file.describe(
        booster,
        videos,
        calibration,
        band,
        schema_version=SCHEMA_VERSION,
        face_networks=version_of(*read_networks(networks)),
        cross_validated_auc=_headline(found),
        trained=datetime.now(UTC).replace(microsecond=0),
    )
    # The voice has a training of its own (`training.voices.train`).
    voice = model_file.voice_of(path)
    if voice is not None:
        model_file.add_voice(description, voice)
    model_file.write(path, booster, description, calibration, data)
    return description, calibration, band


def _calibrated(material: Material, found: Evaluation) -> tuple[Calibration, Band]:
    videos = material.videos[0]
    calibration, band = fitted(videos, found.log_odds, np.ones(len(videos), dtype=np.bool_))
    return calibration, proven(band, found.tried)


def _headline(found: Evaluation) -> float:
    return found.scores["all"].value


def _drawn(material: Material, found: Evaluation, model_card: Path) -> list[tuple[str, str]]:
    folder = model_card.with_suffix("")
    drawn = plots.draw(material.videos[0], found, folder)
    return [(f"{folder.name}/{name}", caption) for name, caption in drawn]


def main() -> None:
    """Run the command."""
    program = typer.Typer(add_completion=False, rich_markup_mode="markdown")  # joins the lines of a paragraph
    program.command()(train)
    program()


if __name__ == "__main__":
    main()
