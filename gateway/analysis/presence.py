"""Heartbeats of gateways: one that has sent none for a while counts as gone."""

import datetime as dt
from collections.abc import Callable, Collection

import sqlalchemy as sa

from gateway.store.database import gateways
from gateway.store.upserts import upsert


class Presence:
    """Signs of life in the database. Call off the event loop.

    Args:
        engine: The database.
        executor_id: Name of this gateway.
        gone_after: How long after its last sign of life a gateway counts as gone.
        clock: The time.
    """

    def __init__(
        self,
        engine: sa.Engine,
        executor_id: str,
        gone_after: dt.timedelta,
        *,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Say nothing yet."""
        self._engine = engine
        self._executor_id = executor_id
        self._gone_after = gone_after
        self._clock = clock
        self._noted_at: dt.datetime | None = None
        self._judges_from: dt.datetime | None = None

    @property
    def every_s(self) -> float:
        """How often to give a sign of life, so that one which comes late does no harm."""
        return self._gone_after.total_seconds() / 4

    def note(self) -> None:
        """Give a sign of life."""
        values = {"executor_id": self._executor_id, "seen_at": self._clock()}
        with self._engine.begin() as connection:
            connection.execute(upsert(connection, gateways, values))
        now = self._clock()
        self._mind_silence(now)
        self._noted_at = now

    def leave(self) -> None:
        """Announce that this gateway is leaving, so that nobody waits for it."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(gateways).where(gateways.c.executor_id == self._executor_id))

    def gone(self, executor_ids: Collection[str]) -> set[str]:
        """Those of the gateways that have left, or have been silent for too long; never this one.

        None when this one could not speak itself for long: nor could the others, and they may not have spoken since.
        """
        now = self._clock()
        self._mind_silence(now)
        if self._judges_from is not None and now < self._judges_from:
            return set()
        seen = sa.select(gateways.c.executor_id).where(gateways.c.seen_at > now - self._gone_after)
        with self._engine.connect() as connection:
            there = set(connection.execute(seen).scalars())
        return set(executor_ids) - there - {self._executor_id}

    def _mind_silence(self, now: dt.datetime) -> None:
        """After a silence of its own, give the others time to speak before they are judged."""
        # Half of what makes one gone: what the others said last may be older than what this one did.
        if self._noted_at is not None and now - self._noted_at > self._gone_after / 2:
            self._judges_from = now + self._gone_after
