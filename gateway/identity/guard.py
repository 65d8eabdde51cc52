"""The guard before every public call: finds out who calls, refuses what they may not, and writes the audit log.

The one place where a caller becomes an owner. Methods that `gateway.identity.subject` does not name are nobody's.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, TypeAlias

import grpc
import structlog

from gateway.identity import audit as auditing
from gateway.identity import subject as subjects
from gateway.identity.audit import Audit
from gateway.identity.keys import Keys
from gateway.identity.subject import ANONYMOUS, LOCAL, NEEDED, SHAREABLE, Scope, Subject
from gateway.store import owners
from services.kit.errors import Refusal

log = structlog.get_logger()

Metadata: TypeAlias = Iterable[tuple[str, str | bytes]] | None

COOKIE = "notreally_session"

# Asked by probes and by programs that look around; neither tells anything about anybody.
_OPEN = ("/grpc.health.v1.Health/", "/grpc.reflection.")

# Of these there are hundreds for one file or page.
_UNNOTED = frozenset(
    f"/notreally.v1.{name}"
    for name in (
        *("AnalysisService/UploadChunk", "AnalysisService/GetUpload", "AnalysisService/GetModel"),
        *("AnalysisService/ListAnalyses", "AnalysisService/WatchAnalyses", "BatchService/ListBatches"),
        *("BatchService/GetBatch", "BatchService/WatchBatch", "LiveService/SendSegment", "LiveService/SendSegments"),
        *("LiveService/GetLive", "LiveService/WatchLive", "AccessService/ListAuditEvents"),
    )
)

_VERIFIED_EVERY_S = 30.0
"""How long a stream may go on after its key was revoked."""


class Guard(grpc.aio.ServerInterceptor):
    """Wraps the handlers of the public services; stands inside `services.kit.serving.boundary`, which answers refusals.

    Args:
        keys: Whose secrets are whose; None where the login is off, and everybody is the local user.
        audit: Where to note what was done.
        address_of: A caller's address, by a call's metadata and its peer.
    """

    def __init__(
        self, keys: Keys | None, audit: Audit, address_of: Callable[[Metadata, str], str] = lambda _, peer: peer
    ) -> None:
        """Keep the parts."""
        self._keys = keys
        self._audit = audit
        self._address_of = address_of

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]]",
        details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Give back the same handler with the guard before its behaviour."""
        handler: Any = await continuation(details)
        method, metadata = str(details.method), details.invocation_metadata
        if handler is None or method.startswith(_OPEN):
            return handler  # type: ignore[no-any-return]
        if handler.response_streaming:
            streaming = handler.stream_stream or handler.unary_stream

            async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
                subject = await self._admit(method, metadata)
                verified = time.monotonic()
                outcome = "CANCELLED"
                try:
                    async for response in streaming(request, context):
                        if time.monotonic() - verified > _VERIFIED_EVERY_S:
                            await self._admit(method, metadata)
                            verified = time.monotonic()
                        yield response
                    outcome = "OK"
                except Refusal as refusal:
                    outcome = refusal.reason
                    raise
                finally:
                    await self._note(subject, method, request, metadata, context, outcome)

            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            return make(stream, handler.request_deserializer, handler.response_serializer)

        behaviour = handler.stream_unary or handler.unary_unary

        async def unary(request: Any, context: Any) -> Any:
            subject = await self._admit(method, metadata)
            outcome = "CANCELLED"
            try:
                response = await behaviour(request, context)
                outcome = "OK"
                return response
            except Refusal as refusal:
                outcome = refusal.reason
                raise
            finally:
                await self._note(subject, method, request, metadata, context, outcome)

        make = (
            grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
        )
        return make(unary, handler.request_deserializer, handler.response_serializer)

    async def _admit(self, method: str, metadata: Metadata) -> Subject:
        """Who calls, from here on the owner of what the call sees and makes.

        Raises:
            Refusal: UNAUTHENTICATED, LOGIN_REQUIRED or BAD_KEY; PERMISSION_DENIED, SCOPE_MISSING.
        """
        # This task may have answered a call of somebody else before.
        owners.act_for(owners.NOBODY)
        subjects.adopt(ANONYMOUS)
        auditing.concerns()
        subject = LOCAL if self._keys is None else await self._verify(self._keys, method, metadata)
        subjects.adopt(subject)
        owners.act_for(subject.owner)
        return subject

    async def _verify(self, keys: Keys, method: str, metadata: Metadata) -> Subject:
        needed = NEEDED.get(method)
        given, in_cookie = _secret(metadata)
        subject = await asyncio.to_thread(keys.verify, given) if given else None
        if needed is Scope.ANYBODY:
            return subject or ANONYMOUS
        if subject is None:
            if given and not in_cookie:
                text = "This key is not known here, has expired or was revoked. Use another one."
                raise Refusal(grpc.StatusCode.UNAUTHENTICATED, "BAD_KEY", text)
            text = "Sign in first: this server takes calls with an API key, as `authorization: Bearer nr_…`."
            raise Refusal(grpc.StatusCode.UNAUTHENTICATED, "LOGIN_REQUIRED", text)
        if needed is None or not (subject.may(needed) or (subject.analysis_id is not None and method in SHAREABLE)):
            text = "This key may not do that. Use one with the scope for it."
            raise Refusal(grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING", text, scope=str(needed or ""))
        return subject

    async def _note(
        self, subject: Subject, method: str, request: object, metadata: Metadata, context: Any, outcome: str
    ) -> None:
        if self._keys is None or NEEDED[method] is Scope.ANYBODY or method in _UNNOTED:
            return
        address, action = self._address_of(metadata, context.peer()), method.rpartition("/")[2]
        try:
            await asyncio.shield(
                asyncio.to_thread(self._audit.note, subject, action, auditing.concerned(request), address, outcome)
            )
        except Refusal as refusal:  # what was done is done; the call's answer is not to be lost with its record
            log.error("not in the audit log", action=action, owner=subject.owner, reason=refusal.reason)


def _secret(metadata: Metadata) -> tuple[str, bool]:
    """The secret that a call shows, and whether in a cookie; empty for none."""
    cookie = ""
    for key, value in metadata or ():
        if not isinstance(value, str):
            continue
        if key == "authorization":
            scheme, _, secret = value.partition(" ")
            return (secret.strip() if scheme.lower() == "bearer" else value), False
        if key == "cookie":
            for part in value.split(";"):
                name, _, content = part.strip().partition("=")
                cookie = content if name == COOKIE else cookie
    return cookie, True
