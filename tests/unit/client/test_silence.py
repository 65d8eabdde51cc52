"""A channel behind which the server disappears."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from notreally.v1 import analysis_pb2, analysis_pb2_grpc

from client import channel as channels
from services.kit.serving import server
from services.kit.settings import ServiceSettings
from tests.servers.cable import carrying
from tests.servers.ports import free_ports


class Silent(analysis_pb2_grpc.AnalysisServiceServicer):
    """Sends one event, and never another."""

    async def WatchAnalyses(
        self, request: analysis_pb2.WatchAnalysesRequest, context: Any
    ) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
        yield analysis_pb2.AnalysisEvent(sequence=1)
        await asyncio.sleep(1000.0)


async def test_a_watch_ends_soon_once_the_network_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "_PING_EVERY_MS", 1000)  # gRPC sends none more often
    monkeypatch.setattr(channels, "_PING_TIMEOUT_MS", 2000)
    monkeypatch.setattr(server, "_PINGS_EVERY_MS", 500)
    settings = ServiceSettings(listen=f"127.0.9.3:{free_ports(1)[0]}", shutdown_grace_s=0.1)

    def add(to: grpc.aio.Server) -> None:
        analysis_pb2_grpc.add_AnalysisServiceServicer_to_server(Silent(), to)  # type: ignore[abstract]

    async with server.running(["notreally.v1.AnalysisService"], add, settings) as port:
        with carrying("127.0.9.4", "127.0.9.3", port) as cable:
            async with channels.open_channel(f"127.0.9.4:{port}") as channel:
                call = analysis_pb2_grpc.AnalysisServiceStub(channel).WatchAnalyses(analysis_pb2.WatchAnalysesRequest())
                assert await call.read() is not grpc.aio.EOF
                cable.cut()
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await asyncio.wait_for(call.read(), 20.0)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
