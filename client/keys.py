"""The API key on every call of a channel."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import grpc

_Continuation: TypeAlias = Callable[[grpc.aio.ClientCallDetails, Any], Any]


def shown_key(key: str) -> Sequence[grpc.aio.ClientInterceptor]:
    """Interceptors that add the key to every call; none for an empty key.

    gRPC asks for a class for each kind of call.
    """
    if not key:
        return ()
    shown = ("authorization", f"Bearer {key}")
    return (_UnaryUnary(shown), _UnaryStream(shown), _StreamStream(shown))


class _Shows:
    def __init__(self, shown: tuple[str, str]) -> None:
        self._shown = shown

    async def _call(self, continuation: _Continuation, details: grpc.aio.ClientCallDetails, of: Any) -> Any:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), self._shown)
        changed = grpc.aio.ClientCallDetails(
            details.method, details.timeout, metadata, details.credentials, details.wait_for_ready
        )
        return await continuation(changed, of)


class _UnaryUnary(_Shows, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await self._call(continuation, client_call_details, request)


class _UnaryStream(_Shows, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await self._call(continuation, client_call_details, request)


class _StreamStream(_Shows, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        return await self._call(continuation, client_call_details, request_iterator)
