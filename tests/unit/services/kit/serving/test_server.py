"""A server over a real socket: health that tells the truth, reflection, errors without internals, deadlines, drain."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from notreally.v1 import classifier_pb2, classifier_pb2_grpc, features_pb2

from services.kit import requests
from services.kit.errors import Refusal, refusal_of
from services.kit.probe import is_serving
from services.kit.probe import main as probe
from services.kit.serving.channels import open_channel
from services.kit.serving.server import LIVENESS, running
from services.kit.settings import ServiceSettings

NAME = "notreally.v1.ClassifierService"


class Odd(classifier_pb2_grpc.ClassifierServiceServicer):
    """A servicer that misbehaves as it is told."""

    def __init__(self) -> None:
        self.entered, self.release = asyncio.Event(), asyncio.Event()
        self.request_ids: list[str] = []
        self.peers: set[str] = set()
        self.version = "1"

    async def Classify(self, request: classifier_pb2.ClassifyRequest, context: Any) -> classifier_pb2.ClassifyResponse:
        match request.features.schema_version:
            case 1:
                raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "SCHEMA_MISMATCH", "Too old.", wanted="2")
            case 2:
                raise RuntimeError("secret at /srv/secret/path.py")
            case 3:
                self.entered.set()
                await self.release.wait()
            case 4:
                self.request_ids.append(requests.current())
                raise Refusal(grpc.StatusCode.UNAVAILABLE, "WORKER_CRASHED", "It crashed.")
        return classifier_pb2.ClassifyResponse(prob_fake=0.5)

    async def GetModel(self, request: classifier_pb2.GetModelRequest, context: Any) -> classifier_pb2.Model:
        self.request_ids.append(requests.current())
        self.peers.add(context.peer())
        return classifier_pb2.Model(version=self.version)


def settings(**changes: Any) -> ServiceSettings:
    return ServiceSettings(**{"listen": "127.0.0.1:0", "shutdown_grace_s": 5.0, **changes})


@pytest.fixture
async def odd() -> Odd:
    return Odd()


@pytest.fixture
async def channel(odd: Odd) -> AsyncIterator[grpc.aio.Channel]:
    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(odd, server)

    async with running([NAME], add, settings()) as port, open_channel(f"127.0.0.1:{port}") as opened:
        yield opened


def classify(channel: grpc.aio.Channel, version: int, **options: Any) -> Any:
    stub = classifier_pb2_grpc.ClassifierServiceStub(channel)
    request = classifier_pb2.ClassifyRequest()
    request.features.schema_version = version
    return stub.Classify(request, **options)


async def test_a_refusal_arrives_with_its_reason_and_metadata(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await classify(channel, 1)
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.reason, refusal.message, refusal.metadata) == ("SCHEMA_MISMATCH", "Too old.", {"wanted": "2"})


async def test_a_refusal_is_an_answer_also_where_it_says_unavailable(channel: grpc.aio.Channel, odd: Odd) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await classify(channel, 4)
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert refusal.reason == "WORKER_CRASHED"
    assert len(odd.request_ids) == 1  # the channel has not asked again by itself


async def test_an_unexpected_error_leaks_nothing(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await classify(channel, 2)
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert "secret" not in str(caught.value.details()) + str(caught.value.trailing_metadata())
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert len(refusal.metadata["log_id"]) == 12


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05a"])
async def test_what_is_no_message_is_refused_in_a_sentence(channel: grpc.aio.Channel, data: bytes) -> None:
    call: Any = channel.unary_unary(f"/{NAME}/Classify")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(data)
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")


async def test_a_call_without_a_deadline_gets_one(odd: Odd) -> None:
    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(odd, server)

    async with running([NAME], add, settings(max_call_s=0.3)) as port, open_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await classify(channel, 3)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


async def test_an_answer_may_be_larger_than_what_may_come_in(odd: Odd) -> None:
    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(odd, server)

    small = settings(max_message_bytes=64 * 1024)
    async with running([NAME], add, small) as port, open_channel(f"127.0.0.1:{port}") as channel:
        stub = classifier_pb2_grpc.ClassifierServiceStub(channel)
        odd.version = "1" * 200_000
        assert (await stub.GetModel(classifier_pb2.GetModelRequest())).version == odd.version
        ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{NAME}/GetModel")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(bytes(65_537))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_the_request_id_follows_the_call(channel: grpc.aio.Channel, odd: Odd) -> None:
    requests.adopt("from-the-edge-1")
    await classifier_pb2_grpc.ClassifierServiceStub(channel).GetModel(classifier_pb2.GetModelRequest())
    assert odd.request_ids == ["from-the-edge-1"]


async def test_a_malformed_request_id_is_replaced(channel: grpc.aio.Channel, odd: Odd) -> None:
    stub = classifier_pb2_grpc.ClassifierServiceStub(channel)
    metadata = [(requests.HEADER, "line one; injected")]
    await stub.GetModel(classifier_pb2.GetModelRequest(), metadata=metadata)
    assert len(odd.request_ids[0]) == 32
    assert odd.request_ids[0].isalnum()


async def test_reflection_lists_the_service(channel: grpc.aio.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = [answer async for answer in stub.ServerReflectionInfo(iter([request]))]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {NAME, "grpc.health.v1.Health"} <= names


async def health(port: int, name: str = NAME) -> int:
    async with open_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return int((await stub.Check(health_pb2.HealthCheckRequest(service=name))).status)


async def test_health_says_serving_only_once_warm() -> None:
    warm = threading.Event()
    listening = asyncio.Event()
    ports: list[int] = []

    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(Odd(), server)
        add_port = server.add_insecure_port

        def remember(address: str) -> int:
            ports.append(add_port(address))
            listening.set()
            return ports[0]

        server.add_insecure_port = remember  # type: ignore[method-assign]

    def wait_until_warm() -> None:
        assert warm.wait(30)

    async def live() -> int:
        async with running([NAME], add, settings(), warm_up=wait_until_warm) as port:
            return await health(port)

    serving = asyncio.create_task(live())
    await listening.wait()
    assert await health(ports[0]) == health_pb2.HealthCheckResponse.NOT_SERVING
    # Not ready is not dead: what starts processes anew must leave it alone.
    assert await health(ports[0], LIVENESS) == health_pb2.HealthCheckResponse.SERVING
    assert not await asyncio.to_thread(is_serving, f"127.0.0.1:{ports[0]}")
    assert await asyncio.to_thread(is_serving, f"127.0.0.1:{ports[0]}", LIVENESS)
    warm.set()
    assert await serving == health_pb2.HealthCheckResponse.SERVING


async def test_the_probe_tells_a_healthy_server_from_none(odd: Odd) -> None:
    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(odd, server)

    async with running([NAME], add, settings()) as port:
        assert await asyncio.to_thread(probe, [f"127.0.0.1:{port}"]) == 0
        assert await asyncio.to_thread(probe, [f"127.0.0.1:{port}", "no.such.Service"]) == 1
    assert await asyncio.to_thread(probe, [f"127.0.0.1:{port}"]) == 1
    assert probe([]) == 2


async def test_a_call_in_flight_finishes_while_the_server_drains() -> None:
    odd = Odd()

    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(odd, server)

    stack = running([NAME], add, settings())
    port = await stack.__aenter__()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        call = asyncio.ensure_future(classify(channel, 3))
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=NAME))
        seen = aiter(watch)
        assert (await anext(seen)).status == health_pb2.HealthCheckResponse.SERVING
        await odd.entered.wait()
        closing = asyncio.create_task(stack.__aexit__(None, None, None))
        assert (await anext(seen)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        odd.release.set()
        assert (await call).prob_fake == 0.5
        await closing


async def test_a_second_server_on_the_same_port_is_refused() -> None:
    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(Odd(), server)

    async with running([NAME], add, settings()) as port:
        with pytest.raises(OSError, match="in use"):
            async with running([NAME], add, settings(listen=f"127.0.0.1:{port}")):
                pass


async def test_a_caller_is_asked_to_connect_anew_and_its_calls_in_flight_go_on(odd: Odd) -> None:
    def add(server: grpc.aio.Server) -> None:
        classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(odd, server)

    async with (
        running([NAME], add, settings(max_connection_age_s=0.2)) as port,
        open_channel(f"127.0.0.1:{port}") as channel,
    ):
        stub = classifier_pb2_grpc.ClassifierServiceStub(channel)
        slow = stub.Classify(classifier_pb2.ClassifyRequest(features=features_pb2.FeatureVector(schema_version=3)))
        async with asyncio.timeout(20):
            while len(odd.peers) < 3:
                await stub.GetModel(classifier_pb2.GetModelRequest())
        odd.release.set()
        assert (await slow).prob_fake == 0.5
