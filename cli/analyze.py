"""`notreally analyze`: sends files to a running server, several at once; interrupting it cancels them."""

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from notreally.v1 import analysis_pb2

from cli.outcome import Outcome, Problem
from client import NotReally, ServiceError, UploadProgress
from client.names import text_of

_CANCEL_TIMEOUT_S = 5.0
_USABLE = (
    analysis_pb2.ANALYSIS_STATE_QUEUED,
    analysis_pb2.ANALYSIS_STATE_RUNNING,
    analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
)


class Watcher(Protocol):
    """Sees how a file gets on; `file` is its position in the list."""

    def uploaded(self, file: int, progress: UploadProgress) -> None:
        """Some more of the file has been stored."""

    def happened(self, file: int, event: analysis_pb2.AnalysisEvent) -> None:
        """The analysis of the file got on."""

    def ended(self, file: int, outcome: Outcome) -> None:
        """The file is done with."""


async def analyze_files(
    server: str, files: Sequence[Path], watcher: Watcher, *, at_once: int, anew: bool = False
) -> list[Outcome]:
    """Analyse `files` at `server`; gives one outcome each, in the same order.

    Args:
        server: Its address, see `client.channel.address_of`.
        files: What to analyse.
        watcher: Told about progress.
        at_once: How many files are on their way at the same time.
        anew: Whether a file is analysed even if the model in use has given it a result before.

    When this is cancelled, so are the analyses it started.
    """
    turn = asyncio.Semaphore(at_once)
    async with NotReally(server) as client:

        async def one(index: int, path: Path) -> Outcome:
            async with turn:
                name = text_of(path)
                try:
                    analysis = await analyze_file(
                        client,
                        path,
                        lambda progress: watcher.uploaded(index, progress),
                        lambda event: watcher.happened(index, event),
                        anew=anew,
                    )
                    outcome = Outcome(name, await client.result(analysis))
                except (ServiceError, OSError) as error:
                    outcome = Outcome(name, problem=Problem.of(error, server))
                watcher.ended(index, outcome)
                return outcome

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(index, path)) for index, path in enumerate(files)]
    return [task.result() for task in tasks]


async def analyze_file(
    client: NotReally,
    path: Path,
    uploaded: Callable[[UploadProgress], None],
    happened: Callable[[analysis_pb2.AnalysisEvent], None],
    *,
    batch: str = "",
    anew: bool = False,
    sha256: str = "",
) -> str:
    """Have a file analysed, or find that it was or is being; gives the name of its analysis, which has ended.

    Args:
        client: The server.
        path: The file.
        uploaded: Told how its upload gets on, if it has to be sent.
        happened: Told how its analysis gets on.
        batch: ``batches/{id}`` it is to be in; empty for none.
        anew: Whether to analyse it even if the model in use has given it a result before.
        sha256: Of its content, if that is known.

    When this is cancelled, so is the analysis if it was started here.

    Raises:
        ServiceError: The server refused or stayed away.
        OSError: The file cannot be read.
    """
    await client.reach()
    if not anew:
        digest = sha256 or await asyncio.to_thread(hash_of, path)
        async for earlier in client.list(_USABLE, page_size=1, sha256=digest):
            if not batch or earlier.batch != batch:
                await _followed(client, earlier.name, happened)
                with suppress(ServiceError):  # the file is kept no more: it is sent again
                    return await _analysed(client, earlier.name, happened, batch, text_of(path.name), reuse=True)
                break
            await _followed(client, earlier.name, happened)
            return earlier.name
    upload = await client.upload(path, uploaded)
    return await _analysed(client, upload.name, happened, batch, "", reuse=not anew)


async def _analysed(
    client: NotReally,
    source: str,
    happened: Callable[[analysis_pb2.AnalysisEvent], None],
    batch: str,
    filename: str,
    *,
    reuse: bool,
) -> str:
    request_id = str(uuid.uuid4())
    try:
        analysis = await client.create_analysis(source, request_id, batch=batch, reuse=reuse, filename=filename)
        await _followed(client, analysis.name, happened)
    except asyncio.CancelledError:
        with suppress(ServiceError, TimeoutError):
            async with asyncio.timeout(_CANCEL_TIMEOUT_S):
                # The request id finds the analysis even if its creation had not been answered yet.
                started = await client.create_analysis(source, request_id, batch=batch, reuse=reuse, filename=filename)
                await client.cancel(started.name)
        raise
    return analysis.name


async def _followed(client: NotReally, name: str, happened: Callable[[analysis_pb2.AnalysisEvent], None]) -> None:
    async for event in client.watch([name]):
        happened(event)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
