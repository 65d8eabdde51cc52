"""How a run over many files is shown: one live table at a terminal, a line for each file elsewhere."""

import time
from collections import Counter
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.progress import printable
from cli.report import verdict_words

_REFRESH_HZ = 4
_LONGEST_LIST = 32


class Quiet:
    """Shows nothing."""

    def total(self, files: int) -> None:
        """See `cli.many.run.View`."""

    def began(self, file: str) -> None:
        """See `cli.many.run.View`."""

    def moved(self, file: str, words: str, percent: float) -> None:
        """See `cli.many.run.View`."""

    def ended(self, file: str, row: dict[str, Any], *, from_before: bool) -> None:
        """See `cli.many.run.View`."""


class Board(Quiet):
    """Totals, time left, verdict counts and what is under way, and above them a line for each file that has ended.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        """Draw nothing before `with`."""
        self._console = console
        self._files: int | None = None
        self._done = 0
        self._passed_over = 0
        self._counts: Counter[str] = Counter()
        self._running: dict[str, tuple[str, float]] = {}
        self._began_s = time.monotonic()
        self._live = Live(
            console=console,
            get_renderable=self._drawn,
            refresh_per_second=_REFRESH_HZ,
            transient=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; the totals stay where they are."""
        self._running.clear()
        if self._console.is_terminal:
            self._live.stop()
        else:
            self._console.print(self._totals(), highlight=False)

    def total(self, files: int) -> None:
        """See `cli.many.run.View`."""
        self._files = files
        self._began_s = time.monotonic()

    def began(self, file: str) -> None:
        """See `cli.many.run.View`."""
        self._running[file] = ("reading", 0.0)

    def moved(self, file: str, words: str, percent: float) -> None:
        """See `cli.many.run.View`."""
        self._running[file] = (words, percent)

    def ended(self, file: str, row: dict[str, Any], *, from_before: bool) -> None:
        """See `cli.many.run.View`."""
        self._running.pop(file, None)
        self._done += 1
        self._passed_over += from_before
        verdict = str(row.get("verdict") or "failed")
        self._counts[verdict] += 1
        if not from_before:
            self._console.print(self._line(file, row), highlight=False, soft_wrap=True)

    def _line(self, file: str, row: dict[str, Any]) -> Text:
        if not row.get("verdict"):
            message = printable(str(row.get("message") or "No result."))
            return Text.assemble((f"{'Failed':<20}", "red"), f"{'':>6}  ", printable(file), (f"  {message}", "dim"))
        words, style = verdict_words(str(row["verdict"]))
        chance = "" if row["verdict"] == "insufficient" else f"{row.get('prob_fake') or 0.0:.0%}"
        part = " (voice)" if row.get("headline") == "voice" else ""
        return Text.assemble((f"{words + part:<20}", style), f"{chance:>6}  ", printable(file))

    def _drawn(self) -> RenderableType:
        running = Table(box=None, pad_edge=False, show_header=False)
        running.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
        running.add_column(style="dim", no_wrap=True)
        running.add_column(justify="right", no_wrap=True)
        for file, (words, percent) in list(self._running.items())[:_LONGEST_LIST]:
            running.add_row(printable(file), words, f"{percent:.0f}%")
        bar = ProgressBar(total=max(1, self._files or 1), completed=self._done, width=max(10, self._console.width // 3))
        head = Table.grid(padding=(0, 1))
        head.add_row(bar, self._totals())
        return Group(running, head)

    def _totals(self) -> Text:
        of = f" of {self._files}" if self._files else ""
        line = Text(f"{self._done}{of} files")
        if (left := self._left_s()) is not None:
            line.append(f", {_duration(left)} left", style="dim")
        for verdict in ("likely_fake", "inconclusive", "insufficient", "likely_real", "failed"):
            if count := self._counts[verdict]:
                words, style = ("Failed", "red") if verdict == "failed" else verdict_words(verdict)
                line.append("  ").append(f"{words} {count}", style=style)
        if self._passed_over:
            line.append(f"  {self._passed_over} done before", style="dim")
        return line

    def _left_s(self) -> float | None:
        """Seconds until the end, by the pace so far of those that had to be done."""
        worked = self._done - self._passed_over
        if not self._files or not worked or self._done >= self._files:
            return None
        return (time.monotonic() - self._began_s) / worked * (self._files - self._done)


def _duration(seconds: float) -> str:
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"
