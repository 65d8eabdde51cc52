"""The verified subject of a call, and what each call needs. Pure, but for the one variable that says who calls now."""

import dataclasses
import enum
from contextvars import ContextVar

from gateway.store.owners import NOBODY


class Scope(enum.StrEnum):
    """What a key may. `ANYBODY` and `SIGNED_IN` are for calls, not for keys."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed-in"
    READ = "read"
    ANALYSE = "analyse"
    ADMIN = "admin"
    SHARED = "shared"
    """Read the one analysis that was shared."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """Who calls: an owner by one of their keys, or somebody to whom they have given a link."""

    owner: str
    scopes: frozenset[Scope]
    key_id: str = ""
    analysis_id: str | None = None
    """The one analysis that a share opens."""

    def may(self, scope: Scope) -> bool:
        """Whether a call that needs a scope is this subject's to make."""
        if scope is Scope.ANYBODY or scope in self.scopes:
            return True
        if self.analysis_id is not None:
            return False
        return scope is Scope.SIGNED_IN or (scope is Scope.READ and Scope.ANALYSE in self.scopes)


ANONYMOUS = Subject(NOBODY, frozenset())
"""Whoever shows no key where the login is on."""

LOCAL = Subject(NOBODY, frozenset({Scope.READ, Scope.ANALYSE}))
"""Everybody where the login is off."""

_subject: ContextVar[Subject] = ContextVar("subject", default=LOCAL)


def current() -> Subject:
    """Who makes the call that is being answered."""
    return _subject.get()


def adopt(subject: Subject) -> None:
    """Answer the current call as one of this subject."""
    _subject.set(subject)


_ANALYSIS, _BATCH, _LIVE = "notreally.v1.AnalysisService", "notreally.v1.BatchService", "notreally.v1.LiveService"
_REST, _REST_BATCH = "notreally.v1.RestService", "notreally.v1.RestBatchService"
_ACCESS = "notreally.v1.AccessService"

SHAREABLE = frozenset(
    {
        f"/{_ANALYSIS}/GetAnalysis",
        f"/{_ANALYSIS}/WatchAnalyses",
        f"/{_ANALYSIS}/ExportAnalysis",
        f"/{_ANALYSIS}/DownloadMedia",
        f"/{_REST}/GetResults",
        f"/{_ANALYSIS}/GetModel",
    }
)
"""What the holder of a share may call; `gateway.api.service` shows them no other analysis."""


def _methods(service: str, scope: Scope, names: str) -> dict[str, Scope]:
    return {f"/{service}/{name}": scope for name in names.split()}


NEEDED: dict[str, Scope] = {
    **_methods(_ANALYSIS, Scope.ANYBODY, "GetServerInfo"),
    **_methods(
        _ANALYSIS,
        Scope.READ,
        "GetModel GetUpload GetAnalysis ExportAnalysis ListAnalyses WatchAnalyses DownloadMedia",
    ),
    **_methods(
        _ANALYSIS,
        Scope.ANALYSE,
        "CreateUpload UploadChunk CreateAnalysis UpdateAnalysis CancelAnalysis DeleteAnalysis DeleteAnalyses",
    ),
    **_methods(_BATCH, Scope.READ, "GetBatch ListBatches WatchBatch ExportBatch"),
    **_methods(_BATCH, Scope.ANALYSE, "CreateBatch UpdateBatch CancelBatch RenewBatch DeleteBatch"),
    **_methods(_LIVE, Scope.READ, "GetLive WatchLive"),
    **_methods(_LIVE, Scope.ANALYSE, "StartLive SendSegment SendSegments EndLive"),
    **_methods(_REST, Scope.ANYBODY, "GetHealth GetOpenApi ListEndpoints"),
    **_methods(_REST, Scope.READ, "GetResults ListResults GetMedia"),
    **_methods(_REST, Scope.ANALYSE, "Analyze CancelResults DeleteResults"),
    **_methods(_REST_BATCH, Scope.READ, "ListRestBatches GetRestBatch ExportRestBatch"),
    **_methods(_REST_BATCH, Scope.ANALYSE, "CreateRestBatch CancelRestBatch RenewRestBatch DeleteRestBatch"),
    **_methods(_ACCESS, Scope.ANYBODY, "GetCaller DeleteSession"),
    **_methods(_ACCESS, Scope.SIGNED_IN, "CreateKey ListKeys RevokeKey CreateSession DeleteOwner"),
    **_methods(_ACCESS, Scope.ANALYSE, "ShareAnalysis"),
    **_methods(_ACCESS, Scope.ADMIN, "ListOwners ListAuditEvents"),
}
"""The scope that each method needs. One that is not named here is for nobody."""
