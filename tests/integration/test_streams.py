"""What stays open takes no room from what is asked and answered, and nobody keeps so much open that others cannot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from notreally.v1 import analysis_pb2, analysis_pb2_grpc

from cli.edge import TEMPLATE
from services.kit.errors import refusal_of
from tests.integration import edge as edges
from tests.integration.edge import fetch, running_edge
from tests.integration.stack import Stack, free_ports, running_process
from tests.integration.test_edge import GRPC_WEB, Rest, peer, rest
from tests.unit.client.peer import Peer

__all__ = ["peer", "rest"]

OPEN = 1100
EACH = 100
INFO = "/notreally.v1.AnalysisService/GetServerInfo"


class From(NamedTuple):
    """A connection, and what comes with its calls."""

    channel: grpc.aio.Channel
    metadata: tuple[tuple[str, str], ...]


@asynccontextmanager
async def as_from(port: int, address: str) -> AsyncIterator[From]:
    """A connection of its own, as a proxy that is trusted would tell it of an address."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        yield From(channel, (("x-forwarded-for", address),))


async def watched(caller: From) -> Any:
    """One open watch over the server's health, which has given its first answer."""
    call = health_pb2_grpc.HealthStub(caller.channel).Watch(health_pb2.HealthCheckRequest(), metadata=caller.metadata)
    answers = aiter(call)
    assert (await anext(answers)).status == health_pb2.HealthCheckResponse.SERVING
    return call


async def info(caller: From) -> Message:
    stub = analysis_pb2_grpc.AnalysisServiceStub(caller.channel)
    return await stub.GetServerInfo(analysis_pb2.GetServerInfoRequest(), timeout=10, metadata=caller.metadata)


async def with_many_open(port: int) -> Message:
    """What a call answers while there are `OPEN` streams, of many callers."""
    async with AsyncExitStack() as open_:
        opened: list[Any] = []
        for number in range(OPEN // EACH):
            channel = await open_.enter_async_context(as_from(port, f"192.0.2.{number}"))
            opened += await asyncio.gather(*(watched(channel) for _ in range(EACH)))
        assert len(opened) == OPEN
        other = await open_.enter_async_context(as_from(port, "198.51.100.1"))
        answer = await info(other)
        assert not any(call.done() for call in opened)
        for call in opened:
            call.cancel()
        return answer


async def test_a_thousand_open_streams_keep_no_call_out(stack: Stack) -> None:
    async with running_edge(stack.addresses["gateway"], NOTREALLY_TRUSTED_PROXIES="1") as port:
        assert await with_many_open(port)


async def test_without_room_of_their_own_they_would(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = tmp_path / "shared.yaml"
    shared.write_text(TEMPLATE.read_text().replace("cluster: gateway_streams", "cluster: gateway"))
    monkeypatch.setattr(edges, "TEMPLATE", shared)
    async with running_edge(stack.addresses["gateway"], NOTREALLY_TRUSTED_PROXIES="1") as port:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await with_many_open(port)
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    assert retry_delay(refused.value)


def retry_delay(error: grpc.aio.AioRpcError) -> int:
    """Seconds after which a refusal says that a caller may come back; 0 for nothing said."""
    status, retry = rpc_status.from_call(error), error_details_pb2.RetryInfo()
    assert status is not None
    any(detail.Unpack(retry) for detail in status.details)
    return int(retry.retry_delay.seconds)


async def test_one_caller_has_a_share_of_the_streams_and_others_the_rest(stack: Stack, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    few = stack.gateway(tmp_path, port, NOTREALLY_MAX_STREAMS="6")
    async with AsyncExitStack() as open_:
        open_.enter_context(running_process("gateway", f"127.0.0.1:{port}", **few))
        edge = await open_.enter_async_context(running_edge(f"127.0.0.1:{port}", NOTREALLY_TRUSTED_PROXIES="1"))
        greedy = await open_.enter_async_context(as_from(edge, "192.0.2.1"))
        honest = await open_.enter_async_context(as_from(edge, "192.0.2.2"))
        opened = [await watched(greedy) for _ in range(3)]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await watched(greedy)
        refusal = refusal_of(refused.value)
        assert refusal is not None
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
        assert refusal.retry_after_s
        opened += [await watched(honest) for _ in range(3)]
        assert await info(greedy)
        # A place that is left is free again.
        opened[0].cancel()
        async with asyncio.timeout(10):
            while True:
                try:
                    opened.append(await watched(greedy))
                except grpc.aio.AioRpcError:
                    await asyncio.sleep(0.02)
                else:
                    break
        for call in opened:
            call.cancel()


# --- at the edge --------------------------------------------------------------------------------------------------


async def flood(port: int, address: str, count: int) -> list[int]:
    """How many calls, all at once, came to which code of gRPC."""
    async with as_from(port, address) as caller:
        answers = await asyncio.gather(*(info(caller) for _ in range(count)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert {retry_delay(error) for error in refused} <= {1}
    return [0] * (count - len(refused)) + [int(error.code().value[0]) for error in refused]


async def test_who_asks_too_often_is_told_when_to_come_back_and_others_notice_nothing(peer: Peer, rest: Rest) -> None:
    # As in the product, with a hundredth of the calls.
    template = TEMPLATE.read_text()
    few = template.replace("max_tokens: 1000, tokens_per_fill: 500", "max_tokens: 10, tokens_per_fill: 1")
    assert few != template
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edges, "TEMPLATE", _Text(few))
        async with running_edge(peer.address, NOTREALLY_TRUSTED_PROXIES="1") as port:
            greedy = await flood(port, "192.0.2.1", 60)
            assert greedy.count(8) >= 40
            assert greedy.count(0) >= 10
            assert set(await flood(port, "192.0.2.2", 5)) == {0}
            # The same network, for there are as many addresses in it as one likes.
            assert 8 in await flood(port, "2001:db8::1", 6) + await flood(port, "2001:db8::2", 20)
            assert set(await flood(port, "2001:db8:1::1", 5)) == {0}
            too_many = await fetch(port, "GET", "/api/health", {"x-forwarded-for": "192.0.2.1"})
            assert (too_many.status, too_many.headers["retry-after"]) == (429, "1")
            assert [detail.get("reason") or detail["retry_delay"] for detail in too_many.json()["details"]] == [
                "TOO_MANY_CALLS",
                "1s",
            ]
            web = await fetch(port, "POST", INFO, {**GRPC_WEB, "x-forwarded-for": "192.0.2.1"}, b"\0\0\0\0\0")
            assert (web.status, web.headers["grpc-status"]) == (200, "8")


class _Text:
    """A template that is not a file."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self) -> str:
        return self._text


async def test_a_gateway_that_is_away_says_when_to_ask_again() -> None:
    (nobody,) = free_ports(1)
    async with running_edge(f"127.0.0.1:{nobody}") as port:
        away = await fetch(port, "GET", "/api/health")
        assert (away.status, away.headers["retry-after"]) == (503, "1")
        async with as_from(port, "127.0.0.1") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await info(channel)
        assert retry_delay(refused.value) == 1


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_calls_are_grpc_or_none(peer: Peer, rest: Rest, port: int, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    peer.calls.clear()
    reply = await fetch(port, "POST", INFO, headers, b"\0\0\0\0\0")
    assert reply.status == 415
    assert "gRPC" in reply.json()["message"]
    assert peer.calls == []


@pytest.fixture
async def port(peer: Peer, rest: Rest) -> AsyncIterator[int]:
    async with running_edge(peer.address) as listening:
        yield listening
