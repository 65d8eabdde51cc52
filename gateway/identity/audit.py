"""The audit log: who did what to which id, when and from where. Appended to and read; only its retention takes away.

It holds no names of files and no contents.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from contextvars import ContextVar

import sqlalchemy as sa

from gateway.identity.subject import Subject
from gateway.store.database import audit
from gateway.store.records import aware

_targets: ContextVar[tuple[str, ...]] = ContextVar("audited", default=())

# What the columns hold.
_SHORT, _LONG = 64, 255

MOST = 1000
"""Events read at once."""


def concerns(*names: str) -> None:
    """Say what the current call is about, where its request does not: resource names such as ``analyses/{id}``."""
    _targets.set(names)


def concerned(request: object) -> tuple[str, ...]:
    """What the current call is about: what was said, or else what its request names."""
    if said := _targets.get():
        return said
    for field in ("name", "upload", "job_id", "batch_id", "owner"):
        if isinstance(value := getattr(request, field, ""), str) and value:
            return (value,)
    return ("",)


@dataclasses.dataclass(frozen=True)
class Event:
    """A row of `audit`."""

    number: int
    at: dt.datetime
    owner: str
    key_id: str
    action: str
    target: str
    address: str
    outcome: str


class Audit:
    """The table. Call it off the event loop.

    Args:
        engine: The database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def note(self, subject: Subject, action: str, targets: Sequence[str], address: str, outcome: str) -> None:
        """Append an event for each target."""
        about = {
            "at": dt.datetime.now(dt.UTC),
            "owner": subject.owner,
            "key_id": subject.key_id,
            "action": action[:_SHORT],
            "address": address[:_SHORT],
            "outcome": outcome[:_SHORT],
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(audit), [{**about, "target": target[:_LONG]} for target in targets])

    def page(self, size: int, before: int = 0, owner: str = "") -> list[Event]:
        """The newest `size` events with a number below `before`, 0 for all, of one owner or of all."""
        query = sa.select(audit).order_by(audit.c.number.desc()).limit(min(size, MOST))
        if before:
            query = query.where(audit.c.number < before)
        if owner:
            query = query.where(audit.c.owner == owner)
        with self._engine.connect() as connection:
            return [Event(**aware(row)) for row in connection.execute(query).mappings()]

    def expire(self, before: dt.datetime) -> int:
        """Delete what is older; gives how much that was."""
        with self._engine.begin() as connection:
            return connection.execute(sa.delete(audit).where(audit.c.at < before)).rowcount
