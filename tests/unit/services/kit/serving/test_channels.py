"""A channel behind which a replica disappears."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from notreally.v1 import face_pb2, face_pb2_grpc

from services.kit.serving import channels, server
from services.kit.settings import ServiceSettings
from tests.servers.cable import carrying
from tests.servers.ports import free_ports

_PING_EVERY_S = 1.0  # gRPC sends none more often
_SILENCE_S = 4.5 * _PING_EVERY_S


class Slow(face_pb2_grpc.FaceServiceServicer):
    """Says something, then nothing for longer than a few pings take, then something again, and never ends."""

    async def ExtractWindows(
        self, request: face_pb2.FaceServiceExtractWindowsRequest, context: Any
    ) -> AsyncIterator[face_pb2.FaceServiceExtractWindowsResponse]:
        for pause_s in (0.0, _SILENCE_S, 1000.0):
            await asyncio.sleep(pause_s)
            yield face_pb2.FaceServiceExtractWindowsResponse()


async def test_a_call_to_a_replica_that_is_cut_off_ends_soon_however_long_it_has_lasted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channels, "_PING_EVERY_MS", round(1000 * _PING_EVERY_S))
    monkeypatch.setattr(channels, "_PING_TIMEOUT_MS", 2000)  # a busy machine may take its time
    monkeypatch.setattr(server, "_PINGS_EVERY_MS", round(500 * _PING_EVERY_S))
    settings = ServiceSettings(listen=f"127.0.9.1:{free_ports(1)[0]}", shutdown_grace_s=0.1)

    def add(to: grpc.aio.Server) -> None:
        face_pb2_grpc.add_FaceServiceServicer_to_server(Slow(), to)

    async with server.running(["notreally.v1.FaceService"], add, settings) as port:
        with carrying("127.0.9.2", "127.0.9.1", port) as cable:
            async with channels.open_channel(f"127.0.9.2:{port}") as channel:
                call = face_pb2_grpc.FaceServiceStub(channel).ExtractWindows(
                    face_pb2.FaceServiceExtractWindowsRequest()
                )
                assert await call.read() is not grpc.aio.EOF
                assert await call.read() is not grpc.aio.EOF
                cable.cut()
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await asyncio.wait_for(call.read(), 20.0)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
