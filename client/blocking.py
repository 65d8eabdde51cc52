"""The client for programs without asyncio: the same calls, each of which returns when it is done."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from notreally.v1 import analysis_pb2, batch_pb2, classifier_pb2, live_pb2

from client.live import Live
from client.patience import Patience
from client.service import NotReally
from client.upload import UploadProgress

T = TypeVar("T")


class NotReallySync:
    """A NotReally server, as a context manager: `client.NotReally` without `await`.

    Calls are made in a thread of its own, so that connections are kept alive between them; `on_event` and `on_progress`
    are called in that thread. It may be used from several threads, and inside a running event loop, which it then
    blocks. Methods do and raise what those of the same name in `client.NotReally` do.

    Args:
        server: See `client.NotReally`; likewise the rest.
        patience: When to give up on a connection that stays broken.
        key: An API key.
    """

    def __init__(self, server: str, patience: Patience | None = None, key: str | None = None) -> None:
        """Remember the address; `with` opens the channel."""
        self._client = NotReally(server, patience, key)

    def __enter__(self) -> Self:
        """Open the channel; the connection comes with the first call.

        Raises:
            ValueError: The server's address is none.
        """
        self._loop = _Loop()
        try:
            self._loop.run(self._client.__aenter__())
        except BaseException:
            self._loop.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the channel."""
        try:
            self._loop.run(self._client.__aexit__(kind, error, trace))
        finally:
            self._loop.close()

    def server_info(self) -> analysis_pb2.ServerInfo:
        """Limits and switches of the server."""
        return self._loop.run(self._client.server_info())

    def model(self) -> classifier_pb2.Model:
        """The model that new analyses are scored with."""
        return self._loop.run(self._client.model())

    def upload(self, path: Path, on_progress: Callable[[UploadProgress], None] | None = None) -> analysis_pb2.Upload:
        """Upload a file."""
        return self._loop.run(self._client.upload(path, on_progress))

    def create_analysis(
        self, source: str, request_id: str | None = None, *, batch: str = "", reuse: bool = False, filename: str = ""
    ) -> analysis_pb2.Analysis:
        """Have a completed upload analysed, or the file of an earlier analysis once more."""
        return self._loop.run(
            self._client.create_analysis(source, request_id, batch=batch, reuse=reuse, filename=filename)
        )

    def analyze(
        self,
        path: Path,
        on_event: Callable[[analysis_pb2.AnalysisEvent], None] | None = None,
        on_progress: Callable[[UploadProgress], None] | None = None,
        *,
        include_series: bool = False,
    ) -> analysis_pb2.Analysis:
        """Upload a file, have it analysed, wait, and give the analysis with its result."""
        return self._loop.run(self._client.analyze(path, on_event, on_progress, include_series=include_series))

    def watch(
        self, names: Iterable[str] | Mapping[str, int], *, include_series: bool = False
    ) -> Iterator[analysis_pb2.AnalysisEvent]:
        """Events of several analyses until all have ended."""
        return self._loop.iterate(self._client.watch(names, include_series=include_series))

    def get_analysis(self, name: str, *, include_series: bool = False) -> analysis_pb2.Analysis:
        """An analysis as it stands."""
        return self._loop.run(self._client.get_analysis(name, include_series=include_series))

    def result(self, name: str, *, include_series: bool = False) -> analysis_pb2.Analysis:
        """An analysis that has succeeded, with its result."""
        return self._loop.run(self._client.result(name, include_series=include_series))

    def export(self, name: str, format_: "analysis_pb2.ExportFormat.ValueType") -> bytes:
        """An analysis as a document."""
        return self._loop.run(self._client.export(name, format_))

    def list(
        self,
        states: Iterable["analysis_pb2.AnalysisState.ValueType"] = (),
        *,
        page_size: int = 100,
        sha256: str = "",
        batch: str = "",
    ) -> Iterator[analysis_pb2.Analysis]:
        """Every analysis, newest first."""
        return self._loop.iterate(self._client.list(states, page_size=page_size, sha256=sha256, batch=batch))

    def cancel(self, name: str) -> analysis_pb2.Analysis:
        """Stop an analysis."""
        return self._loop.run(self._client.cancel(name))

    def delete(self, name: str) -> None:
        """Remove an analysis."""
        self._loop.run(self._client.delete(name))

    def download(self, name: str, offset: int = 0) -> Iterator[bytes]:
        """The bytes of an analysed video from `offset` on."""
        return self._loop.iterate(self._client.download(name, offset))

    def create_batch(self, display_name: str, expected: int = 0) -> batch_pb2.Batch:
        """A new batch."""
        return self._loop.run(self._client.create_batch(display_name, expected))

    def get_batch(self, name: str) -> batch_pb2.Batch:
        """A batch as it stands."""
        return self._loop.run(self._client.get_batch(name))

    def expect(self, batch: str, files: int) -> batch_pb2.Batch:
        """Say how many files a batch is to have."""
        return self._loop.run(self._client.expect(batch, files))

    def list_batches(self, *, page_size: int = 100) -> Iterator[batch_pb2.Batch]:
        """Every batch, newest first."""
        return self._loop.iterate(self._client.list_batches(page_size=page_size))

    def watch_batch(self, name: str, after: int = 0) -> Iterator[batch_pb2.BatchEvent]:
        """How a batch stands and which analyses have ended, until all have."""
        return self._loop.iterate(self._client.watch_batch(name, after))

    def cancel_batch(self, name: str) -> batch_pb2.Batch:
        """Stop every analysis of a batch that has not ended."""
        return self._loop.run(self._client.cancel_batch(name))

    def delete_batch(self, name: str) -> None:
        """Remove a batch with all its analyses."""
        self._loop.run(self._client.delete_batch(name))

    def export_batch(
        self, name: str, format_: "analysis_pb2.ExportFormat.ValueType" = analysis_pb2.EXPORT_FORMAT_UNSPECIFIED
    ) -> Iterator[bytes]:
        """The results of a batch as one file, in pieces."""
        return self._loop.iterate(self._client.export_batch(name, format_))

    def live(self) -> "LiveSync":
        """Begin a live session."""
        return LiveSync(self._loop, self._loop.run(self._client.live()))


class LiveSync:
    """One live session, as `client.Live` without `await`; `NotReallySync.live` begins it."""

    def __init__(self, loop: "_Loop", live: Live) -> None:
        """Use `NotReallySync.live`."""
        self._loop = loop
        self._live = live

    @property
    def session(self) -> live_pb2.LiveSession:
        """As the server last said it is: its name and its limits."""
        return self._live.session

    def send(self, data: bytes, start_s: float, header_bytes: int = 0) -> live_pb2.LiveSession:
        """Send the next segment; once this returns, the server has it."""
        return self._loop.run(self._live.send(data, start_s, header_bytes))

    def events(self, after: int = 0) -> Iterator[live_pb2.LiveEvent]:
        """Events until the session has ended; to send meanwhile, read them in another thread."""
        return self._loop.iterate(self._live.events(after))

    def end(self) -> live_pb2.LiveSession:
        """Send no more; the last event has the verdict on the whole."""
        return self._loop.run(self._live.end())


class _Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="notreally-client", daemon=True)
        self._thread.start()

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives. Interrupted, it is cancelled."""
        future = asyncio.run_coroutine_threadsafe(call, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The same items; left early, what they came from is closed."""
        end = object()
        try:
            while (item := self.run(_next(items, end))) is not end:
                yield item  # type: ignore[misc]
        finally:
            with suppress(RuntimeError):  # the client is closed already, and with it all streams
                self.run(_close(items))

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _next(items: AsyncIterator[T], end: object) -> T | object:
    return await anext(items, end)


async def _close(items: AsyncIterator[Any]) -> None:
    close = getattr(items, "aclose", None)
    if close is not None:
        await close()
