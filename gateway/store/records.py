"""Rows of our tables, read and written. Each function is one transaction; call them off the event loop."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from google.rpc import status_pb2
from notreally.v1 import analysis_pb2

from gateway.store.database import analyses, hasty, uploads

ENDED = (
    analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
    analysis_pb2.ANALYSIS_STATE_FAILED,
    analysis_pb2.ANALYSIS_STATE_CANCELLED,
)


IDLE = dt.timedelta(minutes=10)
"""An upload without a chunk for this long is idle: many idle ones must not keep all others out."""


class FullError(Exception):
    """There are as many rows of a kind as there may be."""


@dataclasses.dataclass(frozen=True)
class UploadLimits:
    """How much may be on its way at once: incomplete uploads, and the bytes they have announced.

    One that has had no chunk for `IDLE` may go on, but keeps nobody out: it counts as the bytes it holds.
    """

    count: int
    total_bytes: int


@dataclasses.dataclass(frozen=True)
class Upload:
    """A row of `uploads`."""

    id: str
    request_id: str | None
    filename: str
    size_bytes: int
    committed_size: int
    announced_sha256: str
    sha256: str | None
    created_at: dt.datetime
    touched_at: dt.datetime


# Any number will do that nobody else locks in this database.
_INSERT_LOCK = 7_301_577_442

_WAITING = analyses.c.state == analysis_pb2.ANALYSIS_STATE_QUEUED


@dataclasses.dataclass(frozen=True)
class Analysis:
    """A row of `analyses`."""

    id: str
    request_id: str | None
    filename: str
    sha256: str
    size_bytes: int
    state: "analysis_pb2.AnalysisState.ValueType"
    stage: "analysis_pb2.Stage.ValueType"
    percent: float
    created_at: dt.datetime
    ended_at: dt.datetime | None
    error: bytes | None
    verdict: "analysis_pb2.Verdict.ValueType | None"
    prob_fake: float | None
    upload_id: str | None
    media_removed_at: dt.datetime | None
    caller: str
    turn: int

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED


class Records:
    """The tables, behind functions named for what they do."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    # --- uploads ------------------------------------------------------------------------------------------------------

    def create_upload(
        self,
        filename: str,
        size_bytes: int,
        sha256: str,
        request_id: str | None,
        limits: UploadLimits | None = None,
    ) -> Upload:
        """A new upload, or the one that `request_id` made before.

        Raises:
            FullError: It would go over `limits`.
        """
        now = _now()
        room: sa.ColumnElement[bool] = sa.true()
        if limits is not None:
            incomplete, fed = uploads.c.sha256.is_(None), uploads.c.touched_at > now - IDLE
            taken = sa.func.sum(sa.case((fed, uploads.c.size_bytes), else_=uploads.c.committed_size))
            room = (sa.select(sa.func.count()).where(incomplete & fed).scalar_subquery() < limits.count) & (
                sa.select(sa.func.coalesce(taken, 0)).where(incomplete).scalar_subquery()
                <= limits.total_bytes - size_bytes
            )
        values = {
            "id": str(uuid.uuid4()),
            "request_id": request_id,
            "filename": filename,
            "size_bytes": size_bytes,
            "committed_size": 0,
            "announced_sha256": sha256,
            "created_at": now,
            "touched_at": now,
        }
        return Upload(**self._insert_once(uploads, values, request_id, room))

    def upload(self, upload_id: str) -> Upload | None:
        """One upload."""
        row = self._one(uploads, uploads.c.id == upload_id)
        return Upload(**row) if row else None

    def commit_chunk(self, upload_id: str, offset: int, size: int) -> Upload | None:
        """Move the committed size from `offset` to `offset + size`; None when it is not at `offset` any more.

        Without waiting for the disk, since the chunk itself was stored without that: after a power cut an upload goes
        on from a little earlier.
        """
        here = (uploads.c.id == upload_id) & (uploads.c.committed_size == offset) & uploads.c.sha256.is_(None)
        update = sa.update(uploads).where(here).values(committed_size=offset + size, touched_at=_now())
        with hasty(self._engine) as connection:
            row = connection.execute(update.returning(uploads)).mappings().one_or_none()
        return Upload(**aware(row)) if row is not None else None

    def complete_upload(self, upload_id: str, sha256: str) -> None:
        """Say that the bytes are stored as media `sha256`: all of them, even if somebody has just had it start over."""
        self._update(uploads, uploads.c.id == upload_id, sha256=sha256, committed_size=uploads.c.size_bytes)

    def describe_upload(self, upload_id: str, filename: str, size_bytes: int) -> None:
        """Say what an upload of unknown name and length turned out to be."""
        self._update(uploads, uploads.c.id == upload_id, filename=filename, size_bytes=size_bytes)

    def delete_upload(self, upload_id: str) -> None:
        """Forget an upload."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(uploads).where(uploads.c.id == upload_id))

    def restart_upload(self, upload_id: str) -> None:
        """Forget what was committed, unless the upload has become a video: it cannot be made of what there is."""
        self._update(uploads, (uploads.c.id == upload_id) & uploads.c.sha256.is_(None), committed_size=0)

    def reopen_upload(self, upload_id: str) -> None:
        """Take back that an upload became a video: there is none."""
        self._update(uploads, uploads.c.id == upload_id, sha256=None, committed_size=0)

    # --- analyses -----------------------------------------------------------------------------------------------------

    def create_analysis(
        self, upload: Upload, request_id: str | None, max_queued: int | None = None, caller: str = ""
    ) -> Analysis:
        """A new analysis of a completed upload, or the one that `request_id` made before.

        Its turn is the one after its caller's last in the line, and no earlier than the one that is on now: whoever
        sends a hundred at once has a turn in a hundred rounds, and who comes later with one has it in this round.

        Raises:
            FullError: `max_queued` are waiting already.
        """
        on_now = sa.select(sa.func.coalesce(sa.func.min(analyses.c.turn), 0)).where(_WAITING).scalar_subquery()
        next_own = (
            sa.select(sa.func.coalesce(sa.func.max(analyses.c.turn) + 1, 0))
            .where(_WAITING, analyses.c.caller == caller)
            .scalar_subquery()
        )
        waiting = sa.select(sa.func.count()).where(_WAITING).scalar_subquery()
        room: sa.ColumnElement[bool] = sa.true() if max_queued is None else waiting < max_queued
        values = {
            "id": str(uuid.uuid4()),
            "request_id": request_id,
            "filename": upload.filename,
            "sha256": upload.sha256,
            "size_bytes": upload.size_bytes,
            "state": analysis_pb2.ANALYSIS_STATE_QUEUED,
            "stage": analysis_pb2.STAGE_QUEUED,
            "percent": 0.0,
            "upload_id": upload.id,
            "created_at": _now(),
            "caller": caller,
            "turn": sa.case((next_own > on_now, next_own), else_=on_now),
        }
        return Analysis(**self._insert_once(analyses, values, request_id, room))

    def analysis(self, analysis_id: str) -> Analysis | None:
        """One analysis."""
        row = self._one(analyses, analyses.c.id == analysis_id)
        return Analysis(**row) if row else None

    def waiting(self) -> list[str]:
        """Ids of the analyses that have not started, in queue order."""
        query = sa.select(analyses.c.id).where(_WAITING).order_by(analyses.c.turn, analyses.c.created_at, analyses.c.id)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def unfinished(self) -> list[str]:
        """Ids of all analyses that have not ended, oldest first."""
        query = sa.select(analyses.c.id).where(analyses.c.state.not_in(ENDED)).order_by(analyses.c.created_at)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def page(self, size: int, states: Sequence[int], after: tuple[dt.datetime, str] | None) -> list[Analysis]:
        """The newest `size` analyses in one of `states` (all when empty), older than the position `after`."""
        query = sa.select(analyses).order_by(analyses.c.created_at.desc(), analyses.c.id.desc()).limit(size)
        if states:
            query = query.where(analyses.c.state.in_(states))
        if after is not None:
            query = query.where(sa.tuple_(analyses.c.created_at, analyses.c.id) < sa.tuple_(*map(sa.literal, after)))
        with self._engine.connect() as connection:
            return [Analysis(**aware(row)) for row in connection.execute(query).mappings()]

    def set_progress(self, analysis_id: str, stage: int, percent: float) -> bool:
        """Note how far a running analysis is, without waiting for the disk; False when it has ended meanwhile."""
        unended = (analyses.c.id == analysis_id) & analyses.c.state.not_in(ENDED)
        update = sa.update(analyses).where(unended)
        update = update.values(state=analysis_pb2.ANALYSIS_STATE_RUNNING, stage=stage, percent=percent)
        with hasty(self._engine) as connection:
            return connection.execute(update).rowcount == 1

    def succeed(self, analysis_id: str, verdict: int, prob_fake: float) -> bool:
        """End an analysis with a result; False when it had ended before."""
        return self._end(
            analysis_id,
            state=analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
            stage=analysis_pb2.STAGE_COMPLETED,
            percent=100.0,
            verdict=verdict,
            prob_fake=prob_fake,
        )

    def fail(self, analysis_id: str, error: status_pb2.Status) -> bool:
        """End an analysis with a reason; False when it had ended before."""
        return self._end(
            analysis_id,
            state=analysis_pb2.ANALYSIS_STATE_FAILED,
            stage=analysis_pb2.STAGE_FAILED,
            error=error.SerializeToString(),
        )

    def cancel(self, analysis_id: str) -> bool:
        """Cancel an analysis; False if it had already ended."""
        return self._end(analysis_id, state=analysis_pb2.ANALYSIS_STATE_CANCELLED, stage=analysis_pb2.STAGE_CANCELLED)

    def delete_analysis(self, analysis_id: str) -> bool:
        """Forget an analysis and the upload it was made of; True when no other analysis or upload needs the media."""
        with self._engine.begin() as connection:
            gone = connection.execute(
                sa.delete(analyses)
                .where(analyses.c.id == analysis_id)
                .returning(analyses.c.sha256, analyses.c.upload_id)
            ).one_or_none()
            if gone is None:
                return False
            others = sa.exists().where(analyses.c.upload_id == gone.upload_id)
            connection.execute(sa.delete(uploads).where(uploads.c.id == gone.upload_id, ~others))
            used = sa.exists().where(
                analyses.c.sha256 == gone.sha256, analyses.c.media_removed_at.is_(None)
            ) | sa.exists().where(uploads.c.sha256 == gone.sha256)
            return not connection.execute(sa.select(used)).scalar_one()

    # --- the few statements behind them -------------------------------------------------------------------------------

    def _end(self, analysis_id: str, **values: Any) -> bool:
        unended = (analyses.c.id == analysis_id) & analyses.c.state.not_in(ENDED)
        # Who asked mattered only while it waited.
        return self._update(analyses, unended, ended_at=_now(), caller="", **values)

    def _insert_once(
        self, table: sa.Table, values: dict[str, Any], request_id: str | None, room: sa.ColumnElement[bool]
    ) -> dict[str, Any]:
        """Insert a row if there is `room`, unless one with the same request id exists; that one wins.

        One statement asks for room and inserts. SQLite lets nothing come between; on PostgreSQL a lock does that.
        """
        if request_id and (earlier := self._one(table, table.c.request_id == request_id)):
            return earlier
        columns = (
            value if isinstance(value, sa.ColumnElement) else sa.literal(value, table.c[name].type)
            for name, value in values.items()
        )
        row_values = sa.select(*columns).where(room)
        insert = sa.insert(table).from_select(list(values), row_values).returning(table)
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_INSERT_LOCK)))
                row = connection.execute(insert).mappings().one_or_none()
        except sa.exc.IntegrityError:
            if not request_id or (earlier := self._one(table, table.c.request_id == request_id)) is None:
                raise
            return earlier
        if row is None:
            raise FullError
        return aware(row)

    def _one(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> dict[str, Any] | None:
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(table).where(condition)).mappings().one_or_none()
        return aware(row) if row is not None else None

    def _update(self, table: sa.Table, condition: sa.ColumnElement[bool], **values: Any) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(sa.update(table).where(condition).values(values)).rowcount == 1


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def aware(row: sa.RowMapping) -> dict[str, Any]:
    """A row as a dictionary. SQLite gives times back without their zone; all of ours are UTC."""
    return {
        key: value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo is None else value
        for key, value in row.items()
    }
