"""API keys, sessions of browsers and shares: made, verified, listed, revoked. Each function is one transaction.

A secret is 256 random bits, of which the SHA-256 is kept: where nothing can be guessed, a slow
hash would slow down nobody but us.
"""

import dataclasses
import datetime as dt
import hashlib
import hmac
import re
import secrets
from typing import Any

import sqlalchemy as sa

from gateway.identity.subject import Scope, Subject
from gateway.store.database import api_keys, hasty
from gateway.store.records import aware

_SECRET = re.compile(r"nr_([0-9a-f]{16})_([0-9A-Za-z_-]{43})")
_OWNER = re.compile(r"[0-9A-Za-z][0-9A-Za-z@._:+-]{0,99}")
_NOTED_EVERY = dt.timedelta(hours=1)
_LISTED = 1000

SESSION = dt.timedelta(hours=12)
"""How long a browser stays signed in."""


@dataclasses.dataclass(frozen=True)
class Key:
    """A row of `api_keys`, without the digest of its secret."""

    id: str
    owner: str
    scopes: frozenset[Scope]
    kind: str
    display_name: str
    analysis_id: str | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    used_at: dt.datetime | None


def is_owner_name(text: str) -> bool:
    """Whether an owner may be called so: up to 100 letters, digits and ``@._:+-``."""
    return _OWNER.fullmatch(text) is not None


class Keys:
    """The table.

    Args:
        engine: The database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def create(
        self,
        owner: str,
        scopes: frozenset[Scope],
        display_name: str = "",
        valid: dt.timedelta | None = None,
        *,
        kind: str = "key",
        parent_id: str | None = None,
        analysis_id: str | None = None,
    ) -> tuple[Key, str]:
        """A new key, and its secret, which can be had from here alone."""
        now, key_id, secret = _now(), secrets.token_hex(8), secrets.token_urlsafe(32)
        values = {
            "id": key_id,
            "secret_sha256": _digest(secret),
            "owner": owner,
            "scopes": " ".join(sorted(scopes)),
            "kind": kind,
            "display_name": display_name,
            "parent_id": parent_id,
            "analysis_id": analysis_id,
            "created_at": now,
            "expires_at": None if valid is None else now + valid,
        }
        with self._engine.begin() as connection:
            row = connection.execute(sa.insert(api_keys).values(values).returning(api_keys)).mappings().one()
        return _key(row), f"nr_{key_id}_{secret}"

    def verify(self, secret: str) -> Subject | None:
        """Whose secret this is; None when it is nobody's, or no longer."""
        found = _SECRET.fullmatch(secret)
        key_id, rest = found.groups() if found else ("", "")
        now = _now()
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(api_keys).where(api_keys.c.id == key_id)).mappings().one_or_none()
        # Also where there is no such key, so that its id cannot be told from one that there is.
        right = hmac.compare_digest(_digest(rest), row["secret_sha256"] if row is not None else _digest(""))
        if row is None or not right:
            return None
        key = _key(row)
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            return None
        if key.used_at is None or now - key.used_at > _NOTED_EVERY:
            with hasty(self._engine) as connection:
                connection.execute(sa.update(api_keys).where(api_keys.c.id == key.id).values(used_at=now))
        return Subject(key.owner, key.scopes, key.id, key.analysis_id)

    def list(self, owner: str | None) -> list[Key]:
        """Keys and shares of an owner, of all when None, newest first."""
        query = sa.select(api_keys).where(api_keys.c.kind != "session").order_by(api_keys.c.created_at.desc())
        if owner is not None:
            query = query.where(api_keys.c.owner == owner)
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(query.limit(_LISTED)).mappings()]

    def revoke(self, key_id: str, owner: str | None) -> Key | None:
        """End a key of an owner, of anybody when None, with the sessions begun with it; None when there is none."""
        now = _now()
        this = api_keys.c.id == key_id
        if owner is not None:
            this = this & (api_keys.c.owner == owner)
        ended = sa.func.coalesce(api_keys.c.revoked_at, now)
        with self._engine.begin() as connection:
            update = sa.update(api_keys).where(this).values(revoked_at=ended).returning(api_keys)
            row = connection.execute(update).mappings().one_or_none()
            if row is not None:
                theirs = sa.update(api_keys).where(api_keys.c.parent_id == key_id)
                connection.execute(theirs.values(revoked_at=ended))
        return None if row is None else _key(row)

    def end_session(self, key_id: str) -> None:
        """End the session of a browser; nothing when the id is that of anything else."""
        this = (api_keys.c.id == key_id) & (api_keys.c.kind == "session")
        with self._engine.begin() as connection:
            connection.execute(sa.update(api_keys).where(this).values(revoked_at=_now()))

    def forget_owner(self, owner: str) -> int:
        """Delete all keys of an owner; gives how many there were, sessions not counted."""
        with self._engine.begin() as connection:
            gone = connection.execute(sa.delete(api_keys).where(api_keys.c.owner == owner).returning(api_keys.c.kind))
            return sum(row.kind != "session" for row in gone)


def _key(row: sa.RowMapping) -> Key:
    values: dict[str, Any] = aware(row)
    values["scopes"] = frozenset(Scope(name) for name in values["scopes"].split())
    return Key(**{field.name: values[field.name] for field in dataclasses.fields(Key)})


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
