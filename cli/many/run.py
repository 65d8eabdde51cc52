"""A run over many files: a few at a time, each result written as it comes, whatever has been done passed over."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from notreally.v1 import analysis_pb2

from cli.analyze import analyze_file, hash_of
from cli.many.finding import Arrivals
from cli.many.results import Results
from cli.outcome import Exit, Problem, exit_of_words, failed_record, failed_row
from client import NotReally, ServiceError
from client.names import text_of

_LOOK_EVERY_S = 1.0

Sink = Callable[[dict[str, Any]], None]


class View(Protocol):
    """Shows how a run gets on."""

    def total(self, files: int) -> None:
        """So many files there are."""

    def began(self, file: str) -> None:
        """Work on a file has begun."""

    def moved(self, file: str, words: str, percent: float) -> None:
        """It got on."""

    def ended(self, file: str, row: dict[str, Any], *, from_before: bool) -> None:
        """It is done with; `from_before` says that its result was there already."""


@dataclass
class Run:
    """One run.

    Args:
        server: Where.
        title: What its batch is called.
        jobs: How many files are on their way at the same time.
        view: Told about progress.
        anew: Whether files are analysed though the model in use has given them results before.
        results: Of this run and earlier ones like it; None where none are kept.
        keeps_rows: Whether these are rows of a table, not whole records.
        sinks: Given each whole record as it comes.
    """

    server: str
    title: str
    jobs: int
    view: View
    anew: bool = False
    results: Results | None = None
    keeps_rows: bool = False
    sinks: list[Sink] = field(default_factory=list)
    exits: set[Exit] = field(default_factory=set)
    done: int = 0
    names: dict[Path, str] = field(default_factory=dict)
    """What files are called in the output whose path says nothing."""

    async def over(self, files: Iterable[Path]) -> None:
        """Analyse every file; interrupted, cancel what was started."""
        with _Spool() as spool:
            await asyncio.to_thread(spool.fill, files)
            self.view.total(spool.count)
            async with NotReally(self.server) as client:
                await self._work(client, _slowly(spool.paths()), spool.count)

    async def on_arrival(self, arrivals: Arrivals) -> None:
        """Analyse what arrives, until cancelled."""

        async def arriving() -> AsyncIterator[Path]:
            while True:
                for path in await asyncio.to_thread(lambda: list(arrivals.new())):
                    yield path
                await asyncio.sleep(_LOOK_EVERY_S)

        async with NotReally(self.server) as client:
            await self._work(client, arriving(), 0)

    async def _work(self, client: NotReally, paths: AsyncIterator[Path], expected: int) -> None:
        batch = await self._batch(client, expected)
        taking = asyncio.Lock()
        same: dict[str, asyncio.Lock] = {}

        async def worker() -> None:
            while True:
                async with taking:
                    path = await anext(paths, None)
                if path is None:
                    return
                await self._one(client, path, batch, same)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.jobs):
                group.create_task(worker())

    async def _batch(self, client: NotReally, expected: int) -> str:
        """The batch of an earlier run that goes on, or a new one; none when the server is not there to be asked."""
        try:
            await client.server_info()
            if self.results is not None and self.results.batch:
                try:
                    return (await client.get_batch(self.results.batch)).name
                except ServiceError as error:
                    if error.reason != "BATCH_NOT_FOUND":
                        raise
            return (await client.create_batch(self.title, expected)).name
        except ServiceError:
            return ""  # every file will say why

    async def _one(self, client: NotReally, path: Path, batch: str, same: dict[str, asyncio.Lock]) -> None:
        name = self.names.get(path) or text_of(path)
        self.view.began(name)
        try:
            sha256 = await asyncio.to_thread(hash_of, path)
            if self._is_done(name, sha256):
                return
            # Of files with the same content, the second takes the result of the first.
            lock = same.setdefault(sha256, asyncio.Lock())
            try:
                async with lock:
                    record, row = await self._analysed(client, path, name, batch, sha256)
            finally:
                if not lock.locked():
                    same.pop(sha256, None)
        except (ServiceError, OSError) as error:
            problem = Problem.of(error, self.server)
            record, row = failed_record(name, problem), failed_row(name, problem)
        self._tell(name, record, row)

    async def _analysed(
        self, client: NotReally, path: Path, name: str, batch: str, sha256: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        analysis = await analyze_file(
            client,
            path,
            lambda progress: self.view.moved(
                name, "uploading", 100.0 * progress.committed_bytes / max(1, progress.size_bytes)
            ),
            lambda event: self.view.moved(name, _words(event), event.percent),
            batch=batch,
            anew=self.anew,
            sha256=sha256,
        )
        row = json.loads(await client.export(analysis, analysis_pb2.EXPORT_FORMAT_ROW))
        record: dict[str, Any] = {}
        if self.sinks or (self.results is not None and not self.keeps_rows):
            record = json.loads(await client.export(analysis, analysis_pb2.EXPORT_FORMAT_UNSPECIFIED))
        return {"file": name, **record}, {"file": name, **row}

    def _is_done(self, name: str, sha256: str) -> bool:
        """Whether an earlier run has done this file, or one with the same content: then under this name too."""
        if self.results is None or self.anew:
            return False
        known = self.results.same(sha256)
        if known is None:
            return False
        if not self.results.has(name, sha256):
            known = {**known, "file": name, "filename": Path(name).name}
            self.results.add(known)
        for sink in self.sinks:
            sink(known)
        self._count(name, _flat(known), from_before=True)
        return True

    def _tell(self, name: str, record: dict[str, Any], row: dict[str, Any]) -> None:
        if self.results is not None:
            self.results.add(row if self.keeps_rows else record)
        for sink in self.sinks:
            sink(record)
        self._count(name, row, from_before=False)

    def _count(self, name: str, row: dict[str, Any], *, from_before: bool) -> None:
        self.done += 1
        self.exits.add(exit_of_words(row.get("verdict")))
        self.view.ended(name, row, from_before=from_before)


class _Spool:
    """Paths on their way through a temporary file: counted before the first is worked on, in no memory."""

    def __enter__(self) -> "_Spool":
        self._file = tempfile.TemporaryFile()
        self.count = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fill(self, paths: Iterable[Path]) -> None:
        for path in paths:
            # As JSON, since a name may hold a line break.
            self._file.write(json.dumps(os.fsencode(path).decode("latin-1")).encode() + b"\n")
            self.count += 1
        self._file.seek(0)

    def paths(self) -> Iterator[Path]:
        for line in self._file:
            yield Path(os.fsdecode(json.loads(line).encode("latin-1")))


async def _slowly(paths: Iterator[Path]) -> AsyncIterator[Path]:
    for path in paths:
        yield path


def _words(event: analysis_pb2.AnalysisEvent) -> str:
    if event.queue_position:
        return "waiting"
    return analysis_pb2.Stage.Name(event.stage).removeprefix("STAGE_").replace("_", " ").lower()


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    """What is shown of a result, which is a row or a whole record."""
    if "results" not in result:
        return result
    results, error = result["results"] or {}, result["error"] or {}
    shown = {name: results.get(name) for name in ("verdict", "headline", "prob_fake")}
    return {**shown, "reason": error.get("reason"), "message": error.get("message")}
