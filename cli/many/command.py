"""`notreally analyze` over many files: from what was asked for to a run, its output and its exit code."""

import asyncio
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from cli.many.finding import Arrivals, found, listed
from cli.many.results import Csv, JsonLines, Results, write_parquet
from cli.many.run import Run
from cli.many.view import Board, Quiet
from cli.outcome import COLUMNS, Exit, worst
from client.names import text_of

STDIN = "-"
# More reports than these nobody reads one by one.
_FEW = 5
_LONGEST_TITLE = 150


@dataclass(frozen=True)
class Choice:
    """What a person has asked for."""

    server: str
    files: list[Path]
    from_list: str | None
    watch_folder: Path | None
    out: Path | None
    jobs: int
    as_json: bool
    anew: bool

    mistakes: ClassVar = (OSError, ValueError, ImportError)
    """What `analyze_many` raises with a sentence for a person."""

    @property
    def is_few(self) -> bool:
        """Whether each file has a report of its own."""
        asked_for_more = self.as_json or self.from_list or self.watch_folder or self.out
        named = not any(path.is_dir() or os.fspath(path) == STDIN for path in self.files)
        return not asked_for_more and named and len(self.files) <= _FEW

    @property
    def title(self) -> str:
        """What the batch of the run is called."""
        if self.watch_folder is not None:
            return text_of(self.watch_folder.resolve().name)[:_LONGEST_TITLE]
        if self.from_list is not None:
            return "A list" if self.from_list == STDIN else text_of(Path(self.from_list).name)[:_LONGEST_TITLE]
        if len(self.files) == 1:
            return (
                "Standard input"
                if os.fspath(self.files[0]) == STDIN
                else text_of(self.files[0].resolve().name)[:_LONGEST_TITLE]
            )
        return f"{text_of(self.files[0].name)[:_LONGEST_TITLE]} and {len(self.files) - 1} more"


def analyze_many(choice: Choice) -> Exit:
    """Run over all files; gives the exit code.

    Raises:
        OSError: A list or the output cannot be read or written.
        ValueError: The output is of no known kind, or holds something else.
        ImportError: The output needs a package that is not installed.
    """
    errors = Console(stderr=True)
    with ExitStack() as stack:
        results, keeps_rows = (None, False) if choice.out is None else _opened(choice.out, stack)
        board = None if choice.as_json else stack.enter_context(Board(errors))
        run = Run(
            choice.server,
            choice.title,
            choice.jobs,
            board or Quiet(),
            anew=choice.anew,
            results=results,
            keeps_rows=keeps_rows,
            sinks=[_print] if choice.as_json else [],
        )
        interrupted = False
        try:
            if choice.watch_folder is not None:
                asyncio.run(run.on_arrival(Arrivals(choice.watch_folder)))
            else:
                asyncio.run(run.over(stack.enter_context(_paths(choice, run.names))))
        except KeyboardInterrupt:
            interrupted = True
        except BaseExceptionGroup as group:  # one of them says all there is to say
            first = group.exceptions[0]
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            raise first from None
    if interrupted and not choice.as_json:
        goes_on = "; the same command goes on from here" if choice.out else ""
        errors.print(f"Interrupted: what was under way was cancelled{goes_on}.", style="yellow")
    if interrupted and choice.watch_folder is None:
        return Exit.INTERRUPTED
    if run.done == 0 and choice.watch_folder is None:
        errors.print("No video or sound recording was found there.", style="yellow")
        return Exit.ERROR
    return worst(run.exits)


def _print(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def _opened(out: Path, stack: ExitStack) -> tuple[Results, bool]:
    """The output, and whether it holds rows."""
    kind = out.suffix.lower()
    if kind in (".jsonl", ".ndjson"):
        return stack.enter_context(Results(out, JsonLines())), False
    if kind == ".csv":
        return stack.enter_context(Results(out, Csv(COLUMNS))), True
    if kind != ".parquet":
        raise ValueError("Write results to a file that ends in .jsonl, .csv or .parquet.")
    if importlib.util.find_spec("pyarrow") is None:
        raise ImportError("Parquet needs one more package: pip install 'notreally[parquet]'.")
    lines = stack.enter_context(Results(out.with_name(out.name + ".jsonl"), JsonLines()))
    stack.callback(lambda: write_parquet(lines.all(), COLUMNS, out))
    return lines, True


@contextmanager
def _paths(choice: Choice, names: dict[Path, str]) -> Iterator[Iterable[Path]]:
    """What to analyse; standard input is a file for as long as the block lasts, with a name of its own in `names`."""
    with ExitStack() as stack:

        def named() -> Iterator[Path]:
            for path in choice.files:
                if os.fspath(path) == STDIN:
                    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                    copy = folder / "standard input"
                    with copy.open("wb") as file:
                        shutil.copyfileobj(sys.stdin.buffer, file)
                    names[copy] = STDIN
                    yield copy
                else:
                    yield from found([path])
            if choice.from_list == STDIN:
                yield from found(listed(sys.stdin.buffer))
            elif choice.from_list is not None:
                with Path(choice.from_list).open("rb") as lines:
                    yield from found(listed(lines))

        yield named()
