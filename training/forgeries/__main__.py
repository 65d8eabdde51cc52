"""`python -m training.forgeries`: from a folder of real videos to forged ones and shams (unforged controls)."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.data.clips import ClipsError, gather_real
from training.forgeries.progress import forge_with_progress
from training.forgeries.videos import FORGERIES, SECONDS


def forgeries(
    real: Annotated[
        list[str],
        typer.Option(help="Folder of real videos. Give it several times, or several folders separated by ':'."),
    ],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder to write to.")] = Path("data/training/forgeries"),
    manifest: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="CSV that says who appears in which video, as for `training.train`."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other forgeries.")] = 0,
    each: Annotated[int, typer.Option(min=1, help="Forgeries per video.")] = FORGERIES,
    seconds: Annotated[float, typer.Option(min=1, help="Use at most this much of each video.")] = SECONDS,
    jobs: Annotated[int, typer.Option(min=1, help="Videos processed at once.")] = 2,
) -> None:
    """Make forged videos, and shams that count as real, from REAL ones.

    Writes a manifest.csv and a pairs.csv that `training.train` reads. If interrupted, it can be started again: finished
    videos are kept.
    """
    console = Console(stderr=True)
    try:
        known = gather_real(real, manifest)
        for warning in known.warnings:
            console.print(f"Warning: {warning}", style="yellow")
        forged = forge_with_progress(known.clips, out, console, seed=seed, forgeries=each, seconds=seconds, jobs=jobs)
    except ClipsError as error:
        console.print(str(error), style="bold red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    console.print(f"Wrote {forged.manifest}.", highlight=False)


def main() -> None:
    """Run the command."""
    program = typer.Typer(add_completion=False, rich_markup_mode="markdown")  # joins the lines of a paragraph
    program.command()(forgeries)
    program()


if __name__ == "__main__":
    main()
