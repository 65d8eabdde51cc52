"""The errors of a server, as one exception."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

# No answer came, or one that says "again": the same call may succeed in a moment.
_TRANSIENT = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DATA_LOSS,
    }
)
# From the transport or the edge these mean a broken stream or a full house; with a reason of the server's they are
# its answer.
_TRANSIENT_WITHOUT_REASON = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNKNOWN,
    }
)

# Who is told to come back later than that, because a quota is used up, does not want to wait here.
_A_MOMENT_S = 300.0


class ServiceError(Exception):
    """A call that failed.

    Args:
        code: The gRPC status code.
        reason: The stable reason of `google.rpc.ErrorInfo`, such as ``NOT_A_VIDEO``; empty when the server gave none
            (it was not reached, for one).
        message: A sentence for a person.
        metadata: Further facts for programs, such as ``committed_size``.
        retry_after_s: When the server says that asking again may help.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        metadata: dict[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Keep the parts; the message is what `str()` gives."""
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = metadata or {}
        self.retry_after_s = retry_after_s

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed when it is made again in a moment."""
        if self.retry_after_s is not None:
            return self.retry_after_s <= _A_MOMENT_S
        return self.code in _TRANSIENT or (not self.reason and self.code in _TRANSIENT_WITHOUT_REASON)

    @property
    def unreachable(self) -> bool:
        """Whether no server answered at all."""
        return self.code is grpc.StatusCode.UNAVAILABLE and not self.reason


def error_of_status(status: status_pb2.Status) -> ServiceError:
    """The exception that a `google.rpc.Status` stands for."""
    code = next((c for c in grpc.StatusCode if c.value[0] == status.code), grpc.StatusCode.UNKNOWN)
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    retry_after_s = None
    for detail in status.details:
        if detail.Unpack(retry):
            retry_after_s = retry.retry_delay.ToNanoseconds() / 1e9
        else:
            detail.Unpack(info)
    return ServiceError(code, info.reason, status.message, dict(info.metadata), retry_after_s)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `ServiceError` for every failed call inside the block."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _error_of_call(error) from error


def _error_of_call(error: grpc.aio.AioRpcError) -> ServiceError:
    try:
        status = rpc_status.from_call(error)
    except ValueError:  # the details contradict the call's own code: a proxy answered over the server's head
        status = None
    if status is not None:
        return error_of_status(status)
    return ServiceError(error.code(), "", error.details() or error.code().name)
