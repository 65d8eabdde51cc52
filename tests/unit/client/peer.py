"""A real gRPC server that behaves like the gateway where the client can see it, and breaks when told to."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import google_crc32c
import grpc
from google.api import httpbody_pb2
from google.protobuf import any_pb2, empty_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from notreally.v1 import analysis_pb2, analysis_pb2_grpc, batch_pb2, batch_pb2_grpc, classifier_pb2

from gateway.api import exports

CHUNK_BYTES = 1000
RUNNING = analysis_pb2.ANALYSIS_STATE_RUNNING
SUCCEEDED = analysis_pb2.ANALYSIS_STATE_SUCCEEDED
FAILED = analysis_pb2.ANALYSIS_STATE_FAILED
CANCELLED = analysis_pb2.ANALYSIS_STATE_CANCELLED


def status(code: grpc.StatusCode, reason: str, message: str, **metadata: str) -> status_pb2.Status:
    """A status as the gateway sends it."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="notreally", metadata=metadata))
    return status_pb2.Status(code=code.value[0], message=message, details=[detail])


def events(name: str, states: "list[analysis_pb2.AnalysisState.ValueType]") -> list[analysis_pb2.AnalysisEvent]:
    """One event for each state, numbered from 1."""
    return [
        analysis_pb2.AnalysisEvent(
            analysis=name,
            sequence=number,
            state=state,
            stage=analysis_pb2.STAGE_ANALYZING_VIDEO,
            percent=100.0 * number / len(states),
        )
        for number, state in enumerate(states, 1)
    ]


def result(verdict: "analysis_pb2.Verdict.ValueType", prob_fake: float) -> analysis_pb2.AnalysisResult:
    """A small result with one feature present and nine missing."""
    answer = analysis_pb2.AnalysisResult(
        verdict=verdict,
        prob_fake=prob_fake,
        prob_real=1 - prob_fake,
        authenticity_score=100 * (1 - prob_fake),
        summary="A few words.",
        contributions=[classifier_pb2.FeatureContribution(feature="nose_jitter", value=0.5, contribution=1.25)],
    )
    answer.features.nose_jitter = 0.5
    return answer


class Peer(analysis_pb2_grpc.AnalysisServiceServicer):
    """State survives `restart`. Scripted faults are taken from the front of their lists, one a call."""

    def __init__(self) -> None:
        self.address = ""
        self.calls: list[tuple[str, Any]] = []
        self.uploads: dict[str, analysis_pb2.Upload] = {}
        self.data: dict[str, bytearray] = {}
        self.analyses: dict[str, analysis_pb2.Analysis] = {}
        self.by_request: dict[str, str] = {}
        self.record: dict[str, list[analysis_pb2.AnalysisEvent]] = {}
        self.refuse_upload: status_pb2.Status | None = None
        self.before_chunk: list[Callable[[analysis_pb2.UploadChunkRequest], Any]] = []
        self.after_chunk: list[Callable[[analysis_pb2.UploadChunkRequest], Any]] = []
        self.lose_answer: list[str] = []
        """Methods whose next answer does not arrive, though what they ask for is done."""
        self.break_watch_after: list[int] = []
        self.break_download_after: list[int] = []
        self.on_create: Callable[[analysis_pb2.Analysis, str], None] = lambda _analysis, _content: None
        self.hold = asyncio.Event()
        self.hold.set()
        self.watched = asyncio.Event()
        self.model = classifier_pb2.Model(version="peer's")
        self.contents: dict[str, bytes] = {}
        self.batches: dict[str, batch_pb2.Batch] = {}
        self.also: list[Callable[[grpc.aio.Server], None]] = []
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        analysis_pb2_grpc.add_AnalysisServiceServicer_to_server(self, self._server)
        batch_pb2_grpc.add_BatchServiceServicer_to_server(PeerBatches(self), self._server)
        for add in self.also:
            add(self._server)
        port = self._server.add_insecure_port(self.address or "127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        await self._server.start()

    async def stop(self) -> None:
        """Break every connection."""
        assert self._server is not None
        await self._server.stop(0)

    async def restart(self) -> None:
        """Break every connection, and be back."""
        await self.stop()
        await self.start()

    def called(self, method: str) -> list[Any]:
        """Requests of one method, in order."""
        return [request for name, request in self.calls if name == method]

    async def GetServerInfo(self, request: Any, context: Any) -> analysis_pb2.ServerInfo:
        self.calls.append(("GetServerInfo", request))
        await self._may_lose("GetServerInfo", context)
        return analysis_pb2.ServerInfo(version="peer", max_chunk_bytes=CHUNK_BYTES, max_upload_bytes=10**6)

    async def CreateUpload(self, request: Any, context: Any) -> analysis_pb2.Upload:
        self.calls.append(("CreateUpload", request))
        if self.refuse_upload is not None:
            await context.abort_with_status(rpc_status.to_status(self.refuse_upload))
        name = f"uploads/{request.request_id}"
        self.data.setdefault(name, bytearray())
        self.uploads[name] = analysis_pb2.Upload(name=name, filename=request.filename, size_bytes=request.size_bytes)
        return self._upload(name)

    async def UploadChunk(self, request: Any, context: Any) -> analysis_pb2.Upload:
        self.calls.append(("UploadChunk", request))
        stored = self.data[request.name]
        if self.before_chunk:
            await self._fault(self.before_chunk.pop(0)(request), context)
        assert google_crc32c.value(request.data) == request.crc32c
        if request.offset + len(request.data) > self.uploads[request.name].size_bytes:
            beyond = status(grpc.StatusCode.INVALID_ARGUMENT, "TOO_LARGE", "The chunk goes beyond what was announced.")
            await context.abort_with_status(rpc_status.to_status(beyond))
        if request.offset != len(stored):
            wrong = status(
                grpc.StatusCode.OUT_OF_RANGE, "WRONG_OFFSET", "Go on there.", committed_size=str(len(stored))
            )
            await context.abort_with_status(rpc_status.to_status(wrong))
        stored.extend(request.data)
        if self.after_chunk:
            await self._fault(self.after_chunk.pop(0)(request), context)
        return self._upload(request.name)

    async def GetUpload(self, request: Any, context: Any) -> analysis_pb2.Upload:
        self.calls.append(("GetUpload", request))
        return self._upload(request.name)

    async def CreateAnalysis(self, request: Any, context: Any) -> analysis_pb2.Analysis:
        self.calls.append(("CreateAnalysis", request))
        if request.request_id not in self.by_request:
            name = f"analyses/{len(self.analyses) + 1}"
            self.by_request[request.request_id] = name
            self.analyses[name] = analysis_pb2.Analysis(name=name, state=RUNNING, batch=request.batch)
            self.record[name] = []
            earlier = self.analyses[request.analysis] if request.analysis else None
            content = self.contents[request.analysis] if earlier else bytes(self.data[request.upload])
            self.contents[name] = content
            self.analyses[name].filename = earlier.filename if earlier else self.uploads[request.upload].filename
            self.analyses[name].media.sha256 = hashlib.sha256(content).hexdigest()
            self.on_create(self.analyses[name], content.decode(errors="replace"))
        return self.analyses[self.by_request[request.request_id]]

    async def GetAnalysis(self, request: Any, context: Any) -> analysis_pb2.Analysis:
        self.calls.append(("GetAnalysis", request))
        return self.analyses[request.name]

    async def ListAnalyses(self, request: Any, context: Any) -> analysis_pb2.ListAnalysesResponse:
        self.calls.append(("ListAnalyses", request))
        await self._may_lose("ListAnalyses", context)
        first = int(request.page_token or 0)
        every = [one for one in self.analyses.values() if request.sha256 in ("", one.media.sha256)]
        following = first + request.page_size
        token = str(following) if following < len(every) else ""
        return analysis_pb2.ListAnalysesResponse(analyses=every[first:following], next_page_token=token)

    async def ExportAnalysis(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        self.calls.append(("ExportAnalysis", request))
        return exports.document(self.analyses[request.name], request.format)

    async def GetModel(self, request: Any, context: Any) -> classifier_pb2.Model:
        self.calls.append(("GetModel", request))
        return self.model

    async def UpdateAnalysis(self, request: Any, context: Any) -> analysis_pb2.Analysis:
        self.calls.append(("UpdateAnalysis", request))
        self.analyses[request.analysis.name].MergeFrom(request.analysis)
        return self.analyses[request.analysis.name]

    async def DeleteAnalyses(self, request: Any, context: Any) -> analysis_pb2.DeleteAnalysesResponse:
        self.calls.append(("DeleteAnalyses", request))
        gone = [self.analyses.pop(name, None) for name in request.names]
        return analysis_pb2.DeleteAnalysesResponse(deleted=sum(one is not None for one in gone))

    async def WatchAnalyses(self, request: Any, context: Any) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
        self.calls.append(("WatchAnalyses", request))
        self.watched.set()
        most = self.break_watch_after.pop(0) if self.break_watch_after else None
        sent = 0
        for target in request.targets:
            for event in self.record[target.name]:
                if 0 < event.sequence <= target.after_sequence:
                    continue
                if most is not None and sent >= most:
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
                yield event
                sent += 1
        await self.hold.wait()

    async def CancelAnalysis(self, request: Any, context: Any) -> analysis_pb2.Analysis:
        self.calls.append(("CancelAnalysis", request))
        self.analyses[request.name].state = CANCELLED
        await self._may_lose("CancelAnalysis", context)
        return self.analyses[request.name]

    async def DeleteAnalysis(self, request: Any, context: Any) -> empty_pb2.Empty:
        self.calls.append(("DeleteAnalysis", request))
        if self.analyses.pop(request.name, None) is None:
            gone = status(grpc.StatusCode.NOT_FOUND, "ANALYSIS_NOT_FOUND", "There is no such analysis.")
            await context.abort_with_status(rpc_status.to_status(gone))
        await self._may_lose("DeleteAnalysis", context)
        return empty_pb2.Empty()

    async def DownloadMedia(self, request: Any, context: Any) -> AsyncIterator[analysis_pb2.DownloadMediaResponse]:
        self.calls.append(("DownloadMedia", request))
        stored = bytes(next(iter(self.data.values())))
        most = self.break_download_after.pop(0) if self.break_download_after else len(stored)
        for offset in range(request.offset, len(stored), 100):
            if offset >= most:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
            yield analysis_pb2.DownloadMediaResponse(data=stored[offset : offset + 100])

    def _upload(self, name: str) -> analysis_pb2.Upload:
        upload = analysis_pb2.Upload()
        upload.CopyFrom(self.uploads[name])
        upload.committed_size = len(self.data[name])
        upload.complete = upload.committed_size == upload.size_bytes
        if upload.complete:
            upload.sha256 = hashlib.sha256(self.data[name]).hexdigest()
        return upload

    async def _may_lose(self, method: str, context: Any) -> None:
        if method in self.lose_answer:
            self.lose_answer.remove(method)
            await context.abort(grpc.StatusCode.UNAVAILABLE, "lost")

    async def _fault(self, fault: Any, context: Any) -> None:
        if isinstance(fault, status_pb2.Status):
            await context.abort_with_status(rpc_status.to_status(fault))


class PeerBatches(batch_pb2_grpc.BatchServiceServicer):
    """Batches are made and found again; what is in them is not counted."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def CreateBatch(self, request: Any, context: Any) -> batch_pb2.Batch:
        self._peer.calls.append(("CreateBatch", request))
        name = f"batches/{len(self._peer.batches) + 1}"
        made = batch_pb2.Batch(name=name, display_name=request.display_name, expected=request.expected)
        return self._peer.batches.setdefault(name, made)

    async def GetBatch(self, request: Any, context: Any) -> batch_pb2.Batch:
        if request.name not in self._peer.batches:
            gone = status(grpc.StatusCode.NOT_FOUND, "BATCH_NOT_FOUND", "There is no such batch.")
            await context.abort_with_status(rpc_status.to_status(gone))
        return self._peer.batches[request.name]

    async def ListBatches(self, request: Any, context: Any) -> batch_pb2.ListBatchesResponse:
        return batch_pb2.ListBatchesResponse(batches=self._peer.batches.values())

    async def UpdateBatch(self, request: Any, context: Any) -> batch_pb2.Batch:
        raise AssertionError("nobody asks for this")

    async def WatchBatch(self, request: Any, context: Any) -> AsyncIterator[batch_pb2.BatchEvent]:
        yield batch_pb2.BatchEvent(batch=self._peer.batches[request.name])

    async def CancelBatch(self, request: Any, context: Any) -> batch_pb2.Batch:
        raise AssertionError("nobody asks for this")

    async def RenewBatch(self, request: Any, context: Any) -> batch_pb2.Batch:
        raise AssertionError("nobody asks for this")

    async def DeleteBatch(self, request: Any, context: Any) -> empty_pb2.Empty:
        raise AssertionError("nobody asks for this")

    async def ExportBatch(self, request: Any, context: Any) -> AsyncIterator[httpbody_pb2.HttpBody]:
        yield httpbody_pb2.HttpBody()


@asynccontextmanager
async def running_peer() -> AsyncIterator[Peer]:
    """A peer that listens for as long as the block lasts."""
    peer = Peer()
    await peer.start()
    try:
        yield peer
    finally:
        peer.hold.set()
        await peer.stop()
