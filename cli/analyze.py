"""`notreally analyze`: sends files to a running server, several at once; interrupting it cancels them."""

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from notreally.v1 import analysis_pb2

from cli.outcome import Outcome, Problem
from client import NotReally, ServiceError, UploadProgress
from client.names import text_of

_CANCEL_TIMEOUT_S = 5.0


class Watcher(Protocol):
    """Sees how a file gets on; `file` is its position in the list."""

    def uploaded(self, file: int, progress: UploadProgress) -> None:
        """Some more of the file has been stored."""

    def happened(self, file: int, event: analysis_pb2.AnalysisEvent) -> None:
        """The analysis of the file got on."""

    def ended(self, file: int, outcome: Outcome) -> None:
        """The file is done with."""


async def analyze_files(server: str, files: Sequence[Path], watcher: Watcher, *, at_once: int) -> list[Outcome]:
    """Analyse `files` at `server`; gives one outcome each, in the same order.

    Args:
        server: Its address, see `client.channel.address_of`.
        files: What to analyse.
        watcher: Told about progress.
        at_once: How many files are on their way at the same time.

    When this is cancelled, so are the analyses it started.
    """
    turn = asyncio.Semaphore(at_once)
    async with NotReally(server) as client:

        async def one(index: int, path: Path) -> Outcome:
            async with turn:
                name = text_of(path)
                try:
                    outcome = Outcome(name, await _analyze(client, index, path, watcher))
                except (ServiceError, OSError) as error:
                    outcome = Outcome(name, problem=Problem.of(error, server))
                watcher.ended(index, outcome)
                return outcome

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(index, path)) for index, path in enumerate(files)]
    return [task.result() for task in tasks]


async def _analyze(client: NotReally, index: int, path: Path, watcher: Watcher) -> analysis_pb2.Analysis:
    upload = await client.upload(path, lambda progress: watcher.uploaded(index, progress))
    request_id = str(uuid.uuid4())
    try:
        analysis = await client.create_analysis(upload.name, request_id)
        async for event in client.watch([analysis.name]):
            watcher.happened(index, event)
    except asyncio.CancelledError:
        with suppress(ServiceError, TimeoutError):
            async with asyncio.timeout(_CANCEL_TIMEOUT_S):
                # The request id finds the analysis even if its creation had not been answered yet.
                started = await client.create_analysis(upload.name, request_id)
                await client.cancel(started.name)
        raise
    return await client.result(analysis.name)
