"""The request id: made or taken over at the edge, logged with every line, sent along with every onward call."""

import re
import uuid
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

import grpc
import structlog

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
    """Puts the current request id on outgoing calls with one answer."""

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        """See `grpc.aio.UnaryUnaryClientInterceptor`."""
        return await continuation(_with_id(details), request)


# A class of its own: grpc.aio takes an interceptor for the first kind of call only that it can intercept.
class SendWithStream(grpc.aio.UnaryStreamClientInterceptor):
    """Puts the current request id on outgoing calls with a stream of answers."""

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        """See `grpc.aio.UnaryStreamClientInterceptor`."""
        return await continuation(_with_id(details), request)


def _with_id(details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
    if not current():
        return details
    metadata = grpc.aio.Metadata(*(details.metadata or ()), (HEADER, current()))
    return grpc.aio.ClientCallDetails(
        method=details.method,
        timeout=details.timeout,
        metadata=metadata,
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )
