"""Our own tables: uploads and analyses. Versioned by Alembic in `gateway/migrations`.

The work itself (which step of which analysis is done) is DBOS's; these tables say what people see.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

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
    sa.Column("state", sa.Integer, nullable=False, index=True),
    sa.Column("stage", sa.Integer, nullable=False),
    sa.Column("percent", sa.Float, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, index=True),
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
)


def connect(url: str) -> sa.Engine:
    """Open the database at an SQLAlchemy URL and bring our tables up to date.

    Raises:
        sqlalchemy.exc.OperationalError: When it cannot be reached.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, pool_pre_ping=True)
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
    _migrate(engine)
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
    cursor.close()


def _migrate(engine: sa.Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
