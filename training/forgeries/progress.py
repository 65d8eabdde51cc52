"""Making forgeries with a progress bar."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from training.data.clips import Clip, Dataset, gather, gather_real
from training.forgeries.videos import FORGERIES, SECONDS, Forged, forge


def forge_with_progress(
    clips: Sequence[Clip],
    out: Path,
    console: Console,
    *,
    seed: int,
    forgeries: int = FORGERIES,
    seconds: float = SECONDS,
    jobs: int,
) -> Forged:
    """`forge` with a progress bar, and a line for each clip from which not everything could be made."""
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Forging", total=len({clip.path for clip in clips}))
        forged = forge(
            clips,
            out,
            seed=seed,
            forgeries=forgeries,
            seconds=seconds,
            jobs=jobs,
            on_done=lambda _: progress.advance(task),
        )
    for path, why in sorted(forged.refused.items()):
        console.print(
            f"Not everything could be made from {path.name}: {why}", style="yellow", markup=False, highlight=False
        )
    return forged


def with_forgeries(
    real: Sequence[str], manifest: Path | None, out: Path, console: Console, *, seed: int, jobs: int
) -> Dataset:
    """Real videos with forgeries of them as fakes; re-encoded copies and shams are further real ones.

    Raises:
        ClipsError: as `gather_real` and `forge`.
    """
    known = gather_real(real, manifest)
    made = forge_with_progress(known.clips, out, console, seed=seed, jobs=jobs)
    dataset = gather([*real, str(made.real)], [str(made.fake)], made.manifest)
    note = "All fakes were made from these real videos: no score says how well other fakes are detected."
    return replace(dataset, warnings=(note, *known.warnings, *dataset.warnings))
