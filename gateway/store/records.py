"""Rows of our tables, read and written. Each function is one transaction; call them off the event loop."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from google.rpc import status_pb2
from notreally.v1 import analysis_pb2

from gateway.store import owners
from gateway.store.database import analyses, batches, hasty, uploads

ENDED = (
    analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
    analysis_pb2.ANALYSIS_STATE_FAILED,
    analysis_pb2.ANALYSIS_STATE_CANCELLED,
)


IDLE = dt.timedelta(minutes=10)
"""An upload without a chunk for this long is idle: many idle ones must not keep all others out."""

UNUSED = ~sa.exists().where(analyses.c.sha256 == uploads.c.sha256)
"""Of an upload: nothing has been made of it so far."""


class FullError(Exception):
    """There are as many rows of a kind as there may be."""


class ShareError(FullError):
    """One caller has as many as it may have; there may be room for others."""


@dataclasses.dataclass(frozen=True)
class UploadLimits:
    """How much may be on its way at once: uploads that nothing has been made of, and the bytes they have announced.

    An incomplete one that has had no chunk for `IDLE` may go on, but keeps nobody out: it counts as the bytes it holds.
    """

    count: int
    total_bytes: int
    count_each: int | None = None
    """Of those, by one caller; None for as many as there are."""
    bytes_each: int | None = None


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
    sharer: str
    owned_by: str = ""


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
    batch_id: str | None
    batch_sequence: int | None
    headline: "analysis_pb2.Part.ValueType | None"
    model_version: str | None
    name_key: str
    chance: float
    verdict_rank: int
    length_s: float
    people: int
    reviewed: bool
    note: str
    owned_by: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED


@dataclasses.dataclass(frozen=True)
class Conclusion:
    """What the row of an analysis says of its result; the whole is a blob."""

    verdict: int
    prob_fake: float
    headline: int = analysis_pb2.PART_FACE
    model_version: str = ""
    length_s: float = 0.0
    people: int = 0

    @classmethod
    def of(cls, result: analysis_pb2.AnalysisResult) -> "Conclusion":
        """Of a result."""
        return cls(
            result.verdict,
            result.prob_fake,
            result.headline,
            result.model.version,
            result.quality.duration_s,
            result.quality.faces,
        )

    @property
    def columns(self) -> dict[str, Any]:
        """As they are written."""
        rank = _RANKS.get(self.verdict, 0)
        return {**dataclasses.asdict(self), "chance": self.prob_fake, "verdict_rank": rank}


# The most suspicious last: in a list that begins at the largest, they come first.
_RANKS: dict[int, int] = {
    analysis_pb2.VERDICT_LIKELY_REAL: 1,
    analysis_pb2.VERDICT_INSUFFICIENT: 2,
    analysis_pb2.VERDICT_INCONCLUSIVE: 3,
    analysis_pb2.VERDICT_LIKELY_FAKE: 4,
}


def name_key(filename: str) -> str:
    """What a file's name is searched and sorted by. In Python: SQLite folds the letters of ASCII alone."""
    return filename.casefold()


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
        sharer: str = "",
    ) -> Upload:
        """A new upload, or the one that `request_id` made before.

        Raises:
            FullError: It would go over `limits`; `ShareError`, when over those of its caller.
        """
        now = _now()
        room: sa.ColumnElement[bool] = sa.true()
        own_room: sa.ColumnElement[bool] = sa.true()
        if limits is not None:
            own_room = _upload_room(now, size_bytes, limits.count_each, limits.bytes_each, uploads.c.sharer == sharer)
            room = _upload_room(now, size_bytes, limits.count, limits.total_bytes, sa.true())
        values = {
            "id": str(uuid.uuid4()),
            "request_id": request_id,
            "filename": filename,
            "size_bytes": size_bytes,
            "committed_size": 0,
            "announced_sha256": sha256,
            "created_at": now,
            "touched_at": now,
            "sharer": sharer,
            "owned_by": owners.current(),
        }
        return Upload(**self._insert_once(uploads, values, request_id, room, own_room))

    def upload(self, upload_id: str) -> Upload | None:
        """One upload."""
        row = self._one(uploads, (uploads.c.id == upload_id) & owners.mine(uploads))
        return Upload(**row) if row else None

    def uploads_of(self, owner: str, most: int) -> list[Upload]:
        """Some of the uploads of an owner."""
        query = sa.select(uploads).where(uploads.c.owned_by == owner).limit(most)
        with self._engine.connect() as connection:
            return [Upload(**aware(row)) for row in connection.execute(query).mappings()]

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
        self,
        upload: Upload,
        request_id: str | None,
        max_queued: int | None = None,
        caller: str = "",
        batch_id: str | None = None,
        *,
        sharer: str = "",
        max_queued_each: int | None = None,
    ) -> Analysis:
        """A new analysis of a completed upload, or the one that `request_id` made before.

        Its turn is the one after its caller's last in the line, and no earlier than the one that is on now: whoever
        sends a hundred at once has a turn in a hundred rounds, and who comes later with one has it in this round.

        Raises:
            FullError: `max_queued` are waiting already; `ShareError`, when `max_queued_each` of its caller's are, which
                are those whose `caller` begins with `sharer`.
        """
        on_now = sa.select(sa.func.coalesce(sa.func.min(analyses.c.turn), 0)).where(_WAITING).scalar_subquery()
        next_own = (
            sa.select(sa.func.coalesce(sa.func.max(analyses.c.turn) + 1, 0))
            .where(_WAITING, analyses.c.caller == caller)
            .scalar_subquery()
        )
        waiting = sa.select(sa.func.count()).where(_WAITING)
        own = waiting.where(analyses.c.caller.startswith(sharer, autoescape=True)).scalar_subquery()
        room = sa.true() if max_queued is None else waiting.scalar_subquery() < max_queued
        own_room = sa.true() if max_queued_each is None else own < max_queued_each
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
            "batch_id": batch_id,
            "name_key": name_key(upload.filename),
            "owned_by": owners.current(),
        }
        return Analysis(**self._insert_once(analyses, values, request_id, room, own_room))

    def create_copy(
        self, analysis_id: str, source: Analysis, filename: str, request_id: str | None, batch_id: str | None
    ) -> Analysis:
        """An analysis `analysis_id` that has ended as `source` has, or the one that `request_id` made before."""
        now = _now()
        kept = {
            column: getattr(source, column)
            for column in (
                *("sha256", "size_bytes", "state", "stage", "percent", "verdict", "prob_fake", "media_removed_at"),
                *("headline", "model_version", "chance", "verdict_rank", "length_s", "people"),
            )
        }
        values = {
            "id": analysis_id,
            "request_id": request_id,
            "filename": filename,
            "name_key": name_key(filename),
            "batch_id": batch_id,
            "created_at": now,
            "ended_at": now,
            "owned_by": owners.current(),
            **{column: value for column, value in kept.items() if value is not None},
        }
        made = Analysis(**self._insert_once(analyses, values, request_id, sa.true()))
        if made.id == analysis_id and batch_id is not None:
            with self._engine.begin() as connection:
                _number_end(connection, analysis_id, batch_id)
        return made

    def by_request(self, request_id: str) -> Analysis | None:
        """The analysis that a request id has made."""
        row = self._one(analyses, (analyses.c.request_id == owners.own(request_id)) & owners.mine(analyses))
        return Analysis(**row) if row else None

    def newest_result(self, sha256: str, model_version: str) -> Analysis | None:
        """The newest analysis of a file that a version of the model has scored."""
        query = (
            sa.select(analyses)
            .where(
                owners.mine(analyses),
                analyses.c.sha256 == sha256,
                analyses.c.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
                analyses.c.model_version == model_version,
            )
            .order_by(analyses.c.created_at.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return Analysis(**aware(row)) if row is not None else None

    def annotate(self, analysis_id: str, **values: bool | str) -> bool:
        """Set `reviewed` or `note`; False when there is no such analysis."""
        return self._update(analyses, analyses.c.id == analysis_id, **values)

    def replace_in_batch(self, old_id: str) -> None:
        """Take an analysis out of its batch: another has its place."""
        self._update(analyses, analyses.c.id == old_id, batch_id=None, batch_sequence=None)

    def analysis(self, analysis_id: str) -> Analysis | None:
        """One analysis."""
        row = self._one(analyses, (analyses.c.id == analysis_id) & owners.mine(analyses))
        return Analysis(**row) if row else None

    def waiting(self) -> list[str]:
        """Ids of the analyses that have not started, in queue order."""
        query = sa.select(analyses.c.id).where(_WAITING).order_by(analyses.c.turn, analyses.c.created_at, analyses.c.id)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def waiting_of(self, sharer: str) -> int:
        """How many analyses have not started of those whose `caller` begins with `sharer`."""
        own = analyses.c.caller.startswith(sharer, autoescape=True)
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).where(_WAITING, own)) or 0

    def unfinished(self) -> list[str]:
        """Ids of all analyses that have not ended, oldest first."""
        query = sa.select(analyses.c.id).where(analyses.c.state.not_in(ENDED)).order_by(analyses.c.created_at)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def set_progress(self, analysis_id: str, stage: int, percent: float) -> bool:
        """Note how far a running analysis is, without waiting for the disk; False when it has ended meanwhile."""
        unended = (analyses.c.id == analysis_id) & analyses.c.state.not_in(ENDED)
        update = sa.update(analyses).where(unended)
        update = update.values(state=analysis_pb2.ANALYSIS_STATE_RUNNING, stage=stage, percent=percent)
        with hasty(self._engine) as connection:
            return connection.execute(update).rowcount == 1

    def succeed(self, analysis_id: str, conclusion: Conclusion) -> bool:
        """End an analysis with a result; False when it had ended before."""
        return self._end(
            analysis_id,
            state=analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
            stage=analysis_pb2.STAGE_COMPLETED,
            percent=100.0,
            **conclusion.columns,
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
        end = sa.update(analyses).where(unended).values(ended_at=_now(), caller="", **values)
        with self._engine.begin() as connection:
            row = connection.execute(end.returning(analyses.c.batch_id)).one_or_none()
            if row is not None and row.batch_id is not None:
                _number_end(connection, analysis_id, row.batch_id)
        return row is not None

    def _insert_once(
        self,
        table: sa.Table,
        values: dict[str, Any],
        request_id: str | None,
        room: sa.ColumnElement[bool],
        own_room: sa.ColumnElement[bool] | None = None,
    ) -> dict[str, Any]:
        """Insert a row if there is `room`, and of its caller's share too, unless one with the same request id exists.

        That one wins.

        One statement asks for room and inserts. SQLite lets nothing come between; on PostgreSQL a lock does that.
        """
        same = (table.c.request_id == owners.own(request_id)) & owners.mine(table)
        values = {**values, "request_id": owners.own(request_id)}
        if request_id and (earlier := self._one(table, same)):
            return earlier
        columns = (
            value if isinstance(value, sa.ColumnElement) else sa.literal(value, table.c[name].type)
            for name, value in values.items()
        )
        own_room = sa.true() if own_room is None else own_room
        row_values = sa.select(*columns).where(room, own_room)
        insert = sa.insert(table).from_select(list(values), row_values).returning(table)
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_INSERT_LOCK)))
                row = connection.execute(insert).mappings().one_or_none()
        except sa.exc.IntegrityError:
            if not request_id or (earlier := self._one(table, same)) is None:
                raise
            return earlier
        if row is None:
            with self._engine.connect() as connection:
                raise FullError if connection.scalar(sa.select(own_room)) else ShareError
        return aware(row)

    def _one(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> dict[str, Any] | None:
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(table).where(condition)).mappings().one_or_none()
        return aware(row) if row is not None else None

    def _update(self, table: sa.Table, condition: sa.ColumnElement[bool], **values: Any) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(sa.update(table).where(condition).values(values)).rowcount == 1


def _number_end(connection: sa.Connection, analysis_id: str, batch_id: str) -> None:
    """Give the end of an analysis the next number in its batch.

    The batch's row stays locked until this is committed: whoever sees a number sees all before it.
    """
    count = sa.update(batches).where(batches.c.id == batch_id).values(ends=batches.c.ends + 1)
    number = connection.execute(count.returning(batches.c.ends)).scalar_one_or_none()
    connection.execute(sa.update(analyses).where(analyses.c.id == analysis_id).values(batch_sequence=number))


def _upload_room(
    now: dt.datetime, size_bytes: int, count: int | None, total_bytes: int | None, whose: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """Whether one more upload of a size fits beside `whose` there are."""
    incomplete, fed = uploads.c.sha256.is_(None), uploads.c.touched_at > now - IDLE
    counted = sa.select(sa.func.count()).where(whose, (incomplete & fed) | (~incomplete & UNUSED))
    size = sa.case((incomplete & ~fed, uploads.c.committed_size), else_=uploads.c.size_bytes)
    taken = sa.select(sa.func.coalesce(sa.func.sum(size), 0)).where(whose, incomplete | UNUSED)
    few = sa.true() if count is None else counted.scalar_subquery() < count
    small = sa.true() if total_bytes is None else taken.scalar_subquery() <= total_bytes - size_bytes
    return few & small


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def aware(row: sa.RowMapping) -> dict[str, Any]:
    """A row as a dictionary. SQLite gives times back without their zone; all of ours are UTC."""
    return {
        key: value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo is None else value
        for key, value in row.items()
    }
