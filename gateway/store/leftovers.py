"""Finding and removing expired rows, in batches. Each function is one transaction.

Every deletion asks again for what makes a row removable: gateways that tidy up at the same time do each other no harm.
"""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from gateway.store.database import analyses, uploads
from gateway.store.records import ENDED, UNUSED, Analysis, aware


class Leftovers:
    """What the janitor asks of the tables.

    Args:
        engine: The database.
        batch: Rows handled at once.
    """

    def __init__(self, engine: sa.Engine, batch: int = 100) -> None:
        """Keep the engine."""
        self._engine = engine
        self._batch = batch

    def expire_uploads(self, untouched_since: dt.datetime) -> list[tuple[str, str | None]]:
        """Forget a batch of uploads that nobody has touched since; gives the id and, if complete, hash of each."""
        old = sa.select(uploads.c.id).where(uploads.c.touched_at < untouched_since).limit(self._batch)
        delete = (
            sa.delete(uploads)
            .where(uploads.c.id.in_(old), uploads.c.touched_at < untouched_since)
            .returning(uploads.c.id, uploads.c.sha256)
        )
        with self._engine.begin() as connection:
            return [(row.id, row.sha256) for row in connection.execute(delete)]

    def expire_idle(self, untouched_since: dt.datetime, sharer: str | None) -> list[tuple[str, str | None]]:
        """The same of uploads that nothing has been made of; of one caller's, if one is named."""
        idle = (uploads.c.touched_at < untouched_since) & (uploads.c.sha256.is_(None) | UNUSED)
        if sharer is not None:
            idle &= uploads.c.sharer == sharer
        delete = sa.delete(uploads).where(
            uploads.c.id.in_(sa.select(uploads.c.id).where(idle).limit(self._batch)), idle
        )
        with self._engine.begin() as connection:
            found = connection.execute(delete.returning(uploads.c.id, uploads.c.sha256))
            return [(row.id, row.sha256) for row in found]

    def ended_analyses(self, ended_before: dt.datetime) -> list[Analysis]:
        """A batch of the analyses that ended longest ago."""
        query = (
            sa.select(analyses)
            .where(analyses.c.state.in_(ENDED), analyses.c.ended_at < ended_before)
            .order_by(analyses.c.ended_at)
            .limit(self._batch)
        )
        with self._engine.connect() as connection:
            return [Analysis(**aware(row)) for row in connection.execute(query).mappings()]

    def remove_media(self, ended_before: dt.datetime, now: dt.datetime) -> list[str]:
        """Note of a batch of videos that they are no longer kept; gives their hashes.

        A video goes when every analysis of it has ended before `ended_before` and every upload of it has been analysed:
        those of the same owner, so that nobody can tell by it that somebody else has the same video.
        """
        other = analyses.alias()
        in_use = sa.exists().where(
            other.c.sha256 == analyses.c.sha256,
            other.c.owned_by == analyses.c.owned_by,
            other.c.media_removed_at.is_(None),
            other.c.state.not_in(ENDED) | (other.c.ended_at >= ended_before),
        )
        analysed = sa.exists().where(other.c.upload_id == uploads.c.id).correlate(uploads)
        waiting = sa.exists().where(
            uploads.c.sha256 == analyses.c.sha256, uploads.c.owned_by == analyses.c.owned_by, ~analysed
        )
        removable = (
            analyses.c.state.in_(ENDED),
            analyses.c.ended_at < ended_before,
            analyses.c.media_removed_at.is_(None),
            ~in_use,
            ~waiting,
        )
        query = sa.select(analyses.c.sha256).where(*removable).distinct().limit(self._batch)
        with self._engine.begin() as connection:
            found = list(connection.execute(query).scalars())
            marked = connection.execute(
                sa.update(analyses)
                .where(analyses.c.sha256.in_(found), *removable)
                .values(media_removed_at=now)
                .returning(analyses.c.sha256, analyses.c.owned_by)
            ).all()
            # What is not there any more cannot be analysed either.
            for sha256, owner in {(row.sha256, row.owned_by) for row in marked}:
                connection.execute(sa.delete(uploads).where(uploads.c.sha256 == sha256, uploads.c.owned_by == owner))
            return sorted({row.sha256 for row in marked})

    def unknown_uploads(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that are no upload."""
        return self._missing(uploads.c.id, ids)

    def unknown_analyses(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that are no analysis."""
        return self._missing(analyses.c.id, ids)

    def unused_media(self, hashes: Sequence[str]) -> set[str]:
        """Those of `hashes` whose video no upload and no analysis needs."""
        kept = analyses.c.media_removed_at.is_(None)
        return self._missing(uploads.c.sha256, hashes) & self._missing(analyses.c.sha256, hashes, kept)

    def _missing(
        self, column: "sa.Column[str]", values: Sequence[str], condition: sa.ColumnElement[bool] | None = None
    ) -> set[str]:
        missing = set(values)
        with self._engine.connect() as connection:
            for start in range(0, len(values), self._batch):
                query = sa.select(column).where(column.in_(values[start : start + self._batch]))
                missing -= set(connection.execute(query if condition is None else query.where(condition)).scalars())
        return missing
