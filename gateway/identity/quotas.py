"""What each owner has used of what there is for them. Each function is one transaction; call it off the event loop."""

import dataclasses
import datetime as dt

import grpc
import sqlalchemy as sa
from notreally.v1 import analysis_pb2

from gateway.store.database import analyses, api_keys, uploads, usage
from gateway.store.owners import NOBODY
from gateway.store.upserts import upsert
from services.kit.errors import Refusal

# Something may be deleted or expire by then.
_RETRY_AFTER_S = 3600.0
_LISTED = 1000


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one owner may use; 0 for any amount."""

    videos_a_day: int = 0
    kept_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class Usage:
    """What an owner has used."""

    videos_today: int
    kept_bytes: int
    waiting: int


@dataclasses.dataclass(frozen=True)
class OwnerCounts:
    """What an owner has, in numbers."""

    owner: str
    analyses: int
    keys: int
    kept_bytes: int
    videos_today: int


class Quotas:
    """Counts, and refuses what would go over the limits. Nothing is counted for nobody: where the login is off.

    Args:
        engine: The database.
        limits: Of each owner.
    """

    def __init__(self, engine: sa.Engine, limits: Limits) -> None:
        """Keep the engine."""
        self._engine = engine
        self.limits = limits

    def of(self, owner: str) -> Usage:
        """What an owner has used."""
        waiting = sa.select(sa.func.count()).where(
            analyses.c.owned_by == owner, analyses.c.state == analysis_pb2.ANALYSIS_STATE_QUEUED
        )
        today = sa.select(usage.c.videos).where(usage.c.owner == owner, usage.c.day == _today())
        with self._engine.connect() as connection:
            return Usage(
                connection.execute(today).scalar_one_or_none() or 0,
                _kept(connection, owner),
                connection.execute(waiting).scalar_one(),
            )

    def may_keep(self, owner: str, size_bytes: int) -> None:
        """Make sure that a file of that size may be kept.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, STORAGE_QUOTA.
        """
        if owner == NOBODY or not self.limits.kept_bytes:
            return
        with self._engine.connect() as connection:
            kept = _kept(connection, owner)
        if kept + size_bytes > self.limits.kept_bytes:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "STORAGE_QUOTA",
                f"You may keep {self.limits.kept_bytes // 1_000_000} MB, and {kept // 1_000_000} MB are there already. "
                "Delete analyses that you do not need.",
                retry_after_s=_RETRY_AFTER_S,
                kept_bytes=str(kept),
                max_kept_bytes=str(self.limits.kept_bytes),
            )

    def begin(self, owner: str) -> None:
        """Count one more analysis of today.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, DAILY_QUOTA.
        """
        if owner == NOBODY:
            return
        most = self.limits.videos_a_day
        with self._engine.begin() as connection:
            one = {"owner": owner, "day": _today(), "videos": 1}
            row = connection.execute(
                upsert(connection, usage, one, usage.c.videos < most if most else None, videos=usage.c.videos + 1)
            ).one_or_none()
        if row is None:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "DAILY_QUOTA",
                f"You may have {most} files analysed a day, and have. The next day begins at midnight UTC.",
                retry_after_s=_until_midnight_s(),
                videos_a_day=str(most),
            )

    def take_back(self, owner: str) -> None:
        """Count one less: it was not begun after all."""
        if owner != NOBODY:
            this = (usage.c.owner == owner) & (usage.c.day == _today()) & (usage.c.videos > 0)
            with self._engine.begin() as connection:
                connection.execute(sa.update(usage).where(this).values(videos=usage.c.videos - 1))

    def owners(self) -> list[OwnerCounts]:
        """Every owner that has a key or an analysis, by name."""
        with self._engine.connect() as connection:
            names = sa.union(
                sa.select(api_keys.c.owner), sa.select(analyses.c.owned_by).where(analyses.c.owned_by != NOBODY)
            ).subquery()
            owners = list(connection.execute(sa.select(names).order_by(names.c[0]).limit(_LISTED)).scalars())
            return [
                OwnerCounts(
                    owner,
                    _count(connection, analyses, analyses.c.owned_by == owner),
                    _count(connection, api_keys, (api_keys.c.owner == owner) & (api_keys.c.kind != "session")),
                    _kept(connection, owner),
                    connection.execute(
                        sa.select(usage.c.videos).where(usage.c.owner == owner, usage.c.day == _today())
                    ).scalar_one_or_none()
                    or 0,
                )
                for owner in owners
            ]

    def forget_owner(self, owner: str) -> None:
        """Delete what was counted."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(usage).where(usage.c.owner == owner))


def _kept(connection: sa.Connection, owner: str) -> int:
    """Bytes of the files of an owner's analyses, each file once, and of uploads that are none yet."""
    files = (
        sa.select(analyses.c.sha256, analyses.c.size_bytes)
        .where(analyses.c.owned_by == owner, analyses.c.media_removed_at.is_(None))
        .distinct()
        .subquery()
    )
    analysed = sa.exists().where(analyses.c.upload_id == uploads.c.id)
    waiting = sa.select(sa.func.coalesce(sa.func.sum(uploads.c.size_bytes), 0)).where(
        uploads.c.owned_by == owner, ~analysed
    )
    stored = sa.select(sa.func.coalesce(sa.func.sum(files.c.size_bytes), 0))
    return int(connection.execute(stored).scalar_one()) + int(connection.execute(waiting).scalar_one())


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one()


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


def _until_midnight_s() -> float:
    now = dt.datetime.now(dt.UTC)
    tomorrow = (now + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(1.0, (tomorrow - now).total_seconds())
