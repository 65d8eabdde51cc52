"""The client itself: one object for one server."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
from notreally.v1 import analysis_pb2, analysis_pb2_grpc, batch_pb2_grpc, classifier_pb2

from client.batches import BatchCalls
from client.channel import open_channel
from client.errors import ServiceError, error_of_status, translated
from client.live import Live
from client.patience import Patience
from client.upload import FileUpload, UploadProgress
from client.watching import watch

_CALL_TIMEOUT_S = 30.0


class NotReally(BatchCalls):
    """A NotReally server, as an async context manager.

    Every method raises `client.ServiceError` when the server refuses or cannot be reached; all of them try again by
    themselves, for as long as `patience` lasts, when only the connection broke. `server_info`, with which an upload
    begins, does so only once the server has answered it: that an address is wrong is known at once.

    Args:
        server: Its address, such as ``localhost:52513``, or ``https://notreally.example`` for TLS.
        patience: When to give up on a connection that stays broken.
        key: An API key, for a server with a login; by default the one in NOTREALLY_KEY, if any.
    """

    def __init__(self, server: str, patience: Patience | None = None, key: str | None = None) -> None:
        """Remember the address; `async with` opens the channel."""
        self._server = server
        self._key = os.environ.get("NOTREALLY_KEY", "") if key is None else key
        self._patience = patience or Patience()
        self._info: analysis_pb2.ServerInfo | None = None

    async def __aenter__(self) -> Self:
        """Open the channel; the connection comes with the first call.

        Raises:
            ValueError: The server's address is none.
        """
        self._channel = open_channel(self._server, self._key)
        self._stub: analysis_pb2_grpc.AnalysisServiceAsyncStub = analysis_pb2_grpc.AnalysisServiceStub(self._channel)
        self._batch_stub: batch_pb2_grpc.BatchServiceAsyncStub = batch_pb2_grpc.BatchServiceStub(self._channel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the channel."""
        await self._channel.close()

    async def server_info(self) -> analysis_pb2.ServerInfo:
        """Limits and switches of the server."""
        request = analysis_pb2.GetServerInfoRequest()

        async def attempt() -> analysis_pb2.ServerInfo:
            with translated():
                return await self._stub.GetServerInfo(request, timeout=_CALL_TIMEOUT_S)

        # A server that has answered before will be back; one that never has may not be there at all.
        self._info = await (attempt() if self._info is None else self._patience.persist(attempt))
        return self._info

    async def reach(self) -> None:
        """Have an answer from the server, unless it has answered before: one that is not there is not waited for."""
        if self._info is None:
            await self.server_info()

    async def upload(
        self, path: Path, on_progress: Callable[[UploadProgress], None] | None = None
    ) -> analysis_pb2.Upload:
        """Upload a file, in chunks with checksums, going on from the last stored byte when the connection breaks.

        Raises:
            OSError: The file cannot be read.
        """
        info = self._info or await self.server_info()
        upload = FileUpload(
            self._stub,
            path,
            max_chunk_bytes=info.max_chunk_bytes,
            patience=self._patience,
            on_progress=on_progress,
        )
        return await upload.run()

    async def model(self) -> classifier_pb2.Model:
        """The model that new analyses are scored with."""
        request = classifier_pb2.GetModelRequest()
        return await self._persist(lambda: self._stub.GetModel(request, timeout=_CALL_TIMEOUT_S))

    async def create_analysis(
        self, source: str, request_id: str | None = None, *, batch: str = "", reuse: bool = False, filename: str = ""
    ) -> analysis_pb2.Analysis:
        """Have a completed upload analysed, or the file of an earlier analysis once more.

        Args:
            source: ``uploads/{id}`` or ``analyses/{id}``.
            request_id: The same UUID gives the same analysis; a fresh one by default.
            batch: ``batches/{id}`` to put it in.
            reuse: Whether a result that the model in use has given the same file before will do.
            filename: Of an earlier analysis, the name to show instead of its own.
        """
        is_upload = source.startswith("uploads/")
        request = analysis_pb2.CreateAnalysisRequest(
            upload=source if is_upload else "",
            analysis="" if is_upload else source,
            request_id=request_id or str(uuid.uuid4()),
            batch=batch,
            reuse=reuse,
            filename=filename,
        )
        return await self._persist(lambda: self._stub.CreateAnalysis(request, timeout=_CALL_TIMEOUT_S))

    async def live(self) -> Live:
        """Begin a live session: a camera, a call or a stream, judged while it runs."""
        return await Live.start(self._channel, self._patience)

    def watch(
        self, names: Iterable[str] | Mapping[str, int], *, include_series: bool = False
    ) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
        """Events of several analyses, each once and in order, until all have ended; survives broken connections.

        Args:
            names: ``analyses/{id}`` of each; or a mapping to the sequence of the last event already seen.
            include_series: Also get partial series, for drawing.
        """
        after = names if isinstance(names, Mapping) else dict.fromkeys(names, 0)
        return watch(self._stub, after, patience=self._patience, include_series=include_series)

    async def get_analysis(self, name: str, *, include_series: bool = False) -> analysis_pb2.Analysis:
        """An analysis as it stands."""
        request = analysis_pb2.GetAnalysisRequest(name=name, include_series=include_series)
        return await self._persist(lambda: self._stub.GetAnalysis(request, timeout=_CALL_TIMEOUT_S))

    async def result(self, name: str, *, include_series: bool = False) -> analysis_pb2.Analysis:
        """An analysis that has succeeded, with its result.

        Raises:
            ServiceError: Also when the analysis failed (with the reason it failed for), was cancelled
                (ANALYSIS_CANCELLED) or has not ended (ANALYSIS_NOT_ENDED).
        """
        analysis = await self.get_analysis(name, include_series=include_series)
        if analysis.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED:
            return analysis
        if analysis.state == analysis_pb2.ANALYSIS_STATE_FAILED:
            raise error_of_status(analysis.error)
        if analysis.state == analysis_pb2.ANALYSIS_STATE_CANCELLED:
            raise ServiceError(grpc.StatusCode.CANCELLED, "ANALYSIS_CANCELLED", "The analysis was cancelled.")
        raise ServiceError(
            grpc.StatusCode.FAILED_PRECONDITION, "ANALYSIS_NOT_ENDED", "The analysis has not ended yet: watch it first."
        )

    async def analyze(
        self,
        path: Path,
        on_event: Callable[[analysis_pb2.AnalysisEvent], None] | None = None,
        on_progress: Callable[[UploadProgress], None] | None = None,
        *,
        include_series: bool = False,
    ) -> analysis_pb2.Analysis:
        """Upload a file, have it analysed, wait, and give the analysis with its result.

        Leaving early does not stop the server: `cancel` does.

        Raises:
            ServiceError: Also when the analysis failed or was cancelled.
            OSError: The file cannot be read.
        """
        upload = await self.upload(path, on_progress)
        analysis = await self.create_analysis(upload.name)
        async for event in self.watch([analysis.name]):
            if on_event is not None:
                on_event(event)
        return await self.result(analysis.name, include_series=include_series)

    async def export(self, name: str, format_: "analysis_pb2.ExportFormat.ValueType") -> bytes:
        """An analysis as a document: the JSON of REST, or a row of a table."""
        request = analysis_pb2.ExportAnalysisRequest(name=name, format=format_)
        document = await self._persist(lambda: self._stub.ExportAnalysis(request, timeout=_CALL_TIMEOUT_S))
        return bytes(document.data)

    async def list(
        self,
        states: Iterable["analysis_pb2.AnalysisState.ValueType"] = (),
        *,
        page_size: int = 100,
        sha256: str = "",
        batch: str = "",
    ) -> AsyncIterator[analysis_pb2.Analysis]:
        """Every analysis, newest first; of results no more than the verdict.

        Args:
            states: Only those in one of these.
            page_size: How many to ask for at once.
            sha256: Only those of the file with this hash, in lower-case hexadecimal digits.
            batch: Only those of ``batches/{id}``.
        """
        request = analysis_pb2.ListAnalysesRequest(page_size=page_size, states=states, sha256=sha256, batch=batch)
        while True:
            page = await self._persist(lambda: self._stub.ListAnalyses(request, timeout=_CALL_TIMEOUT_S))
            for analysis in page.analyses:
                yield analysis
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def cancel(self, name: str) -> analysis_pb2.Analysis:
        """Stop an analysis; one that has ended is given as it is."""
        request = analysis_pb2.CancelAnalysisRequest(name=name)
        return await self._persist(lambda: self._stub.CancelAnalysis(request, timeout=_CALL_TIMEOUT_S))

    async def delete(self, name: str) -> None:
        """Remove an analysis, its signals and, when nothing else uses it, its video.

        Raises:
            ServiceError: Also when there is no such analysis (ANALYSIS_NOT_FOUND); but not when it is gone after an
                attempt that broke, which may have been the one that removed it.
        """
        request = analysis_pb2.DeleteAnalysisRequest(name=name)
        failed_before = False

        async def attempt() -> None:
            nonlocal failed_before
            try:
                with translated():
                    await self._stub.DeleteAnalysis(request, timeout=_CALL_TIMEOUT_S)
            except ServiceError as error:
                if not failed_before or error.reason != "ANALYSIS_NOT_FOUND":
                    failed_before = True
                    raise

        await self._patience.persist(attempt)

    async def download(self, name: str, offset: int = 0) -> AsyncIterator[bytes]:
        """The bytes of an analysed video from `offset` on; resumes after a broken connection."""
        pauses = self._patience.pauses()
        while True:
            try:
                with translated():
                    request = analysis_pb2.DownloadMediaRequest(name=name, offset=offset)
                    async for piece in self._stub.DownloadMedia(request):
                        offset += len(piece.data)
                        pauses = self._patience.pauses()
                        yield piece.data
                    return
            except ServiceError as error:
                pause = next(pauses, None) if error.transient else None
                if pause is None:
                    raise
            await asyncio.sleep(pause)
