"""Progress on standard error: bars at a terminal, a line now and then elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from notreally.v1 import analysis_pb2, features_pb2
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from cli.outcome import Outcome
from client import UploadProgress

_MODALITIES = {
    features_pb2.MODALITY_FACE: "face",
    features_pb2.MODALITY_AUDIO: "audio",
    features_pb2.MODALITY_METADATA: "metadata",
}
_LINE_EVERY_PERCENT = 10.0


def printable(text: str) -> str:
    """`text` without characters that could take over a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def stage_words(stage: "analysis_pb2.Stage.ValueType") -> str:
    """A stage as words, such as ``analyzing video``."""
    return analysis_pb2.Stage.Name(stage).removeprefix("STAGE_").replace("_", " ").lower()


def event_words(event: analysis_pb2.AnalysisEvent) -> str:
    """What is going on, such as ``analyzing video`` or ``waiting, 3rd in line``."""
    if event.queue_position == 1:
        return "waiting, next in line"
    if event.queue_position:
        return f"waiting, {_ordinal(event.queue_position)} in line"
    return stage_words(event.stage)


class Silence:
    """Shows nothing."""

    def uploaded(self, file: int, progress: UploadProgress) -> None:
        """See `cli.analyze.Watcher`."""

    def happened(self, file: int, event: analysis_pb2.AnalysisEvent) -> None:
        """See `cli.analyze.Watcher`."""

    def ended(self, file: int, outcome: Outcome) -> None:
        """See `cli.analyze.Watcher`."""


class Lines:
    """A line for every stage, and every so many percent: for logs and pipes."""

    def __init__(self, console: Console, files: Sequence[Path]) -> None:
        """Remember what has been said of each file."""
        self._console = console
        self._names = [printable(path.name) for path in files]
        self._said: dict[int, tuple[str, float]] = {}

    def uploaded(self, file: int, progress: UploadProgress) -> None:
        """See `cli.analyze.Watcher`."""
        share = 100.0 * progress.committed_bytes / progress.size_bytes if progress.size_bytes else 100.0
        self._say(file, "uploading", share)

    def happened(self, file: int, event: analysis_pb2.AnalysisEvent) -> None:
        """See `cli.analyze.Watcher`."""
        self._say(file, event_words(event), event.percent)

    def ended(self, file: int, outcome: Outcome) -> None:
        """See `cli.analyze.Watcher`."""

    def _say(self, file: int, what: str, percent: float) -> None:
        said, at = self._said.get(file, ("", 0.0))
        if what == said and percent < at + _LINE_EVERY_PERCENT:
            return
        self._said[file] = (what, percent)
        self._console.print(f"{self._names[file]}: {what}, {percent:.0f}%", markup=False, highlight=False)


class Bars:
    """A bar for the upload of each file, then one for each modality with the server's own words."""

    def __init__(self, console: Console, files: Sequence[Path]) -> None:
        """Draw nothing before `with`."""
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TextColumn("{task.fields[words]}", style="dim"),
            console=console,
        )
        self._names = [escape(printable(path.name)) for path in files]
        self._heads: dict[int, TaskID] = {}
        self._rows: dict[tuple[int, int], TaskID] = {}

    def __enter__(self) -> Self:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; the bars stay where they are."""
        self._progress.stop()

    def uploaded(self, file: int, progress: UploadProgress) -> None:
        """See `cli.analyze.Watcher`."""
        row = self._head(file)
        self._progress.update(row, total=max(1, progress.size_bytes), completed=progress.committed_bytes)
        self._progress.update(row, words=f"uploading, {progress.size_bytes / 1e6:.1f} MB")

    def happened(self, file: int, event: analysis_pb2.AnalysisEvent) -> None:
        """See `cli.analyze.Watcher`."""
        self._progress.update(self._head(file), total=100.0, completed=event.percent, words=event_words(event))
        for modality in event.modalities:
            row = self._rows.get((file, modality.modality))
            if row is not None:
                words = escape(printable(modality.text)) or _state_words(modality.state)
                self._progress.update(row, completed=modality.fraction, words=words, visible=True)

    def ended(self, file: int, outcome: Outcome) -> None:
        """See `cli.analyze.Watcher`."""
        words = outcome.problem.message if outcome.problem else outcome.exit.name.lower()
        row = self._head(file)
        self._progress.update(row, words=escape(printable(words)))
        self._progress.stop_task(row)

    def _head(self, file: int) -> TaskID:
        if file not in self._heads:
            self._heads[file] = self._progress.add_task(f"[bold]{self._names[file]}[/]", total=100.0, words="")
            # Now, so that they stand below this file and not below the last one.
            for modality, name in _MODALITIES.items():
                row = self._progress.add_task(f"  {name}", total=1.0, words="", visible=False)
                self._rows[file, modality] = row
        return self._heads[file]


def _ordinal(number: int) -> str:
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _state_words(state: "analysis_pb2.ModalityState.ValueType") -> str:
    return analysis_pb2.ModalityState.Name(state).removeprefix("MODALITY_STATE_").lower()
