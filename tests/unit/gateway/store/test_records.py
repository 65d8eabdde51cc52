"""Our tables: what is done once stays done, and lists come in pages."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from google.rpc import status_pb2
from notreally.v1 import analysis_pb2

from gateway.migrate import migrate
from gateway.store import database
from gateway.store.database import VERSION_TABLE, OutdatedError, connect, metadata, newest_version
from gateway.store.records import Analysis, Conclusion, Records, Upload
from tests.servers.home import Home
from tests.servers.postgres import Postgres


@pytest.fixture
def engine(home: Home) -> Iterator[sa.Engine]:
    made = connect(home.database_url)
    yield made
    made.dispose()


@pytest.fixture
def records(engine: sa.Engine) -> Records:
    return Records(engine)


@pytest.fixture
def upload(records: Records) -> Upload:
    made = records.create_upload("a.mp4", 3, "", None)
    records.complete_upload(made.id, "ab" * 32)
    found = records.upload(made.id)
    assert found is not None
    return found


def test_an_upload_that_has_become_a_video_does_not_start_over(records: Records, upload: Upload) -> None:
    records.restart_upload(upload.id)
    assert records.upload(upload.id) == upload
    begun = records.create_upload("a.mp4", 3, "", None)
    records.commit_chunk(begun.id, 0, 3)
    records.restart_upload(begun.id)
    assert records.upload(begun.id).committed_size == 0  # type: ignore[union-attr]
    # Another gateway may have been making the video all the while.
    records.complete_upload(begun.id, "ab" * 32)
    assert records.upload(begun.id).committed_size == 3  # type: ignore[union-attr]


def test_migrations_make_the_tables_the_code_says(engine: sa.Engine) -> None:
    found = sa.MetaData()
    found.reflect(engine)
    for table in metadata.sorted_tables:
        assert {c.name for c in found.tables[table.name].columns} == {c.name for c in table.columns}


def test_opening_twice_migrates_once(engine: sa.Engine, home: Home) -> None:
    connect(home.database_url, migrate=False).dispose()
    connect(home.database_url).dispose()


async def test_several_gateways_may_migrate_at_once(postgres: Postgres) -> None:
    url = postgres.create("several")
    migrating = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.migrate"),
            cwd=Path(__file__).parents[4],
            env={**os.environ, "NOTREALLY_DATABASE_URL": url},
            stdout=asyncio.subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [await process.wait() for process in migrating] == [0, 0]
    connect(url, migrate=False).dispose()
    postgres.drop("several")


def test_a_gateway_that_may_not_migrate_says_what_to_do(home: Home) -> None:
    with pytest.raises(OutdatedError, match=r"python -m gateway\.migrate"):
        connect(home.database_url, migrate=False)
    migrate(home.database_url)
    migrate(home.database_url)
    connect(home.database_url, migrate=False).dispose()


def test_the_newest_version_is_alembics_and_has_the_tables_that_are_used(home: Home) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_current_head() == newest_version()
    engine = connect(home.database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        ours = {*metadata.tables, VERSION_TABLE}
        differences = compare_metadata(context, metadata)
        assert context.get_current_revision() == newest_version()
    engine.dispose()
    assert [found for found in differences if found[0] != "remove_table" or found[1].name in ours] == []


def test_an_ended_analysis_stays_ended(records: Records, upload: Upload) -> None:
    analysis = records.create_analysis(upload, None)
    assert records.set_progress(analysis.id, analysis_pb2.STAGE_ANALYZING_VIDEO, 12.5)
    assert records.cancel(analysis.id)
    assert not records.succeed(analysis.id, Conclusion(analysis_pb2.VERDICT_LIKELY_REAL, 0.1))
    assert not records.fail(analysis.id, status_pb2.Status())
    assert not records.set_progress(analysis.id, analysis_pb2.STAGE_FINALIZING, 99.0)
    found = records.analysis(analysis.id)
    assert found is not None
    assert (found.state, found.percent) == (analysis_pb2.ANALYSIS_STATE_CANCELLED, 12.5)
    assert found.ended_at is not None
    assert found.ended_at >= found.created_at
    assert records.unfinished() == []


def test_a_request_id_makes_one_analysis(records: Records, upload: Upload) -> None:
    first, again = (records.create_analysis(upload, "same") for _ in range(2))
    assert first == again
    assert records.create_analysis(upload, None).id != records.create_analysis(upload, None).id


def test_only_one_of_two_writers_commits_a_chunk(records: Records) -> None:
    upload = records.create_upload("a.mp4", 10, "", None)
    assert records.commit_chunk(upload.id, 0, 4)
    assert not records.commit_chunk(upload.id, 0, 4)
    assert records.commit_chunk(upload.id, 4, 6)


def test_media_are_unused_only_after_the_last_analysis_of_them(records: Records, upload: Upload) -> None:
    first, second = (records.create_analysis(upload, None) for _ in range(2))
    assert not records.delete_analysis(first.id)
    assert records.delete_analysis(second.id)
    assert not records.delete_analysis(second.id)
    assert records.upload(upload.id) is None


def line(records: Records, *made: Analysis) -> list[str]:
    """Who waits, in letters: the first one made is `a`."""
    names = {analysis.id: letter for analysis, letter in zip(made, "abcdefgh", strict=False)}
    return [names[analysis_id] for analysis_id in records.waiting()]


def test_who_sends_one_need_not_wait_for_all_of_who_sends_many(records: Records, upload: Upload) -> None:
    batch = [records.create_analysis(upload, None, caller="many") for _ in range(4)]
    single = records.create_analysis(upload, None, caller="one")
    assert line(records, *batch, single) == ["a", "e", "b", "c", "d"]


def test_turns_go_on_from_the_one_that_is_on(records: Records, upload: Upload) -> None:
    batch = [records.create_analysis(upload, None, caller="many") for _ in range(4)]
    for begun in batch[:2]:
        records.set_progress(begun.id, analysis_pb2.STAGE_READING_METADATA, 1.0)
    # Not before those who have waited for their turn already.
    others = [records.create_analysis(upload, None, caller=name) for name in ("one", "two")]
    assert line(records, *batch, *others) == ["c", "e", "f", "d"]
    assert [other.turn for other in others] == [2, 2]


def test_who_asked_is_forgotten_once_it_has_ended(records: Records, upload: Upload) -> None:
    analysis = records.create_analysis(upload, None, caller="somebody")
    records.cancel(analysis.id)
    found = records.analysis(analysis.id)
    assert found is not None
    assert (analysis.caller, found.caller) == ("somebody", "")
