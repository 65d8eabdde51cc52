"""Our own tables: uploads and analyses. Versioned by Alembic in `gateway/store/migrations`.

The work itself (which step of which analysis is done) is DBOS's; these tables say what people see.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import sqlalchemy as sa
import structlog

from services.kit.errors import Refusal

log = structlog.get_logger()

DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
"""Reason of the refusal when the database gives no answer."""

metadata = sa.MetaData()

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("request_id", sa.String(64), unique=True),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("committed_size", sa.BigInteger, nullable=False),
    sa.Column("announced_sha256", sa.String(64), nullable=False),
    # Set once all bytes are stored as media.
    sa.Column("sha256", sa.String(64), index=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    # When its last chunk came.
    sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False, index=True),
    # Whose share it takes, as a digest; see `gateway.api.callers`.
    sa.Column("sharer", sa.String(64), nullable=False, server_default=""),
    # Whose it is; see `gateway.store.owners`.
    sa.Column("owned_by", sa.String(255), nullable=False, server_default=""),
)

analyses = sa.Table(
    "analyses",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("request_id", sa.String(64), unique=True),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    # Values of notreally.v1.AnalysisState and Stage.
    sa.Column("state", sa.Integer, nullable=False),
    sa.Column("stage", sa.Integer, nullable=False),
    sa.Column("percent", sa.Float, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ended_at", sa.DateTime(timezone=True), index=True),
    # google.rpc.Status, when it failed.
    sa.Column("error", sa.LargeBinary),
    # The verdict in short, for lists; the whole result is a blob in the media store.
    sa.Column("verdict", sa.Integer),
    sa.Column("prob_fake", sa.Float),
    # The upload it was made of, which may be gone.
    sa.Column("upload_id", sa.String(36), index=True),
    # Since when the video is no longer kept.
    sa.Column("media_removed_at", sa.DateTime(timezone=True)),
    # Who asked for it, as a digest; which of its caller's turns it has in the line: see `gateway.store.records`.
    sa.Column("caller", sa.String(64), nullable=False, server_default=""),
    sa.Column("turn", sa.Integer, nullable=False, server_default="0"),
    # The batch it belongs to, and the how-manieth of it to end.
    sa.Column("batch_id", sa.String(36)),
    sa.Column("batch_sequence", sa.Integer),
    # Of the result, for lists: what the verdict is about, whose it is, and what they are sorted by. None of the last is
    # null, so that a page can begin after any row.
    sa.Column("headline", sa.Integer),
    sa.Column("model_version", sa.String(255)),
    sa.Column("name_key", sa.Text, nullable=False, server_default=""),
    sa.Column("chance", sa.Float, nullable=False, server_default="-1"),
    sa.Column("verdict_rank", sa.Integer, nullable=False, server_default="0"),
    sa.Column("length_s", sa.Float, nullable=False, server_default="0"),
    sa.Column("people", sa.Integer, nullable=False, server_default="0"),
    # What people have added.
    sa.Column("reviewed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    # Whose it is; see `gateway.store.owners`.
    sa.Column("owned_by", sa.String(255), nullable=False, server_default=""),
    # One for each order and each filter of `gateway.store.history`, with the order that follows it.
    sa.Index("ix_analyses_newest", "created_at", "id"),
    sa.Index("ix_analyses_by_name", "name_key", "id"),
    sa.Index("ix_analyses_by_chance", "chance", "id"),
    sa.Index("ix_analyses_by_verdict_rank", "verdict_rank", "id"),
    sa.Index("ix_analyses_by_length", "length_s", "id"),
    sa.Index("ix_analyses_by_people", "people", "id"),
    sa.Index("ix_analyses_of_state", "state", "created_at", "id"),
    sa.Index("ix_analyses_of_verdict", "verdict", "created_at", "id"),
    sa.Index("ix_analyses_of_batch", "batch_id", "created_at", "id"),
    sa.Index("ix_analyses_ends_of_batch", "batch_id", "batch_sequence"),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("request_id", sa.String(64), unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    # Files that were announced, 0 for unknown.
    sa.Column("expected", sa.Integer, nullable=False),
    # Analyses of it that have ended so far, deleted ones too: what its events are numbered by.
    sa.Column("ends", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    # Whose it is; see `gateway.store.owners`.
    sa.Column("owned_by", sa.String(255), nullable=False, server_default=""),
    sa.Index("ix_batches_newest", "created_at", "id"),
)

# Signs of life; see `gateway.analysis.presence`.
gateways = sa.Table(
    "gateways",
    metadata,
    sa.Column("executor_id", sa.String(255), primary_key=True),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, index=True),
)

# When work that one gateway does for all was last taken; see `gateway.store.rounds`.
rounds = sa.Table(
    "rounds",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
)

# Live sessions, until a little after their end; see `gateway.store.sessions`. What they are about is no row.
live_sessions = sa.Table(
    "live_sessions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("request_id", sa.String(64), unique=True),
    sa.Column("caller", sa.String(64), nullable=False, server_default=""),
    # Values of notreally.v1.LiveState and LiveEnd.
    sa.Column("state", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    # The last segment that is stored or used.
    sa.Column("acknowledged", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    # When the last segment came.
    sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    # The process that works on it, and when it last said so.
    sa.Column("owner", sa.String(300), nullable=False, server_default=""),
    sa.Column("owner_seen_at", sa.DateTime(timezone=True), nullable=False),
    # Whose it is; see `gateway.store.owners`.
    sa.Column("owned_by", sa.String(255), nullable=False, server_default=""),
)

# API keys, sessions of browsers and shares; see `gateway.identity.keys`. Of a secret its digest alone is kept.
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("secret_sha256", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(255), nullable=False, index=True),
    # Names separated by spaces.
    sa.Column("scopes", sa.String(64), nullable=False),
    # key, session or share.
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    # The key that a session was begun with.
    sa.Column("parent_id", sa.String(16), index=True),
    # The one analysis that a share opens.
    sa.Column("analysis_id", sa.String(36), index=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.Column("used_at", sa.DateTime(timezone=True)),
)

# Analyses begun by each owner on each day, ISO 8601, deleted ones too; see `gateway.identity.quotas`.
usage = sa.Table(
    "usage",
    metadata,
    sa.Column("owner", sa.String(255), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("videos", sa.Integer, nullable=False),
)

# Who did what; a trigger refuses changes. See `gateway.identity.audit`.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("owner", sa.String(255), nullable=False, index=True),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("target", sa.String(255), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(64), nullable=False),
    sqlite_autoincrement=True,
)

VERSION_TABLE = "notreally_version"
_MIGRATIONS = Path(__file__).with_name("migrations")
# Any number will do that nobody else locks in this database.
_MIGRATION_LOCK = 7_301_577_441


class OutdatedError(Exception):
    """The tables are not those of this version; the message says what to do."""


def connect(url: str, *, migrate: bool = True, pool_size: int = 5) -> sa.Engine:
    """Open the database at an SQLAlchemy URL and bring our tables up to date, or make sure that they are.

    From then on its engine raises `Refusal`, UNAVAILABLE, DATABASE_UNAVAILABLE, when the database gives no answer.

    Args:
        url: ``sqlite:///file`` or ``postgresql://user:password@host/database``.
        migrate: Whether to change tables of an older version.
        pool_size: Connections kept to a database server; as many again may be opened for a moment.

    Raises:
        sqlalchemy.exc.OperationalError: When it cannot be reached.
        OutdatedError: They are older and `migrate` is off.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, poolclass=_Pool, pool_pre_ping=True)
        sa.event.listen(engine, "connect", _tune_sqlite)
    else:
        engine = sa.create_engine(
            parsed, poolclass=_Pool, pool_pre_ping=True, pool_size=pool_size, max_overflow=pool_size
        )
    try:
        _migrate(engine) if migrate else _verify(engine)
    except BaseException:
        engine.dispose()
        raise
    sa.event.listen(engine, "handle_error", _refuse_without_answer)
    return engine


def step_log(url: str) -> sa.Engine | None:
    """The engine for DBOS's own tables in the same file, or None where the one it makes for itself will do.

    It would wait for the disk after each of the twenty or so small writes of an analysis, two milliseconds each. What a
    power cut takes away with it are the last moment's steps, which are done again; a killed process loses nothing.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    engine = sa.create_engine(parsed)
    sa.event.listen(engine, "connect", _tune_sqlite)
    sa.event.listen(engine, "connect", _as_dbos_does)
    return engine


@contextmanager
def hasty(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that does not wait for the disk: a power cut may take it away again, a killed process does not."""
    with engine.connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL" if is_sqlite else "SET LOCAL synchronous_commit = off")
        try:
            yield connection
            connection.commit()
        finally:
            if is_sqlite:  # there it belongs to the connection, which others will use
                connection.rollback()
                connection.exec_driver_sql("PRAGMA synchronous=FULL")


class _Pool(sa.QueuePool):
    """One in which all connections wait for a database that has fallen silent is a part of the same outage."""

    def connect(self) -> sa.PoolProxiedConnection:
        try:
            return super().connect()
        except sa.exc.TimeoutError as error:
            raise _no_answer(error) from None


def _refuse_without_answer(context: sa.ExceptionContext) -> None:
    if context.is_pre_ping and context.is_disconnect:
        return  # it was left idle for too long: the pool connects again, and that says whether there is an answer
    error = context.original_exception
    if context.is_disconnect or (
        isinstance(context.sqlalchemy_exception, sa.exc.OperationalError) and not _is_mistake(error)
    ):
        raise _no_answer(error)


def _is_mistake(error: BaseException) -> bool:
    """Whether it is not an outage: SQLite also raises operational errors for faulty statements or tables."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return isinstance(error, sqlite3.Error) and code & 0xFF == sqlite3.SQLITE_ERROR


def _no_answer(error: BaseException) -> Refusal:
    # Its message names hosts and files.
    log.warning("the database gave no answer", error=str(error))
    text = "The database does not answer right now. Try again in a moment."
    return Refusal(grpc.StatusCode.UNAVAILABLE, DATABASE_UNAVAILABLE, text)


def _as_dbos_does(connection: "sa.engine.interfaces.DBAPIConnection", _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"  # writers take turns instead of failing half way
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _tune_sqlite(connection: "sa.engine.interfaces.DBAPIConnection", _record: object) -> None:
    # Readers and the writer do not wait for each other in WAL; DBOS writes to the same file.
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # What was accepted is on the disk before its caller hears so.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    # Long sorts would go to files outside the data folder.
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def newest_version() -> str:
    """The version of our tables that this gateway works with: that of the last migration, as its file's name begins."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _version(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE)))


def _migrate(engine: sa.Engine) -> None:
    if _version(engine) == newest_version():
        return
    # Only now: a fifth of a second of processor time, for something that most starts need not.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Gateways that start at the same moment take turns; SQLite's one writer is lock enough.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _verify(engine: sa.Engine) -> None:
    found, wanted = _version(engine), newest_version()
    if found != wanted:
        raise OutdatedError(
            f"The database is at version {found or 'none'} and this gateway needs {wanted}: run "
            "`python -m gateway.migrate` first, or let gateways migrate with NOTREALLY_MIGRATE=true."
        )
