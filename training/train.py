"""`python -m training.train`: from folders of real and fake videos to a model and its card."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from client import ServiceError
from gateway.features import SCHEMA_VERSION
from training import card, model_file
from training.calibration import calibrate, inconclusive_band, reference
from training.clips import ClipsError, Dataset, gather
from training.evaluation import evaluate
from training.fitting import Recipe, fit_trees, folds, sound_is_comparable
from training.services import Services
from training.vectors import Collected, VectorCache, collect
from training.videos import Assembled, assemble

_UNKNOWN_TERMS = "Nothing was said of where the videos come from and what may be done with them (`--terms`)."


def train(
    real: Annotated[
        list[str],
        typer.Option(help="Folder of real videos. Give it several times, or several folders separated by ':'."),
    ],
    fake: Annotated[list[str], typer.Option(help="Folder of fake videos, likewise.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV with the columns file, label and group_id (the person), and maybe subset and method; files are "
            "relative to it. By default the manifest.csv beside the folders, if there is one. A pairs.csv beside it, "
            "with the columns real and fake, names videos of the same person through the same encoder.",
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(help="Address of a running NotReally, such as localhost:52513. Starts a private one by default."),
    ] = None,
    cache: Annotated[Path, typer.Option(help="Parquet file of what was measured: no video is measured twice.")] = Path(
        "data/training/vectors.parquet"
    ),
    model: Annotated[Path, typer.Option(help="Model to write: .json or .ubj.")] = Path("models/default.json"),
    model_card: Annotated[Path, typer.Option("--card", help="Model card to write.")] = Path("docs/model-card.md"),
    terms: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Markdown on where the videos come from, for the card."),
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, help="Videos measured at once.")] = 2,
    seed: Annotated[int, typer.Option(help="Makes folds, masks and trees reproducible.")] = 0,
) -> None:
    """Train the model on folders of REAL and FAKE videos.

    Sends every video through the services, fits and calibrates the model on people kept apart, and writes it with a
    card that says what it is worth. It can be stopped and started again: what was measured is kept. Videos that cannot
    be measured are reported and skipped.
    """
    console = Console(stderr=True)
    if model.suffix not in (".json", ".ubj"):
        raise typer.BadParameter("The model must be a .json or .ubj file.", param_hint="--model")
    try:
        dataset = gather(real, fake, manifest)
        for warning in dataset.warnings:
            console.print(f"Warning: {warning}", style="yellow")
        collected = asyncio.run(_measure(dataset, VectorCache(cache), server, parallel, console))
        for path, why in sorted(collected.failures.items()):
            console.print(f"Skipped {path.name}: {why}", style="yellow", markup=False, highlight=False)
        assembled = assemble(dataset, collected.rows)
        run = learn(dataset, collected, assembled, seed, terms.read_text() if terms else _UNKNOWN_TERMS, model)
    except (ClipsError, ServiceError, RuntimeError, ValueError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    model_card.parent.mkdir(parents=True, exist_ok=True)
    model_card.write_text(card.render(run))
    console.print(f"Wrote {model} (version {run.model.version}) and {model_card}.", highlight=False)


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


def learn(dataset: Dataset, collected: Collected, assembled: Assembled, seed: int, terms: str, path: Path) -> card.Run:
    """Evaluate, fit, calibrate and write the model; give everything the card needs.

    Raises:
        ValueError: too few videos, or too few people.
    """
    videos = assembled.videos
    recipe = Recipe(seed, sound_is_comparable(videos))
    evaluation = evaluate(videos, folds(videos, seed), recipe)

    curve_on = reference(videos)
    calibration = calibrate(evaluation.log_odds[curve_on], videos.fake[curve_on])
    prob_fake = calibration.prob_fake(evaluation.log_odds)
    band = inconclusive_band(prob_fake, videos.fake, [curve_on, np.ones_like(curve_on)])

    booster = fit_trees(videos, np.arange(len(videos)), recipe)
    description = model_file.describe(
        booster,
        videos,
        calibration,
        band,
        schema_version=SCHEMA_VERSION,
        cross_validated_auc=evaluation.scores.get("paired", evaluation.scores["all"]).value,
        trained=datetime.now(UTC).replace(microsecond=0),
    )
    model_file.write(path, booster, description, calibration)
    return card.Run(
        videos=videos,
        recipe=recipe,
        evaluation=evaluation,
        calibration=calibration,
        band=band,
        model=description,
        left_out=dict(Counter([*assembled.left_out.values(), *["the services refused it"] * len(collected.failures)])),
        warnings=dataset.warnings,
        terms=terms,
    )


def main() -> None:
    """Run the command."""
    typer.run(train)


if __name__ == "__main__":
    main()
