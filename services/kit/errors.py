"""Refusals: errors with a stable reason and a sentence a person can act on.

The domain raises `Refusal`; the one interceptor in `serving.boundary` turns it into a `google.rpc.Status` with
`ErrorInfo` (AIP-193). Everything else that is raised is a defect, and leaves the server as a bare INTERNAL.
"""

import grpc
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "notreally"


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault
    """An error meant for the caller.

    Args:
        code: The gRPC status code.
        reason: Stable UPPER_SNAKE_CASE name, such as ``NOT_A_VIDEO``.
        message: A sentence a person can act on; names no path, host or stack.
        retry_after_s: When asking again may help, in seconds; None when it will not, or nobody knows.
        http_status: For REST, where the code's own status would say too little.
        metadata: Further facts for programs, such as ``committed_size="1048576"``.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        retry_after_s: float | None = None,
        http_status: int | None = None,
        **metadata: str,
    ) -> None:
        """Keep the parts; the message is what `str()` gives."""
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s
        self.http_status = http_status
        self.metadata = metadata

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, so that a worker process can refuse."""
        return (
            _rebuild,
            (self.code.name, self.reason, self.message, self.retry_after_s, self.http_status, self.metadata),
        )

    def status(self) -> status_pb2.Status:
        """The refusal as `google.rpc.Status` with an `ErrorInfo` and, when asking again helps, a `RetryInfo`."""
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        code: int = self.code.value[0]
        status = status_pb2.Status(code=code, message=self.message)
        status.details.add().Pack(info)
        if self.retry_after_s is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromNanoseconds(round(self.retry_after_s * 1e9))
            status.details.add().Pack(retry)
        return status


def _rebuild(
    code: str,
    reason: str,
    message: str,
    retry_after_s: float | None,
    http_status: int | None,
    metadata: dict[str, str],
) -> Refusal:
    return Refusal(grpc.StatusCode[code], reason, message, retry_after_s, http_status, **metadata)


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal | None:
    """The refusal another service answered with, or None when it failed without giving a reason."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return refusal_of_status(status_pb2.Status.FromString(value))
    return None


def refusal_of_status(status: status_pb2.Status) -> Refusal | None:
    """The inverse of `Refusal.status`; None when the status carries no `ErrorInfo` of ours."""
    code = next((c for c in grpc.StatusCode if c.value[0] == status.code), grpc.StatusCode.UNKNOWN)
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    retry_after_s = None
    for detail in status.details:
        if detail.Unpack(retry):
            retry_after_s = retry.retry_delay.ToNanoseconds() / 1e9
        else:
            detail.Unpack(info)
    if info.domain != DOMAIN:
        return None
    return Refusal(code, info.reason, status.message, retry_after_s, None, **info.metadata)
