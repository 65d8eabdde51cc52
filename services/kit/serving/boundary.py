"""The one interceptor around every call: request id, deadline, one log line, and errors mapped to statuses."""

import asyncio
import inspect
import math
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_status import rpc_status
from opentelemetry import trace

from services.kit import metrics, requests, tracing
from services.kit.errors import Refusal

log = structlog.get_logger()

# Asked every few seconds by every probe: their lines would drown the others.
_QUIET = ("/grpc.health.v1.Health/", "/grpc.reflection.")


Metadata: TypeAlias = Iterable[tuple[str, str | bytes]] | None

Place: TypeAlias = Callable[[Metadata, str], AbstractContextManager[None]]
"""A stream's place among those that are open, for as long as the block lasts, by the call's metadata and its peer.

Raises a `Refusal` when there is none.
"""


def any_number(_metadata: Metadata, _peer: str) -> AbstractContextManager[None]:
    """A place for everyone."""
    return nullcontext()


class Boundary(grpc.aio.ServerInterceptor):
    """Wraps every handler of a server.

    Args:
        max_call_s: Longest a call may take when its caller gave no shorter deadline.
        unlimited: Full method names that may take as long as they like, such as a watch.
        place: What every call with a stream of requests or responses needs, be it health's or reflection's.
    """

    def __init__(self, max_call_s: float, unlimited: frozenset[str] = frozenset(), place: Place = any_number) -> None:
        """Keep the limits."""
        self._max_call_s = max_call_s
        self._unlimited = unlimited
        self._place = place

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]]",
        details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Give back the same handler with the boundary around its behaviour."""
        handler: Any = await continuation(details)
        if handler is None:  # no such method: grpc answers UNIMPLEMENTED itself
            return handler  # type: ignore[return-value]
        method = str(details.method)
        metadata = details.invocation_metadata

        if handler.response_streaming:
            behaviour = handler.stream_stream if handler.request_streaming else handler.unary_stream

            async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
                async with self._call(method, metadata, context, self._place):
                    async for response in behaviour(_whole(request), context):
                        yield response

            async def write(request: Any, context: Any) -> None:
                async with self._call(method, metadata, context, self._place):
                    await behaviour(_whole(request), context)

            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            # Some servicers of others, health's among them, give no responses back but write them to the context.
            wrapped = write if inspect.iscoroutinefunction(behaviour) else stream
            return make(wrapped, _lenient(handler.request_deserializer), handler.response_serializer)

        behaviour = handler.stream_unary if handler.request_streaming else handler.unary_unary

        place = self._place if handler.request_streaming else any_number

        async def unary(request: Any, context: Any) -> Any:
            async with self._call(method, metadata, context, place):
                return await behaviour(_whole(request), context)

        make = (
            grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
        )
        return make(unary, _lenient(handler.request_deserializer), handler.response_serializer)

    @asynccontextmanager
    async def _call(self, method: str, metadata: Metadata, context: Any, place: Place) -> AsyncIterator[None]:
        # A call may arrive on a task whose context an earlier call has used.
        structlog.contextvars.clear_contextvars()
        requests.adopt(requests.from_metadata(metadata))
        if method.startswith(_QUIET):
            async with self._mapped(method, context):
                with place(metadata, context.peer()):
                    yield
            return
        with tracing.served(method, metadata) as span:
            async with self._mapped(method, context, span):
                with place(metadata, context.peer()):
                    yield

    @asynccontextmanager
    async def _mapped(self, method: str, context: Any, span: trace.Span = trace.INVALID_SPAN) -> AsyncIterator[None]:
        began = time.monotonic()
        outcome = "OK"
        try:
            async with asyncio.timeout(self._limit_s(method, context)):
                yield
        except Refusal as refusal:
            outcome = refusal.reason
            await _refuse(context, refusal)
        except TimeoutError:
            outcome = "DEADLINE_EXCEEDED"
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "The call took longer than its deadline.")
        except (asyncio.CancelledError, GeneratorExit):
            outcome = "CANCELLED"
            raise
        except grpc.aio.AbortError:
            outcome = "ABORTED"
            raise
        except Exception:
            outcome = "INTERNAL"
            log_id = uuid.uuid4().hex[:12]
            log.exception("unexpected error", method=method, log_id=log_id)
            message = f"Something went wrong on our side. It is logged under {log_id}."
            internal = Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", message, log_id=log_id)
            await _refuse(context, internal)
        finally:
            if outcome != "OK":
                tracing.failed(span, outcome)
            if not method.startswith(_QUIET):
                seconds = time.monotonic() - began
                metrics.CALLS.labels(method, outcome).inc()
                metrics.CALL_SECONDS.labels(method).observe(seconds)
                log.info("call", method=method, outcome=outcome, seconds=round(seconds, 4))

    def _limit_s(self, method: str, context: Any) -> float | None:
        if method in self._unlimited or method.startswith(_QUIET):
            return None
        remaining: float | None = context.time_remaining()
        return self._max_call_s if remaining is None else min(remaining, self._max_call_s)


class _Malformed:
    """In the place of a message that is none. grpc itself would answer UNKNOWN, with the name of a class of Python."""


def _lenient(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """The deserializer, which gives a `_Malformed` for what it cannot read."""
    if deserialize is None:
        return None

    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            return _Malformed()

    return read


def _whole(request: Any) -> Any:
    """The request, or each of a stream of them.

    Raises:
        Refusal: INVALID_ARGUMENT, MALFORMED, when it is none.
    """
    if isinstance(request, AsyncIterator):
        return _each_whole(request)
    if isinstance(request, _Malformed):
        text = "The request is not the message that this call takes."
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED", text)
    return request


async def _each_whole(requests_: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests_:
        yield _whole(request)


async def _refuse(context: Any, refusal: Refusal) -> None:
    """End a call with a refusal, and tell the caller's channel not to retry it (gRFC A6).

    A refusal is an answer also where its code is UNAVAILABLE, which channels take for none: the call would be made
    four times, a crash would cost four workers, and what the caller's deadline cuts off is the fourth, not the reason.
    """
    status = rpc_status.to_status(refusal.status())
    # What the edge makes headers of where the caller speaks no gRPC.
    also = [("grpc-retry-pushback-ms", "-1")]
    if refusal.retry_after_s is not None:
        also.append(("retry-after", str(math.ceil(refusal.retry_after_s))))
    if refusal.http_status is not None:
        also.append(("x-http-status", str(refusal.http_status)))
    await context.abort(status.code, status.details, (*status.trailing_metadata, *also))
