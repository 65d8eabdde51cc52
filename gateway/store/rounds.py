"""Periodic work done by one gateway for all of them: the first to find it due claims it."""

import datetime as dt
from collections.abc import Callable

import sqlalchemy as sa

from gateway.store.database import rounds
from gateway.store.upserts import upsert


class Rounds:
    """Who may do the next round of some work, decided by the database. Call off the event loop.

    Args:
        engine: The database.
        clock: The time.
    """

    def __init__(
        self, engine: sa.Engine, *, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        """Take nothing yet."""
        self._engine = engine
        self._clock = clock

    def take(self, name: str, every_s: float) -> bool:
        """Whether a round of the work `name` is due, and this gateway's to do. One that dies in it is not waited for.

        Args:
            name: Of the work.
            every_s: Seconds from one round to the next, over all gateways together.
        """
        now = self._clock()
        # A little early is fine, or else two clocks that tick alike would skip every second round.
        is_due = rounds.c.taken_at <= now - dt.timedelta(seconds=0.9 * every_s)
        with self._engine.begin() as connection:
            statement = upsert(connection, rounds, {"name": name, "taken_at": now}, only_if=is_due)
            return connection.execute(statement).first() is not None
