"""`notreally.v1.AccessService`: keys, sessions, shares, quotas, owners and the audit log."""

import asyncio
import datetime as dt
from typing import Any, TypeAlias

import grpc
from google.protobuf import empty_pb2
from notreally.v1 import access_pb2, access_pb2_grpc, live_pb2

from gateway.analysis.keeping import Keeping
from gateway.api.service import AnalysisService, resource_id
from gateway.identity import audit as auditing
from gateway.identity import subject as subjects
from gateway.identity.audit import Audit
from gateway.identity.guard import COOKIE
from gateway.identity.keys import SESSION, Key, Keys, is_owner_name
from gateway.identity.quotas import Quotas
from gateway.identity.subject import Scope, Subject
from gateway.live.keeping import LiveKeeping
from gateway.store import owners
from gateway.store.batches import Batches
from gateway.store.history import History, Search
from gateway.store.retention import Janitor
from gateway.store.sessions import Sessions
from gateway.store.uploads import Uploads
from services.kit.errors import Refusal

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_LONGEST_NAME = 100
_MOST_DAYS = 3650
_SOME = 100
_KEY_ID_DIGITS = 16

_SCOPES: "dict[access_pb2.Scope.ValueType, Scope]" = {
    access_pb2.SCOPE_READ: Scope.READ,
    access_pb2.SCOPE_ANALYSE: Scope.ANALYSE,
    access_pb2.SCOPE_ADMIN: Scope.ADMIN,
}
_NUMBERS = {scope: number for number, scope in _SCOPES.items()}


class OwnerData:
    """What an owner has, found and removed.

    Args:
        history: Their analyses.
        batches: Their batches.
        uploads: Their uploads.
        sessions: Their live sessions.
        live: Ends these.
        analyses: Cancels analyses.
        janitor: Removes analyses and files.
    """

    def __init__(
        self,
        history: History,
        batches: Batches,
        uploads: Uploads,
        sessions: Sessions,
        live: LiveKeeping,
        analyses: Keeping,
        janitor: Janitor,
    ) -> None:
        """Keep the parts."""
        self._history = history
        self._batches = batches
        self._uploads = uploads
        self._sessions = sessions
        self._live = live
        self._analyses = analyses
        self._janitor = janitor

    async def remove(self, owner: str) -> access_pb2.DeleteOwnerResponse:
        """Remove all of it but keys; the rest of this call sees what that owner would."""
        owners.act_for(owner)
        counts = access_pb2.DeleteOwnerResponse()
        for session in await asyncio.to_thread(self._sessions.all):
            if session.owned_by == owner:
                await self._live.end(session, live_pb2.LIVE_END_ASKED)
        while some := await asyncio.to_thread(self._history.page, _SOME, Search()):
            for analysis in some:
                await self._analyses.cancel(analysis.id)
                await self._janitor.remove(analysis.id, analysis.sha256)
                counts.analyses += 1
        while uploads := await asyncio.to_thread(self._uploads.of_owner, owner, _SOME):
            for upload in uploads:
                await self._uploads.abandon(upload.id)
                if upload.sha256 is not None:
                    await self._janitor.delete_unused(upload.sha256)
                counts.uploads += 1
        while batches := await asyncio.to_thread(self._batches.page, _SOME, None):
            for batch in batches:
                await asyncio.to_thread(self._batches.delete, batch.id)
                counts.batches += 1
        return counts


class AccessService(access_pb2_grpc.AccessServiceServicer):
    """The servicer.

    Args:
        login: Whether the login is on.
        keys: The keys.
        quotas: What owners have used.
        audit: What was done.
        service: Finds the analysis that is to be shared.
        data: What owners have.
    """

    def __init__(
        self, keys: Keys, quotas: Quotas, audit: Audit, service: AnalysisService, data: OwnerData, *, login: bool
    ) -> None:
        """Keep the parts."""
        self._login = login
        self._keys = keys
        self._quotas = quotas
        self._audit = audit
        self._service = service
        self._data = data

    async def GetCaller(self, request: access_pb2.GetCallerRequest, context: Context) -> access_pb2.Caller:  # noqa: N802
        """See the contract."""
        return await self._caller(subjects.current())

    async def CreateKey(  # noqa: N802
        self, request: access_pb2.CreateKeyRequest, context: Context
    ) -> access_pb2.CreateKeyResponse:
        """See the contract."""
        subject = self._subject()
        owner = request.owner or subject.owner
        if not is_owner_name(owner):
            text = "An owner's name is up to 100 letters, digits and @ . _ : + -, and begins with a letter or digit."
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_OWNER", text)
        if not set(request.scopes) <= set(_SCOPES):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_SCOPES", "Name scopes that there are.")
        scopes = frozenset(_SCOPES[scope] for scope in request.scopes) or frozenset({Scope.ANALYSE})
        is_own = owner == subject.owner and all(subject.may(scope) for scope in scopes)
        if not is_own and not subject.may(Scope.ADMIN):
            text = "Only an admin makes keys for others, and keys that may more than the one they are made with."
            raise Refusal(grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING", text, scope=Scope.ADMIN)
        made, secret = await asyncio.to_thread(
            self._keys.create, owner, scopes, _name(request.display_name), _days(request.valid_days)
        )
        auditing.concerns(f"keys/{made.id}")
        return access_pb2.CreateKeyResponse(key=_to_proto(made), secret=secret)

    async def ListKeys(  # noqa: N802
        self, request: access_pb2.ListKeysRequest, context: Context
    ) -> access_pb2.ListKeysResponse:
        """See the contract."""
        subject = self._subject()
        if request.all_owners and not subject.may(Scope.ADMIN):
            text = "Only an admin sees the keys of others."
            raise Refusal(grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING", text, scope=Scope.ADMIN)
        found = await asyncio.to_thread(self._keys.list, None if request.all_owners else subject.owner)
        return access_pb2.ListKeysResponse(keys=[_to_proto(key) for key in found])

    async def RevokeKey(self, request: access_pb2.RevokeKeyRequest, context: Context) -> access_pb2.Key:  # noqa: N802
        """See the contract."""
        subject = self._subject()
        prefix, _, key_id = request.name.partition("/")
        if prefix != "keys" or len(key_id) != _KEY_ID_DIGITS:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_NAME", "A name has the form keys/{id}.")
        owner = None if subject.may(Scope.ADMIN) else subject.owner
        key = await asyncio.to_thread(self._keys.revoke, key_id, owner)
        if key is None:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "KEY_NOT_FOUND", "There is no such key.")
        return _to_proto(key)

    async def CreateSession(  # noqa: N802
        self, request: access_pb2.CreateSessionRequest, context: Context
    ) -> access_pb2.Caller:
        """See the contract."""
        subject = self._subject()
        made, secret = await asyncio.to_thread(
            self._keys.create, subject.owner, subject.scopes, "", SESSION, kind="session", parent_id=subject.key_id
        )
        auditing.concerns(f"keys/{made.id}")
        await context.send_initial_metadata([("set-cookie", _cookie(secret, round(SESSION.total_seconds()), context))])
        return await self._caller(subject)

    async def DeleteSession(  # noqa: N802
        self, request: access_pb2.DeleteSessionRequest, context: Context
    ) -> empty_pb2.Empty:
        """See the contract."""
        subject = subjects.current()
        await asyncio.to_thread(self._keys.end_session, subject.key_id)
        await context.send_initial_metadata([("set-cookie", _cookie("", 0, context))])
        return empty_pb2.Empty()

    async def ShareAnalysis(  # noqa: N802
        self, request: access_pb2.ShareAnalysisRequest, context: Context
    ) -> access_pb2.CreateKeyResponse:
        """See the contract."""
        subject = self._subject()
        analysis = await self._service.find(resource_id(request.name, "analyses"))
        made, secret = await asyncio.to_thread(
            self._keys.create,
            subject.owner,
            frozenset({Scope.SHARED}),
            "",
            _days(request.valid_days),
            kind="share",
            analysis_id=analysis.id,
        )
        auditing.concerns(f"analyses/{analysis.id}", f"keys/{made.id}")
        return access_pb2.CreateKeyResponse(key=_to_proto(made), secret=secret)

    async def ListOwners(  # noqa: N802
        self, request: access_pb2.ListOwnersRequest, context: Context
    ) -> access_pb2.ListOwnersResponse:
        """See the contract."""
        self._subject()
        return access_pb2.ListOwnersResponse(
            owners=[
                access_pb2.Owner(
                    owner=one.owner,
                    analyses=one.analyses,
                    keys=one.keys,
                    kept_bytes=one.kept_bytes,
                    videos_today=one.videos_today,
                )
                for one in await asyncio.to_thread(self._quotas.owners)
            ]
        )

    async def DeleteOwner(  # noqa: N802
        self, request: access_pb2.DeleteOwnerRequest, context: Context
    ) -> access_pb2.DeleteOwnerResponse:
        """See the contract."""
        subject = self._subject()
        owner = request.owner or subject.owner
        needed = Scope.ANALYSE if owner == subject.owner else Scope.ADMIN
        if not (subject.may(needed) or subject.may(Scope.ADMIN)):
            text = "Only an admin removes what others have."
            raise Refusal(grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING", text, scope=needed)
        if not is_owner_name(owner):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_OWNER", "That is no owner's name.")
        auditing.concerns(owner)
        # First, so that nothing new is begun meanwhile; an admin who removes themselves ends their own key last.
        keys = 0 if owner == subject.owner else await asyncio.to_thread(self._keys.forget_owner, owner)
        removed = await self._data.remove(owner)
        await asyncio.to_thread(self._quotas.forget_owner, owner)
        removed.keys = keys + await asyncio.to_thread(self._keys.forget_owner, owner)
        return removed

    async def ListAuditEvents(  # noqa: N802
        self, request: access_pb2.ListAuditEventsRequest, context: Context
    ) -> access_pb2.ListAuditEventsResponse:
        """See the contract."""
        self._subject()
        if request.page_size < 0 or request.before < 0:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_PAGE_SIZE", "The page size must not be negative.")
        events = await asyncio.to_thread(self._audit.page, request.page_size or _SOME, request.before, request.owner)
        answer = access_pb2.ListAuditEventsResponse()
        for event in events:
            shown = answer.events.add(
                number=event.number,
                owner=event.owner,
                key=f"keys/{event.key_id}" if event.key_id else "",
                action=event.action,
                target=event.target,
                address=event.address,
                outcome=event.outcome,
            )
            shown.time.FromDatetime(event.at)
        return answer

    def _subject(self) -> Subject:
        """Who calls.

        Raises:
            Refusal: FAILED_PRECONDITION, LOGIN_OFF.
        """
        if not self._login:
            text = "This server has no login: there are neither keys nor owners. NOTREALLY_LOGIN=on switches it on."
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "LOGIN_OFF", text)
        return subjects.current()

    async def _caller(self, subject: Subject) -> access_pb2.Caller:
        caller = access_pb2.Caller(
            owner=subject.owner if subject.analysis_id is None else "",
            scopes=[_NUMBERS[scope] for scope in sorted(subject.scopes) if scope in _NUMBERS] if self._login else [],
            key=f"keys/{subject.key_id}" if subject.key_id else "",
            login=self._login,
        )
        if caller.owner:
            used, limits = await asyncio.to_thread(self._quotas.of, subject.owner), self._quotas.limits
            caller.usage.CopyFrom(
                access_pb2.Usage(
                    videos_today=used.videos_today,
                    videos_a_day=limits.videos_a_day,
                    kept_bytes=used.kept_bytes,
                    max_kept_bytes=limits.kept_bytes,
                    waiting=used.waiting,
                )
            )
        return caller


def _cookie(secret: str, seconds: int, context: Context) -> str:
    """A cookie that scripts cannot read, and that no request from another site carries."""
    metadata = dict(context.invocation_metadata() or ())
    secure = "; Secure" if metadata.get("x-forwarded-proto") == "https" else ""
    return f"{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"


def _name(text: str) -> str:
    if len(text) > _LONGEST_NAME or not text.isprintable():
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT, "BAD_DISPLAY_NAME", f"A name is at most {_LONGEST_NAME} characters."
        )
    return text.strip()


def _days(days: int) -> dt.timedelta | None:
    if days > _MOST_DAYS:
        text = f"A key is valid for up to {_MOST_DAYS} days, or until it is revoked."
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_VALIDITY", text)
    return dt.timedelta(days=days) if days else None


def _to_proto(key: Key) -> access_pb2.Key:
    shown = access_pb2.Key(
        name=f"keys/{key.id}",
        owner=key.owner,
        scopes=[_NUMBERS[scope] for scope in sorted(key.scopes) if scope in _NUMBERS],
        display_name=key.display_name,
        analysis=f"analyses/{key.analysis_id}" if key.analysis_id else "",
    )
    shown.create_time.FromDatetime(key.created_at)
    if key.expires_at is not None:
        shown.expire_time.FromDatetime(key.expires_at)
    if key.revoked_at is not None:
        shown.revoke_time.FromDatetime(key.revoked_at)
    if key.used_at is not None:
        shown.use_time.FromDatetime(key.used_at)
    return shown
