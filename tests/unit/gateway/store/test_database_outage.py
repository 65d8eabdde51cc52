"""A database that gives no answer refuses; a statement that is wrong is a defect."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import grpc
import psycopg
import pytest
import sqlalchemy as sa

from gateway.metrics import Tables
from gateway.store import database
from gateway.store.database import connect, hasty
from gateway.store.records import Records
from services.kit.errors import Refusal
from tests.servers.home import Home, laptop
from tests.servers.postgres import Postgres


@pytest.fixture
def engine(home: Home) -> Iterator[sa.Engine]:
    made = connect(home.database_url)
    yield made
    made.dispose()


def refused(error: Refusal) -> bool:
    return (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")


def test_a_server_that_is_away_refuses_and_is_found_again(postgres: Postgres) -> None:
    url = postgres.create("away")
    engine = connect(url)
    records = Records(engine)
    upload = records.create_upload("a.mp4", 3, "", None)
    with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as admin:
        try:
            with engine.connect() as cut:
                admin.execute("ALTER DATABASE away ALLOW_CONNECTIONS false")
                admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'away'")
                with pytest.raises(Refusal) as caught:
                    cut.execute(sa.text("SELECT 1"))
            assert refused(caught.value), "in the middle of its work"
            with pytest.raises(Refusal) as caught:
                records.upload(upload.id)
            assert refused(caught.value), "before its work"
            assert "away" not in caught.value.message
            assert list(Tables(engine).collect()) == []
            admin.execute("ALTER DATABASE away ALLOW_CONNECTIONS true")
            assert records.upload(upload.id) == upload
        finally:
            engine.dispose()
            postgres.drop("away")


def test_connections_that_were_cut_while_idle_are_made_anew(postgres: Postgres) -> None:
    engine = connect(postgres.create("idle"))
    try:
        with ExitStack() as held:
            for _ in range(3):
                held.enter_context(engine.connect())
        with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'idle'")
        with ExitStack() as held:
            for _ in range(3):
                assert held.enter_context(engine.connect()).scalar(sa.text("SELECT 1")) == 1
    finally:
        engine.dispose()
        postgres.drop("idle")


def test_a_file_that_stays_locked_refuses_and_is_found_again(tmp_path: Path) -> None:
    engine = connect(laptop(tmp_path).database_url)
    # Added after ours, so that it has the last word.
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=0"))
    engine.dispose()
    records = Records(engine)
    with closing(sqlite3.connect(tmp_path / "notreally.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refusal) as caught:
            records.create_upload("a.mp4", 3, "", None)
        assert refused(caught.value)
        with pytest.raises(Refusal), hasty(engine) as connection:
            connection.execute(sa.delete(database.uploads))
        other.rollback()
    assert records.create_upload("a.mp4", 3, "", None).size_bytes == 3
    engine.dispose()


@pytest.mark.parametrize("wrong", ["SELECT nothing FROM uploads", "SELECT 1 FROM nowhere", "SELEKT 1"])
def test_a_wrong_statement_is_a_defect(engine: sa.Engine, wrong: str) -> None:
    with pytest.raises(sa.exc.DBAPIError), engine.connect() as connection:
        connection.execute(sa.text(wrong))


def test_a_database_for_which_all_connections_wait_refuses() -> None:
    engine = sa.create_engine("sqlite://", poolclass=database._Pool, pool_size=1, max_overflow=0, pool_timeout=0)
    with engine.connect(), pytest.raises(Refusal) as caught:
        engine.connect()
    assert refused(caught.value)
    engine.dispose()


def test_at_the_start_it_is_said_as_it_is() -> None:
    with pytest.raises(sa.exc.OperationalError):
        connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
