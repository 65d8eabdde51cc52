"""The three ways in: one file is sent, and accepted or refused."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import google_crc32c
import grpc
from google.protobuf import json_format
from google.rpc import status_pb2
from notreally.v1 import analysis_pb2, analysis_pb2_grpc

from services.kit.errors import Refusal, refusal_of, refusal_of_status
from tests.integration.edge import fetch
from tests.integration.hostile import grpc_web

_CHUNK_BYTES = 1024 * 1024
_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Caller:
    """One address, as a proxy that the edge trusts would tell it, on one connection."""

    address: str
    port: int
    channel: grpc.aio.Channel

    @property
    def headers(self) -> dict[str, str]:
        """What says where it comes from."""
        return {"x-forwarded-for": self.address}

    @property
    def stub(self) -> "analysis_pb2_grpc.AnalysisServiceAsyncStub":
        """Its native calls."""
        return analysis_pb2_grpc.AnalysisServiceStub(self.channel)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The same, for native gRPC."""
        return tuple(self.headers.items())


Way = Callable[[Caller, bytes], Awaitable[str]]
"""Sends a file and has it analysed; gives the analysis's name.

Raises:
    Refusal: What the server refused with; reason ``NONE`` where it gave none.
    OSError, EOFError, TimeoutError: There was no answer.
"""


async def over_grpc(caller: Caller, file: bytes) -> str:
    """Natively."""

    async def call(method: str, request: object) -> object:
        try:
            return await getattr(caller.stub, method)(request, timeout=_DEADLINE_S, metadata=caller.metadata)
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error) or Refusal(error.code(), "NONE", error.details() or "") from None

    return await _in_chunks(call, file)


async def over_grpc_web(caller: Caller, file: bytes) -> str:
    """As the page does."""

    async def call(method: str, request: object) -> object:
        answer = analysis_pb2.Analysis if method == "CreateAnalysis" else analysis_pb2.Upload
        return await grpc_web.call(caller.port, method, request, answer, caller.headers)  # type: ignore[arg-type]

    return await _in_chunks(call, file)


async def over_rest(caller: Caller, file: bytes) -> str:
    """As curl does."""
    headers = {"content-type": "video/mp4", **caller.headers}
    reply = await fetch(caller.port, "POST", "/api/analyze?filename=load.mp4", headers, file)
    if reply.status == 200:
        return f"analyses/{reply.json()['job_id']}"
    status = json_format.ParseDict(reply.json(), status_pb2.Status())
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    retry_after = reply.headers.get("retry-after")
    refusal = refusal_of_status(status)
    raise Refusal(
        code, refusal.reason if refusal else "NONE", status.message, float(retry_after) if retry_after else None
    )


WAYS: dict[str, Way] = {"grpc": over_grpc, "grpc-web": over_grpc_web, "rest": over_rest}


async def _in_chunks(call: Callable[[str, object], Awaitable[object]], file: bytes) -> str:
    begin = analysis_pb2.CreateUploadRequest(filename="load.mp4", size_bytes=len(file), request_id=str(uuid.uuid4()))
    upload = await call("CreateUpload", begin)
    assert isinstance(upload, analysis_pb2.Upload)
    for offset in range(0, len(file), _CHUNK_BYTES):
        data = file[offset : offset + _CHUNK_BYTES]
        chunk = analysis_pb2.UploadChunkRequest(
            name=upload.name, offset=offset, data=data, crc32c=google_crc32c.value(data)
        )
        await call("UploadChunk", chunk)
    made = await call("CreateAnalysis", analysis_pb2.CreateAnalysisRequest(upload=upload.name))
    assert isinstance(made, analysis_pb2.Analysis)
    return made.name


async def trickle(port: int, seconds: float) -> None:
    """A body that comes a byte at a time, and never to its end."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /api/analyze?filename=slow.mp4 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n"
        b"content-type: video/mp4\r\nx-forwarded-for: 192.0.2.99\r\n\r\n"
    )
    try:
        async with asyncio.timeout(seconds):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.2)
    except (TimeoutError, OSError):
        writer.transport.abort()


async def half_open(port: int, seconds: float) -> None:
    """A connection on which nothing comes."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(seconds)
    writer.transport.abort()
