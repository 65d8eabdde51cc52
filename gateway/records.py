"""Rows of our tables, read and written. Each function is one transaction; call them off the event loop."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from google.rpc import status_pb2
from notreally.v1 import analysis_pb2

from gateway.database import analyses, uploads

ENDED = (
    analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
    analysis_pb2.ANALYSIS_STATE_FAILED,
    analysis_pb2.ANALYSIS_STATE_CANCELLED,
)


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

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED


class Records:
    """The tables, behind functions that say what is done to them."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    # --- uploads ------------------------------------------------------------------------------------------------------

    def create_upload(self, filename: str, size_bytes: int, sha256: str, request_id: str | None) -> Upload:
        """A new upload, or the one that `request_id` made before."""
        values = {
            "id": str(uuid.uuid4()),
            "request_id": request_id,
            "filename": filename,
            "size_bytes": size_bytes,
            "committed_size": 0,
            "announced_sha256": sha256,
            "created_at": _now(),
        }
        return Upload(**self._insert_once(uploads, values, request_id))

    def upload(self, upload_id: str) -> Upload | None:
        """One upload."""
        row = self._one(uploads, uploads.c.id == upload_id)
        return Upload(**row) if row else None

    def commit_chunk(self, upload_id: str, offset: int, size: int) -> bool:
        """Move the committed size from `offset` to `offset + size`; False when it is not at `offset` any more."""
        return self._update(
            uploads,
            (uploads.c.id == upload_id) & (uploads.c.committed_size == offset) & uploads.c.sha256.is_(None),
            committed_size=offset + size,
        )

    def complete_upload(self, upload_id: str, sha256: str) -> None:
        """Say that the bytes are stored as media `sha256`."""
        self._update(uploads, uploads.c.id == upload_id, sha256=sha256)

    def describe_upload(self, upload_id: str, filename: str, size_bytes: int) -> None:
        """Say what an upload of unknown name and length turned out to be."""
        self._update(uploads, uploads.c.id == upload_id, filename=filename, size_bytes=size_bytes)

    def delete_upload(self, upload_id: str) -> None:
        """Forget an upload."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(uploads).where(uploads.c.id == upload_id))

    def restart_upload(self, upload_id: str) -> None:
        """Forget what was committed: the bytes were not what was announced."""
        self._update(uploads, uploads.c.id == upload_id, committed_size=0)

    # --- analyses -----------------------------------------------------------------------------------------------------

    def create_analysis(self, upload: Upload, request_id: str | None) -> Analysis:
        """A new analysis of a completed upload, or the one that `request_id` made before."""
        values = {
            "id": str(uuid.uuid4()),
            "request_id": request_id,
            "filename": upload.filename,
            "sha256": upload.sha256,
            "size_bytes": upload.size_bytes,
            "state": analysis_pb2.ANALYSIS_STATE_QUEUED,
            "stage": analysis_pb2.STAGE_QUEUED,
            "percent": 0.0,
            "created_at": _now(),
        }
        return Analysis(**self._insert_once(analyses, values, request_id))

    def analysis(self, analysis_id: str) -> Analysis | None:
        """One analysis."""
        row = self._one(analyses, analyses.c.id == analysis_id)
        return Analysis(**row) if row else None

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
            return [Analysis(**_aware(row)) for row in connection.execute(query).mappings()]

    def set_progress(self, analysis_id: str, stage: int, percent: float) -> bool:
        """Note how far a running analysis is; False when it has ended meanwhile."""
        return self._update(
            analyses,
            (analyses.c.id == analysis_id) & analyses.c.state.not_in(ENDED),
            state=analysis_pb2.ANALYSIS_STATE_RUNNING,
            stage=stage,
            percent=percent,
        )

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
        """End an analysis because somebody asked to; False when it had ended before."""
        return self._end(analysis_id, state=analysis_pb2.ANALYSIS_STATE_CANCELLED, stage=analysis_pb2.STAGE_CANCELLED)

    def delete_analysis(self, analysis_id: str) -> bool:
        """Forget an analysis; True when its media are used by no other analysis."""
        with self._engine.begin() as connection:
            sha256 = connection.execute(
                sa.delete(analyses).where(analyses.c.id == analysis_id).returning(analyses.c.sha256)
            ).scalar_one_or_none()
            if sha256 is None:
                return False
            others = sa.select(sa.func.count()).select_from(analyses).where(analyses.c.sha256 == sha256)
            unused = connection.execute(others).scalar_one() == 0
            if unused:
                connection.execute(sa.delete(uploads).where(uploads.c.sha256 == sha256))
            return unused

    # --- the few statements behind them -------------------------------------------------------------------------------

    def _end(self, analysis_id: str, **values: Any) -> bool:
        unended = (analyses.c.id == analysis_id) & analyses.c.state.not_in(ENDED)
        return self._update(analyses, unended, ended_at=_now(), **values)

    def _insert_once(self, table: sa.Table, values: dict[str, Any], request_id: str | None) -> dict[str, Any]:
        """Insert a row unless one with the same request id exists; that one wins."""
        try:
            with self._engine.begin() as connection:
                row = connection.execute(sa.insert(table).values(values).returning(table)).mappings().one()
                return _aware(row)
        except sa.exc.IntegrityError:
            earlier = self._one(table, table.c.request_id == request_id) if request_id else None
            if earlier is None:
                raise
            return earlier

    def _one(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> dict[str, Any] | None:
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(table).where(condition)).mappings().one_or_none()
        return _aware(row) if row is not None else None

    def _update(self, table: sa.Table, condition: sa.ColumnElement[bool], **values: Any) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(sa.update(table).where(condition).values(values)).rowcount == 1


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _aware(row: sa.RowMapping) -> dict[str, Any]:
    """SQLite gives times back without their zone; all of ours are UTC."""
    return {
        key: value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo is None else value
        for key, value in row.items()
    }
