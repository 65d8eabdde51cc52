"""The same reason and the same sentence over gRPC, grpc-web and REST."""

import asyncio
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import google_crc32c
import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from notreally.v1 import analysis_pb2, analysis_pb2_grpc

from services.kit.errors import Refusal, refusal_of, refusal_of_status
from tests.integration.edge import fetch
from tests.integration.hostile import grpc_web
from tests.integration.hostile.not_videos import NAMES
from tests.integration.hostile.table import ROWS
from tests.integration.hostile.workshop import Workshop
from tests.integration.stack import Stack, wait_for

ENDED = (analysis_pb2.ANALYSIS_STATE_SUCCEEDED, analysis_pb2.ANALYSIS_STATE_FAILED)
_LONGEST_S = 60.0


@dataclass(frozen=True)
class Over:
    """The API over one protocol, unary calls only."""

    name: str
    stub: "analysis_pb2_grpc.AnalysisServiceAsyncStub"
    port: int

    async def call(self, method: str, request: Message, response: type[Any]) -> Any:
        """One call; raises the Refusal it was refused with."""
        if self.name == "grpc-web":
            return await grpc_web.call(self.port, method, request, response)
        try:
            return await getattr(self.stub, method)(request, timeout=30)
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error) or AssertionError(error) from None

    async def upload(self, filename: str, content: bytes) -> analysis_pb2.Upload:
        """A complete upload in one chunk."""
        created = analysis_pb2.CreateUploadRequest(filename=filename, size_bytes=len(content))
        upload = await self.call("CreateUpload", created, analysis_pb2.Upload)
        chunk = analysis_pb2.UploadChunkRequest(name=upload.name, data=content, crc32c=google_crc32c.value(content))
        done: analysis_pb2.Upload = await self.call("UploadChunk", chunk, analysis_pb2.Upload)
        return done

    async def analysis(self, upload: str) -> analysis_pb2.Analysis:
        """An analysis of it that has ended."""
        request = analysis_pb2.CreateAnalysisRequest(upload=upload)
        analysis = await self.call("CreateAnalysis", request, analysis_pb2.Analysis)
        async with asyncio.timeout(_LONGEST_S):
            while analysis.state not in ENDED:
                await asyncio.sleep(0.05)
                wanted = analysis_pb2.GetAnalysisRequest(name=analysis.name)
                analysis = await self.call("GetAnalysis", wanted, analysis_pb2.Analysis)
        ended: analysis_pb2.Analysis = analysis
        return ended


@pytest.fixture(params=["gRPC", "grpc-web"])
async def over(request: pytest.FixtureRequest, stack: Stack) -> AsyncIterator[Over]:
    async with grpc.aio.insecure_channel(stack.target) as channel:
        yield Over(request.param, analysis_pb2_grpc.AnalysisServiceStub(channel), stack.port)


async def rest_document(stack: Stack, filename: str, content: bytes) -> dict[str, Any]:
    """What REST says of a file once its job has ended."""
    accepted = await fetch(
        stack.port, "POST", f"/api/analyze?filename={quote(filename)}", {"content-type": "video/mp4"}, content
    )
    assert accepted.status == 200, accepted.body
    job = accepted.json()["job_id"]
    async with asyncio.timeout(_LONGEST_S):
        while True:
            document: dict[str, Any] = (await fetch(stack.port, "GET", f"/api/results/{job}")).json()
            if document["status"] != "processing":
                return document
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", ["text", "no index", "playlist of an address", "16k pixels"])
async def test_a_failed_job_gives_one_reason_over_all_protocols(
    over: Over, stack: Stack, shop: Workshop, name: str
) -> None:
    content = ROWS[name].make(shop)
    analysis = await over.analysis((await over.upload("video.mp4", content)).name)
    document = await rest_document(stack, "video.mp4", content)
    refusal = refusal_of_status(analysis.error)
    assert refusal is not None
    assert (document["status"], analysis.state) == ("failed", analysis_pb2.ANALYSIS_STATE_FAILED)
    assert document["error"] == {"reason": refusal.reason, "message": refusal.message}
    assert refusal.reason == getattr(ROWS[name].expected, "reason", None)


@pytest.mark.parametrize("name", ["no face", "one frame"])
async def test_too_little_evidence_is_an_answer_over_all_protocols(
    over: Over, stack: Stack, shop: Workshop, name: str
) -> None:
    content = ROWS[name].make(shop)
    result = (await over.analysis((await over.upload("video.mp4", content)).name)).result
    document = (await rest_document(stack, "video.mp4", content))["results"]
    assert (result.verdict, document["verdict"]) == (analysis_pb2.VERDICT_INSUFFICIENT, "insufficient")
    assert result.summary == document["summary"]
    assert result.summary.startswith("This video shows too little to tell")


# --- file names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
async def test_a_file_name_is_only_something_to_show(over: Over, stack: Stack, name: str) -> None:
    upload = await over.upload(name, b"no video")
    assert upload.filename == NAMES[name]
    analysis = await over.analysis(upload.name)
    assert analysis.filename == NAMES[name]
    if over.name == "gRPC":
        assert (await rest_document(stack, name, b"no video"))["filename"] == NAMES[name]


# --- refusals -------------------------------------------------------------------------------------------------------

_NOBODY = uuid.UUID(int=7)
_NEXT = "the next page"


async def refused(over: Over, method: str, request: Message) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await over.call(method, request, analysis_pb2.Upload)
    return caught.value


async def test_a_wrong_chunk_is_told_what_is_committed(over: Over) -> None:
    created = analysis_pb2.CreateUploadRequest(filename="a.mp4", size_bytes=300)
    upload = await over.call("CreateUpload", created, analysis_pb2.Upload)

    def chunk(offset: int, data: bytes, crc32c: int | None = None) -> analysis_pb2.UploadChunkRequest:
        checksum = google_crc32c.value(data) if crc32c is None else crc32c
        return analysis_pb2.UploadChunkRequest(name=upload.name, offset=offset, data=data, crc32c=checksum)

    await over.call("UploadChunk", chunk(0, b"a" * 100), analysis_pb2.Upload)
    for wrong, reason in (
        (chunk(200, b"c" * 100), "WRONG_OFFSET"),
        (chunk(50, b"b" * 100), "WRONG_OFFSET"),
        (chunk(100, b"b" * 100, crc32c=1), "CHECKSUM_MISMATCH"),
        (chunk(100, b"b" * 300), "TOO_LARGE"),
        (chunk(2**62, b"b"), "TOO_LARGE"),
    ):
        refusal = await refused(over, "UploadChunk", wrong)
        assert (refusal.reason, refusal.metadata["committed_size"]) == (reason, "100")
    assert (await refused(over, "UploadChunk", chunk(100, b""))).reason == "EMPTY_CHUNK"
    begun = analysis_pb2.CreateAnalysisRequest(upload=upload.name)
    incomplete = await refused(over, "CreateAnalysis", begun)
    assert (incomplete.reason, incomplete.metadata["committed_size"]) == ("UPLOAD_INCOMPLETE", "100")
    # None of it did any harm.
    await over.call("UploadChunk", chunk(100, b"b" * 200), analysis_pb2.Upload)
    whole = await over.call("GetUpload", analysis_pb2.GetUploadRequest(name=upload.name), analysis_pb2.Upload)
    assert (whole.complete, whole.committed_size) == (True, 300)


@pytest.mark.parametrize(
    ("method", "request_message", "reason"),
    [
        ("CreateUpload", analysis_pb2.CreateUploadRequest(filename="a.mp4"), "EMPTY_FILE"),
        ("CreateUpload", analysis_pb2.CreateUploadRequest(filename="a", size_bytes=1 << 60), "TOO_LARGE"),
        ("CreateUpload", analysis_pb2.CreateUploadRequest(size_bytes=9, request_id="again"), "BAD_REQUEST_ID"),
        ("CreateUpload", analysis_pb2.CreateUploadRequest(size_bytes=9, sha256="../../etc"), "BAD_MEDIA_REF"),
        ("GetUpload", analysis_pb2.GetUploadRequest(name=f"uploads/{_NOBODY}"), "UPLOAD_NOT_FOUND"),
        ("GetUpload", analysis_pb2.GetUploadRequest(name="uploads/../../etc/passwd"), "BAD_NAME"),
        ("CreateAnalysis", analysis_pb2.CreateAnalysisRequest(upload=f"uploads/{_NOBODY}"), "UPLOAD_NOT_FOUND"),
        ("GetAnalysis", analysis_pb2.GetAnalysisRequest(name=f"analyses/{_NOBODY}"), "ANALYSIS_NOT_FOUND"),
        ("GetAnalysis", analysis_pb2.GetAnalysisRequest(name="analyses/" + "9" * 5000), "BAD_NAME"),
        ("CancelAnalysis", analysis_pb2.CancelAnalysisRequest(name=f"analyses/{_NOBODY}"), "ANALYSIS_NOT_FOUND"),
        ("DeleteAnalysis", analysis_pb2.DeleteAnalysisRequest(name=f"analyses/{_NOBODY}"), "ANALYSIS_NOT_FOUND"),
        ("ListAnalyses", analysis_pb2.ListAnalysesRequest(page_size=-1), "BAD_PAGE_SIZE"),
        ("ListAnalyses", analysis_pb2.ListAnalysesRequest(page_token=_NEXT), "BAD_PAGE_TOKEN"),
        ("ListAnalyses", analysis_pb2.ListAnalysesRequest(states=range(250_000)), "BAD_STATES"),  # type: ignore[arg-type]
    ],
)
async def test_a_wrong_request_gets_a_reason(over: Over, method: str, request_message: Message, reason: str) -> None:
    refusal = await refused(over, method, request_message)
    assert refusal.reason == reason
    assert refusal.message.endswith(".")


@pytest.mark.parametrize("count", [0, 101])
async def test_none_or_too_many_cannot_be_watched(stack: Stack, count: int) -> None:
    request = analysis_pb2.WatchAnalysesRequest()
    for _ in range(count):
        request.targets.add(name=f"analyses/{_NOBODY}")
    async with grpc.aio.insecure_channel(stack.target) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            [_ async for _ in analysis_pb2_grpc.AnalysisServiceStub(channel).WatchAnalyses(request, timeout=30)]
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_TARGETS")


async def test_what_lies_beyond_any_analysis_cannot_be_watched(stack: Stack) -> None:
    request = analysis_pb2.WatchAnalysesRequest()
    request.targets.add(name=f"analyses/{_NOBODY}", after_sequence=2**63 - 2)
    async with grpc.aio.insecure_channel(stack.target) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            [_ async for _ in analysis_pb2_grpc.AnalysisServiceStub(channel).WatchAnalyses(request, timeout=30)]
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_TARGETS")


def test_a_long_request_id_is_cut_in_the_log(stack: Stack) -> None:
    # Envoy logs what failed, and takes the id that a caller gives.
    request = urllib.request.Request(f"{stack.url}/api/nothing", headers={"x-request-id": "a" * 7000})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)  # noqa: S310 - ours
    caught.value.close()
    wait_for(lambda: any("a" * 64 in line for line in stack.log), 30)
    assert not any("a" * 65 in line for line in stack.log)


async def test_a_request_id_used_for_something_else_is_refused(over: Over) -> None:
    request_id = str(uuid.uuid4())

    def upload(size: int) -> analysis_pb2.CreateUploadRequest:
        return analysis_pb2.CreateUploadRequest(filename="a.mp4", size_bytes=size, request_id=request_id)

    first, again = [await over.call("CreateUpload", upload(10), analysis_pb2.Upload) for _ in range(2)]
    assert first.name == again.name
    assert (await refused(over, "CreateUpload", upload(11))).reason == "REQUEST_ID_REUSED"


async def test_rest_refuses_with_the_same_reasons(stack: Stack) -> None:
    async with grpc.aio.insecure_channel(stack.target) as channel:
        over = Over("gRPC", analysis_pb2_grpc.AnalysisServiceStub(channel), stack.port)
        unknown = await refused(over, "GetAnalysis", analysis_pb2.GetAnalysisRequest(name=f"analyses/{_NOBODY}"))
        empty = await refused(over, "CreateUpload", analysis_pb2.CreateUploadRequest(filename="a.mp4"))
    replies = (
        (await fetch(stack.port, "GET", f"/api/results/{_NOBODY}"), unknown, 404),
        (
            await fetch(stack.port, "POST", "/api/analyze?filename=a.mp4", {"content-type": "video/mp4"}, b""),
            empty,
            400,
        ),
    )
    for reply, refusal, status in replies:
        document = json.loads(reply.body)
        assert reply.status == status
        assert document["message"] == refusal.message
        assert document["details"][0]["reason"] == refusal.reason
        assert error_details_pb2.ErrorInfo.DESCRIPTOR.full_name in document["details"][0]["@type"]
