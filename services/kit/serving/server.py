"""Starting and stopping a gRPC server: honest health checks, reflection, limits, graceful shutdown."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.kit import logs, metrics, tracing
from services.kit.limits import keep_to_itself
from services.kit.serving.boundary import Boundary, Place, any_number
from services.kit.serving.tls import server_credentials
from services.kit.settings import ServiceSettings

log = structlog.get_logger()

_METADATA_BYTES = 128 * 1024

# Callers ping half as often: see `services.kit.serving.channels`.
_PINGS_EVERY_MS = 5_000

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

LIVENESS = "liveness"
"""Health says SERVING under this name for as long as the process answers at all: while it warms up, and while calls in
flight finish. What starts processes anew asks for it; what sends calls asks for the server as a whole."""


@asynccontextmanager
async def running(
    names: Sequence[str],
    add: Callable[[grpc.aio.Server], None],
    settings: ServiceSettings,
    *,
    warm_up: Callable[[], None] | None = None,
    workers: AbstractAsyncContextManager[Any] | None = None,
    unlimited: frozenset[str] = frozenset(),
    place: Place = any_number,
    inside: Sequence[grpc.aio.ServerInterceptor] = (),
) -> AsyncIterator[int]:
    """Serve for as long as the block lasts; gives the port.

    Health answers NOT_SERVING until everything is warm, and again while calls in flight finish.

    Args:
        names: Full names of the services, for health and reflection.
        add: Registers the servicers.
        settings: Address, limits and grace.
        warm_up: Run off the event loop before the server says SERVING.
        workers: Entered before the server says SERVING, and left after the last call.
        unlimited: Full method names without a deadline of ours.
        inside: Interceptors inside the boundary, which turns what they raise into answers.
        place: What every stream needs; by default any number of them may be open.

    Raises:
        OSError: When the address cannot be listened on.
    """
    server = grpc.aio.server(
        interceptors=[Boundary(settings.max_call_s, unlimited, place), *inside],
        options=[
            # Of what comes in. How much goes out is for those to limit who asked for it.
            ("grpc.max_receive_message_length", settings.max_message_bytes),
            # A REST path comes as metadata, twice, and may hold a long file name. The edge takes no more than this.
            ("grpc.max_metadata_size", _METADATA_BYTES),
            ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
            # Two servers on one port would share its calls; a second one must fail instead.
            ("grpc.so_reuseport", 0),
            # Otherwise a fast sender on a short way makes the receive window grow to megabytes for each connection.
            ("grpc.http2.bdp_probe", 0),
            ("grpc.http2.lookahead_bytes", 256 * 1024),
            ("grpc.http2.min_ping_interval_without_data_ms", _PINGS_EVERY_MS),
            ("grpc.keepalive_permit_without_calls", 1),
            *_connection_age(settings.max_connection_age_s),
        ],
    )
    add(server)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection(
        [*names, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME], server
    )

    async def say(status: "health_pb2.HealthCheckResponse.ServingStatus") -> None:
        for name in ("", *names):
            await health_servicer.set(name, status)

    await health_servicer.set(LIVENESS, SERVING)
    await say(NOT_SERVING)
    port = _listen(server, settings.listen, server_credentials(settings.tls_dir) if settings.tls_dir else None)
    probed = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, probed)
    if settings.health_listen:
        _listen(probed, settings.health_listen)
        await probed.start()
    await server.start()
    try:
        async with workers or nullcontext():
            try:
                if warm_up is not None:
                    await asyncio.to_thread(warm_up)
                await say(SERVING)
                yield port
            finally:
                await say(NOT_SERVING)
                await server.stop(settings.shutdown_grace_s)
    finally:
        await server.stop(None)  # for when the workers did not start
        await probed.stop(None)


def _listen(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None = None) -> int:
    try:
        if credentials is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}: is it in use?") from error


def _connection_age(seconds: float) -> list[tuple[str, int]]:
    """Calls on a connection that reached its maximum age may finish; only new calls need a new connection."""
    return [("grpc.max_connection_age_ms", round(1000 * seconds))] if seconds else []


def serve(
    name: str,
    names: Sequence[str],
    add: Callable[[grpc.aio.Server], None],
    settings: ServiceSettings,
    *,
    warm_up: Callable[[], None] | None = None,
    workers: AbstractAsyncContextManager[Any] | None = None,
) -> None:
    """Run one server as a process until SIGTERM or SIGINT.

    Args:
        name: Short name for the logs, such as ``face``.
        names: As for `running`.
        add: As for `running`; called inside the event loop.
        settings: As for `running`.
        warm_up: As for `running`.
        workers: As for `running`.
    """
    keep_to_itself()
    logs.configure(name, settings.log_level)
    tracing.configure(name, settings.otlp_endpoint)

    async def main() -> None:
        with metrics.served(settings.metrics_listen):
            await main_loop()

    async def main_loop() -> None:
        async with running(names, add, settings, warm_up=warm_up, workers=workers) as port:
            log.info("serving", port=port)
            await until_stopped()
            log.info("stopping")

    asyncio.run(main())


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
