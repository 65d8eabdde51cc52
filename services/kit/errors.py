"""Refusals: errors with a stable reason and a sentence a person can act on.

The domain raises `Refusal`; the one interceptor in `services.kit.boundary` turns it into a `google.rpc.Status` with
`ErrorInfo` (AIP-193). Everything else that is raised is a defect, and leaves the server as a bare INTERNAL.
"""

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "notreally"


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault
    """An error meant for the caller.

    Args:
        code: The gRPC status code.
        reason: Stable UPPER_SNAKE_CASE name, such as ``NOT_A_VIDEO``.
        message: A sentence a person can act on; names no path, host or stack.
        metadata: Further facts for programs, such as ``committed_size="1048576"``.
    """

    def __init__(self, code: grpc.StatusCode, reason: str, message: str, **metadata: str) -> None:
        """Keep the parts; the message is what `str()` gives."""
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = metadata

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, so that a worker process can refuse."""
        return (_rebuild, (self.code.name, self.reason, self.message, self.metadata))

    def status(self) -> status_pb2.Status:
        """The refusal as `google.rpc.Status` with one `ErrorInfo` detail."""
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        detail = any_pb2.Any()
        detail.Pack(info)
        code: int = self.code.value[0]
        return status_pb2.Status(code=code, message=self.message, details=[detail])


def _rebuild(code: str, reason: str, message: str, metadata: dict[str, str]) -> Refusal:
    return Refusal(grpc.StatusCode[code], reason, message, **metadata)


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal | None:
    """The refusal another service answered with, or None when it failed without giving a reason."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return refusal_of_status(status_pb2.Status.FromString(value))
    return None


def refusal_of_status(status: status_pb2.Status) -> Refusal | None:
    """The inverse of `Refusal.status`; None when the status carries no `ErrorInfo` of ours."""
    code = next((c for c in grpc.StatusCode if c.value[0] == status.code), grpc.StatusCode.UNKNOWN)
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            return Refusal(code, info.reason, status.message, **info.metadata)
    return None
