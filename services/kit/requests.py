"""The request id: created or accepted at the edge, logged on every line, sent with every onward call."""

import itertools
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import grpc
import structlog

from services.kit import tracing

HEADER = "x-request-id"
_VALID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request being served, or an empty string outside any."""
    return _current.get()


def adopt(request_id: str | None) -> str:
    """Make `request_id`, or a new one when it is missing or malformed, the id of what follows in this context."""
    valid = request_id if request_id and _VALID.fullmatch(request_id) else uuid.uuid4().hex
    _current.set(valid)
    structlog.contextvars.bind_contextvars(request_id=valid)
    return valid


def from_metadata(metadata: Iterable[tuple[str, str | bytes]] | None) -> str | None:
    """The id a caller sent, if any."""
    return next((value for key, value in metadata or () if key == HEADER and isinstance(value, str)), None)


class SendWithUnary(grpc.aio.UnaryUnaryClientInterceptor):
    """Puts the current request id and trace on outgoing calls with one answer."""

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        """See `grpc.aio.UnaryUnaryClientInterceptor`."""
        return await _made(continuation, details, request)


# A class of its own: grpc.aio takes an interceptor for the first kind of call only that it can intercept.
class SendWithStream(grpc.aio.UnaryStreamClientInterceptor):
    """Puts the current request id and trace on outgoing calls with a stream of answers."""

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        """See `grpc.aio.UnaryStreamClientInterceptor`."""
        return await _made(continuation, details, request)


async def _made(continuation: Callable[..., Any], details: grpc.aio.ClientCallDetails, request: Any) -> Any:
    with tracing.made(details.method, details) as outgoing:
        call = await continuation(
            _with(details, [(HEADER, current())] if current() else [], outgoing.metadata), request
        )
        outgoing.follow(call)
        return call


def _with(details: grpc.aio.ClientCallDetails, *more: Sequence[tuple[str, str]]) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()), *itertools.chain(*more))
    return grpc.aio.ClientCallDetails(
        method=details.method,
        timeout=details.timeout,
        metadata=metadata,
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )
