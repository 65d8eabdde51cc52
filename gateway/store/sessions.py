"""Rows of live sessions, read and written: who works on which, and how far it is. What a session is about is no row.

A session's `owner` is the process that works on it; the one whose it is, is `owned_by`.

Each function is one transaction; call them off the event loop.
"""

import dataclasses
import datetime as dt
import uuid

import sqlalchemy as sa
from notreally.v1 import live_pb2

from gateway.store import owners
from gateway.store.database import live_sessions
from gateway.store.records import FullError, aware

RUNNING = (live_pb2.LIVE_STATE_COLLECTING, live_pb2.LIVE_STATE_JUDGING)
ENDED = (live_pb2.LIVE_STATE_ENDED, live_pb2.LIVE_STATE_FAILED)

# Any number will do that nobody else locks in this database.
_START_LOCK = 7_301_577_443


@dataclasses.dataclass(frozen=True)
class Session:
    """A row of `live_sessions`.

    `owner` is the process that works on it, which was last heard of at `owner_seen_at`; `acknowledged` the last segment
    that is stored or used.
    """

    id: str
    request_id: str | None
    caller: str
    state: "live_pb2.LiveState.ValueType"
    end: "live_pb2.LiveEnd.ValueType"
    acknowledged: int
    created_at: dt.datetime
    touched_at: dt.datetime
    ended_at: dt.datetime | None
    owner: str
    owner_seen_at: dt.datetime
    owned_by: str = ""

    @property
    def running(self) -> bool:
        """Whether it takes segments."""
        return self.state in RUNNING

    @property
    def ended(self) -> bool:
        """Whether its last event is there."""
        return self.state in ENDED


class Sessions:
    """The table, behind functions named for what they do."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def start(self, request_id: str | None, caller: str, most: int) -> Session:
        """A new session, or the one that `request_id` made before.

        Raises:
            FullError: `most` have not ended.
        """
        now = _now()
        values = {
            "id": str(uuid.uuid4()),
            "request_id": owners.own(request_id),
            "caller": caller,
            "state": live_pb2.LIVE_STATE_COLLECTING,
            "end": live_pb2.LIVE_END_UNSPECIFIED,
            "acknowledged": 0,
            "created_at": now,
            "touched_at": now,
            "owner": "",
            "owner_seen_at": now,
            "owned_by": owners.current(),
        }
        unended = sa.select(sa.func.count()).where(live_sessions.c.state.not_in(ENDED))
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_START_LOCK)))
            else:  # SQLite takes the lock of a writer with the first write, which must come before what is read
                connection.execute(sa.delete(live_sessions).where(sa.false()))
            if request_id:
                same = sa.select(live_sessions).where(
                    live_sessions.c.request_id == owners.own(request_id), owners.mine(live_sessions)
                )
                if earlier := connection.execute(same).mappings().one_or_none():
                    return Session(**aware(earlier))
            if connection.execute(unended).scalar_one() >= most:
                raise FullError
            row = connection.execute(sa.insert(live_sessions).values(values).returning(live_sessions)).mappings().one()
        return Session(**aware(row))

    def get(self, session_id: str) -> Session | None:
        """One session."""
        with self._engine.connect() as connection:
            query = sa.select(live_sessions).where(live_sessions.c.id == session_id, owners.mine(live_sessions))
            row = connection.execute(query).mappings().one_or_none()
        return Session(**aware(row)) if row is not None else None

    def all(self) -> list[Session]:
        """Every session there is: they are few, and are gone soon after they have ended."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(live_sessions).order_by(live_sessions.c.created_at)).mappings()
            return [Session(**aware(row)) for row in rows]

    def acknowledge(self, session_id: str, sequence: int) -> bool:
        """Note that the next segment is stored; False when it is not the next one, or none is taken any more."""
        return self._update(
            session_id,
            (live_sessions.c.acknowledged == sequence - 1) & live_sessions.c.state.in_(RUNNING),
            acknowledged=sequence,
            touched_at=_now(),
        )

    def judge(self, session_id: str) -> None:
        """Note that there is enough evidence now."""
        collecting = live_sessions.c.state == live_pb2.LIVE_STATE_COLLECTING
        self._update(session_id, collecting, state=live_pb2.LIVE_STATE_JUDGING)

    def end(self, session_id: str, why: "live_pb2.LiveEnd.ValueType") -> bool:
        """Take no more segments; False when that was so before."""
        running = live_sessions.c.state.in_(RUNNING)
        return self._update(session_id, running, state=live_pb2.LIVE_STATE_ENDING, end=why)

    def close(self, session_id: str, state: "live_pb2.LiveState.ValueType", owner: str) -> bool:
        """Note that nothing more will happen; False when another process works on it, or it had ended."""
        mine = (live_sessions.c.owner == owner) & live_sessions.c.state.not_in(ENDED)
        return self._update(session_id, mine, state=state, ended_at=_now())

    def claim(self, session_id: str, owner: str, gone: dt.timedelta) -> bool:
        """Take a session on, if nobody works on it: no process, or one that was not heard of for so long."""
        free = (live_sessions.c.owner.in_(("", owner))) | (live_sessions.c.owner_seen_at < _now() - gone)
        unended = live_sessions.c.state.not_in(ENDED)
        return self._update(session_id, free & unended, owner=owner, owner_seen_at=_now())

    def hold(self, owner: str) -> None:
        """Say that this process is still there."""
        with self._engine.begin() as connection:
            mine = (live_sessions.c.owner == owner) & live_sessions.c.state.not_in(ENDED)
            connection.execute(sa.update(live_sessions).where(mine).values(owner_seen_at=_now()))

    def release(self, owner: str, prefix: str = "") -> None:
        """Let others take on what a process worked on, and, with a prefix, all whose names begin with it."""
        theirs = live_sessions.c.owner == owner
        if prefix:
            theirs = theirs | live_sessions.c.owner.startswith(prefix, autoescape=True)
        with self._engine.begin() as connection:
            connection.execute(sa.update(live_sessions).where(theirs).values(owner=""))

    def forget(self, session_id: str) -> None:
        """Delete a session."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(live_sessions).where(live_sessions.c.id == session_id))

    def _update(self, session_id: str, condition: sa.ColumnElement[bool], **values: object) -> bool:
        statement = sa.update(live_sessions).where((live_sessions.c.id == session_id) & condition).values(**values)
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount == 1


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
