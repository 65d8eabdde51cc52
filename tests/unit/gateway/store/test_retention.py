"""What has expired goes, what is in use stays, and what a dead process left behind is found."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from notreally.v1 import analysis_pb2

from gateway.store import database
from gateway.store.blobs import Blobs
from gateway.store.database import connect
from gateway.store.leftovers import Leftovers
from gateway.store.records import IDLE, Analysis, Conclusion, Records, Upload, UploadLimits
from gateway.store.retention import Janitor, Removed, Terms
from gateway.store.uploads import Uploads
from services.kit.errors import Refusal
from services.kit.media.store import MediaStore, media_key
from tests.servers.home import Home

DAY = dt.timedelta(days=1)
TERMS = Terms(uploads=DAY)
NOT_YET = dt.timedelta(0)


class House:
    """A store, its tables, and a janitor whose clock is ours."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.engine = connect(home.database_url)
        self.records = Records(self.engine)
        self.media = MediaStore.open(home.media_url)
        self.uploads = Uploads(self.records, self.media, 1000, 16)
        self.forgotten: list[str] = []

    def janitor(self, terms: Terms, later: dt.timedelta, batch: int = 2) -> Janitor:
        async def forget(analysis_id: str) -> None:
            self.forgotten.append(analysis_id)

        return Janitor(
            self.records,
            Leftovers(self.engine, batch),
            self.media,
            Blobs(self.media),
            forget,
            terms,
            clock=lambda: dt.datetime.now(dt.UTC) + later,
        )

    async def tidy(self, terms: Terms, later: dt.timedelta) -> Removed:
        return await self.janitor(terms, later).tidy()

    async def upload(self, data: bytes) -> Upload:
        begun = await self.uploads.create("a.mp4", len(data))
        for offset in range(0, len(data), 16):
            begun = await self.uploads.append(begun.id, offset, data[offset : offset + 16], None)
        return begun

    async def analysed(self, data: bytes) -> Analysis:
        analysis = self.records.create_analysis(await self.upload(data), None)
        await self.media.put(f"analyses/{analysis.id}/result", b"result")
        self.records.succeed(analysis.id, Conclusion(analysis_pb2.VERDICT_LIKELY_REAL, 0.1))
        return analysis

    def age(self, analysis: Analysis, by: dt.timedelta) -> None:
        """Let an analysis have ended earlier."""
        assert analysis.created_at
        with self.engine.begin() as connection:
            table = database.analyses
            connection.execute(
                sa.update(table).where(table.c.id == analysis.id).values(ended_at=dt.datetime.now(dt.UTC) - by)
            )

    def leave_unfinished(self) -> list[Path]:
        """What obstore leaves of a blob that is not whole yet; a bucket shows nothing of it."""
        url = urlsplit(self.home.media_url)
        if url.scheme != "file":
            return []
        path = Path(url.path) / "incoming" / "z#1"
        path.write_bytes(b"cut short")
        return [path]

    @property
    def files(self) -> set[str]:
        return set(self.home.stored())


@pytest.fixture
def house(home: Home) -> Iterator[House]:
    made = House(home)
    yield made
    made.engine.dispose()


async def test_an_abandoned_upload_is_removed_with_its_chunks(house: House) -> None:
    begun = [await house.uploads.create("a.mp4", 40) for _ in range(5)]
    for upload in begun:
        await house.uploads.append(upload.id, 0, b"x" * 16, None)
    assert await house.tidy(TERMS, DAY - dt.timedelta(minutes=1)) == Removed()
    assert (await house.tidy(TERMS, DAY * 1.01)).uploads == 5
    assert house.files == set()
    with pytest.raises(Refusal) as caught:
        await house.uploads.append(begun[0].id, 16, b"x", None)
    assert caught.value.reason == "UPLOAD_NOT_FOUND"
    assert "again" in caught.value.message


async def test_idle_uploads_make_room_for_others_and_those_in_use_do_not(house: House) -> None:
    soon = IDLE + dt.timedelta(minutes=1)
    limits = UploadLimits(count=2, total_bytes=1000, count_each=2)
    late = house.janitor(TERMS, soon)
    house.uploads = Uploads(house.records, house.media, 1000, 16, limits, make_room=late.make_room)
    analysed = await house.analysed(b"in use")
    unused = await house.upload(b"not in use")
    begun = await house.uploads.create("b.mp4", 40)
    with house.engine.begin() as connection:
        table = database.uploads
        connection.execute(sa.update(table).values(touched_at=dt.datetime.now(dt.UTC)))
    house.uploads = Uploads(
        house.records, house.media, 1000, 16, limits, make_room=house.janitor(TERMS, NOT_YET).make_room
    )
    with pytest.raises(Refusal):
        await house.uploads.create("c.mp4", 40)
    house.uploads = Uploads(house.records, house.media, 1000, 16, limits, make_room=late.make_room)
    await house.uploads.create("c.mp4", 40)
    assert house.records.upload(begun.id) is house.records.upload(unused.id) is None
    assert house.files == {media_key(analysed.sha256), f"analyses/{analysed.id}/result"}
    assert analysed.upload_id is not None
    assert house.records.upload(analysed.upload_id) is not None


async def test_who_has_used_up_its_share_pushes_nobody_out(house: House) -> None:
    late = house.janitor(TERMS, IDLE * 2)
    limits = UploadLimits(count=9, total_bytes=1000, count_each=1)
    uploads = Uploads(house.records, house.media, 1000, 16, limits, make_room=late.make_room)
    honest = await uploads.create("a.mp4", 40, sharer="honest")
    first = await uploads.create("b.mp4", 40, sharer="greedy")
    await uploads.create("c.mp4", 40, sharer="greedy")
    assert house.records.upload(first.id) is None
    assert house.records.upload(honest.id) is not None


async def test_every_chunk_gives_an_upload_more_time(house: House) -> None:
    begun = await house.uploads.create("a.mp4", 40)
    before = begun.touched_at
    assert (await house.uploads.append(begun.id, 0, b"x" * 16, None)).touched_at > before


async def test_a_complete_upload_that_nobody_analyses_goes_with_its_video(house: House) -> None:
    unused, used = await house.upload(b"unused"), await house.analysed(b"used")
    assert unused.sha256
    removed = await house.tidy(TERMS, DAY * 2)
    assert (removed.uploads, removed.videos + removed.orphans) == (2, 1)
    assert house.files == {media_key(used.sha256), f"analyses/{used.id}/result"}


class Racing(MediaStore):
    """A store in which an older analysis is deleted each time a video has just got its name."""

    house: House
    older: list[Analysis]

    async def move(self, key: str, to: str) -> None:
        await super().move(key, to)
        if self.older:
            analysis = self.older.pop()
            assert await self.house.janitor(TERMS, DAY).remove(analysis.id, analysis.sha256)


async def test_a_video_sent_again_outlives_the_deletion_of_its_only_analysis(house: House) -> None:
    data = b"sent twice, in two chunks"
    racing = Racing(house.media.store, house.media.folder)
    racing.house, racing.older = house, [await house.analysed(data)]
    house.uploads = Uploads(house.records, racing, 1000, 16)
    again = await house.upload(data)
    assert again.sha256
    assert house.files == {media_key(again.sha256)}
    assert await house.media.get(media_key(again.sha256)) == data


class Vanishing(MediaStore):
    """A store that keeps no video."""

    async def move(self, key: str, to: str) -> None:
        await self.delete(key)


async def test_an_upload_whose_video_vanishes_again_and_again_starts_over(house: House) -> None:
    store = house.uploads
    house.uploads = Uploads(house.records, Vanishing(house.media.store, house.media.folder), 1000, 16)
    begun = await house.upload(b"video")
    assert (begun.sha256, begun.committed_size) == (None, 0)
    again = await store.append(begun.id, 0, b"video", None)
    assert again.sha256
    assert house.files == {media_key(again.sha256)}


async def test_a_video_is_deleted_only_if_no_upload_of_it_has_ended_meanwhile(house: House) -> None:
    old = await house.analysed(b"video")
    janitor = house.janitor(TERMS, dt.timedelta())
    delete_analysis = house.records.delete_analysis

    def slow(analysis_id: str) -> bool:
        unused = delete_analysis(analysis_id)
        again = house.records.create_upload("a.mp4", 5, "", None)
        house.records.complete_upload(again.id, old.sha256)
        return unused

    house.records.delete_analysis = slow  # type: ignore[method-assign]
    assert not await janitor.remove(old.id, old.sha256)
    assert house.files == {media_key(old.sha256)}


async def test_by_default_an_analysis_is_kept_for_ever(house: House) -> None:
    analysis = await house.analysed(b"video")
    await house.tidy(TERMS, 10_000 * DAY)
    assert house.files == {media_key(analysis.sha256), f"analyses/{analysis.id}/result"}


async def test_old_analyses_go_with_all_that_is_theirs(house: House) -> None:
    old = [await house.analysed(b"video %d" % number) for number in range(5)]
    new = await house.analysed(b"new")
    for analysis in old:
        house.age(analysis, 8 * DAY)
    removed = await house.tidy(dataclasses.replace(TERMS, analyses=7 * DAY), dt.timedelta())
    assert (removed.analyses, removed.videos) == (5, 5)
    assert sorted(house.forgotten) == sorted(a.id for a in old)
    assert house.files == {media_key(new.sha256), f"analyses/{new.id}/result"}
    assert [house.records.analysis(a.id) for a in old] == [None] * 5


async def test_an_analysis_under_way_is_never_removed(house: House) -> None:
    analysis = house.records.create_analysis(await house.upload(b"video"), None)
    terms = Terms(uploads=DAY, analyses=DAY, media=DAY)
    await house.tidy(terms, 100 * DAY)
    assert house.records.analysis(analysis.id) is not None
    assert house.files == {media_key(analysis.sha256)}


async def test_a_video_stays_while_a_younger_analysis_or_an_upload_of_it_does(house: House) -> None:
    old, young = await house.analysed(b"video"), await house.analysed(b"video")
    house.age(old, 8 * DAY)
    terms = dataclasses.replace(TERMS, analyses=7 * DAY)
    assert (await house.tidy(terms, dt.timedelta())).videos == 0
    house.age(young, 8 * DAY)
    again = await house.upload(b"video")
    assert (await house.tidy(terms, dt.timedelta())).videos == 0
    assert media_key(old.sha256) in house.files
    assert house.records.upload(again.id) == again


async def test_videos_can_go_before_their_results(house: House) -> None:
    analyses = [await house.analysed(b"video %d" % number) for number in range(3)]
    for analysis in analyses:
        house.age(analysis, 2 * DAY)
    terms = dataclasses.replace(TERMS, media=DAY)
    assert (await house.tidy(terms, dt.timedelta())).videos == 3
    assert house.files == {f"analyses/{a.id}/result" for a in analyses}
    found = house.records.analysis(analyses[0].id)
    assert found is not None
    assert found.media_removed_at is not None
    assert await house.tidy(terms, dt.timedelta()) == Removed()


async def test_a_video_that_comes_again_has_its_time_again(house: House) -> None:
    old = await house.analysed(b"video")
    house.age(old, 2 * DAY)
    terms = dataclasses.replace(TERMS, media=DAY)
    await house.tidy(terms, dt.timedelta())
    again = await house.analysed(b"video")
    assert await house.tidy(terms, dt.timedelta(hours=2)) == Removed()
    assert media_key(again.sha256) in house.files
    # The last analysis of it is deleted: nobody needs it, whatever an older one once had.
    assert await house.janitor(terms, dt.timedelta()).remove(again.id, again.sha256)
    assert house.files == {f"analyses/{old.id}/result"}


async def test_what_nobody_knows_of_is_removed_once_it_is_old(house: House) -> None:
    kept = await house.analysed(b"kept")
    nobody = "00000000-0000-4000-8000-000000000000"
    for key in (media_key("ab" * 32), f"uploads/{nobody}/000000000000", f"analyses/{nobody}/result", "incoming/x-y"):
        await house.media.put(key, b"left behind")
    unfinished = house.leave_unfinished()
    known = {media_key(kept.sha256), f"analyses/{kept.id}/result"}
    assert await house.tidy(TERMS, dt.timedelta(minutes=50)) == Removed()
    assert len(house.files) == 6
    assert (await house.tidy(TERMS, dt.timedelta(hours=1, minutes=1))).orphans == 4 + len(unfinished)
    assert house.files == known
    assert not any(path.exists() for path in unfinished)


async def test_two_gateways_may_tidy_up_at_once(house: House) -> None:
    old = [await house.analysed(b"video %d" % number) for number in range(4)]
    for analysis in old:
        house.age(analysis, 8 * DAY)
    terms = dataclasses.replace(TERMS, analyses=7 * DAY)
    one, other = house.janitor(terms, DAY * 3), house.janitor(terms, DAY * 3)
    rows = await _one_after_the_other(one, other)
    assert sum(removed.videos + removed.orphans for removed in rows) >= 4
    assert house.files == set()


async def _one_after_the_other(one: Janitor, other: Janitor) -> list[Removed]:
    return list(await asyncio.gather(one.tidy(), other.tidy()))


def test_tables_from_before_keep_their_rows_and_their_rules(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'notreally.db'}"
    engine = sa.create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).with_name("migrations")))
    created = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            sa.text(
                "INSERT INTO uploads"
                " (id, request_id, filename, size_bytes, committed_size, announced_sha256, created_at)"
                " VALUES ('1', 'r', 'a', 1, 0, '', '2026-01-02 00:00:00.000000')"
            )
        )
    engine.dispose()
    upgraded = connect(url)
    found = Records(upgraded).upload("1")
    assert found is not None
    assert (found.created_at, found.touched_at) == (created, created)
    assert Records(upgraded).create_upload("b", 1, "", "r").id == "1"  # a request id is still taken once
    with upgraded.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        assert "touched_at" not in {c["name"] for c in sa.inspect(connection).get_columns("uploads")}
        command.upgrade(config, "head")
    upgraded.dispose()
