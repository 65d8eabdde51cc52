"""Whose rows a call may see: decided here for every table, by the owner that the call was found to be of.

`gateway.identity.guard` says who that is before a call's own code begins. Whatever runs outside calls (workflows, the
janitor, start-up) is the service itself, and sees all rows.
"""

import hashlib
from contextvars import ContextVar

import sqlalchemy as sa

NOBODY = ""
"""Owner of what was made without a login."""

_owner: ContextVar[str | None] = ContextVar("owner", default=None)


def act_for(owner: str | None) -> None:
    """From here on, in this task and what it starts, see and make rows of one owner; None for the service itself."""
    _owner.set(owner)


def current() -> str:
    """Whose the rows are that are made now."""
    return _owner.get() or NOBODY


def mine(table: sa.Table) -> sa.ColumnElement[bool]:
    """The condition that every question about rows by their id, and every list, carries."""
    owner = _owner.get()
    return sa.true() if owner is None else table.c.owned_by == owner


def own(request_id: str | None) -> str | None:
    """A client's request id as it is kept: one that another owner chose too is another one."""
    owner = current()
    if request_id is None or owner == NOBODY:
        return request_id
    return hashlib.sha256(f"{owner}\n{request_id}".encode()).hexdigest()
