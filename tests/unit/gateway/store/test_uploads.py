"""Uploads: resumable, checked, bounded, and a content-addressed video in the end."""

import asyncio
import datetime as dt
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import database
from gateway.store.database import connect
from gateway.store.records import IDLE, Records, Upload, UploadLimits
from gateway.store.room import Room
from gateway.store.uploads import Uploads, clean_filename
from services.kit.errors import Refusal
from services.kit.media.store import MediaStore, media_key
from tests.servers.home import Home

LIMIT = 5000
CHUNK = 64


@pytest.fixture
def media(home: Home) -> MediaStore:
    return MediaStore.open(home.media_url)


@pytest.fixture
def records(home: Home) -> Iterator[Records]:
    engine = connect(home.database_url)
    yield Records(engine)
    engine.dispose()


@pytest.fixture
def uploads(records: Records, media: MediaStore) -> Uploads:
    return Uploads(records, media, LIMIT, CHUNK)


async def send(uploads: Uploads, upload: Upload, data: bytes) -> Upload:
    for offset in range(upload.committed_size, len(data), CHUNK):
        piece = data[offset : offset + CHUNK]
        upload = await uploads.append(upload.id, offset, piece, google_crc32c.value(piece))
    return upload


async def reason_of(awaitable: object) -> tuple[str, dict[str, str]]:
    with pytest.raises(Refusal) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.reason, caught.value.metadata


async def test_chunks_become_one_video_under_its_hash(uploads: Uploads, media: MediaStore) -> None:
    data = bytes(range(256)) * 2
    done = await send(uploads, await uploads.create("a.mp4", len(data)), data)
    assert done.sha256 == hashlib.sha256(data).hexdigest()
    assert await media.get(media_key(done.sha256)) == data
    assert not await media.exists(f"uploads/{done.id}/{0:012d}")


async def test_a_dropped_upload_goes_on_where_it_stopped(uploads: Uploads, records: Records, media: MediaStore) -> None:
    data = b"x" * 150
    begun = await uploads.create("a.mp4", len(data))
    await uploads.append(begun.id, 0, data[:CHUNK], google_crc32c.value(data[:CHUNK]))
    another_gateway = Uploads(records, media, LIMIT, CHUNK)
    found = await another_gateway.get(begun.id)
    assert found.committed_size == CHUNK
    assert (await send(another_gateway, found, data)).sha256 == hashlib.sha256(data).hexdigest()


async def test_a_wrong_offset_is_told_what_is_committed(uploads: Uploads) -> None:
    begun = await uploads.create("a.mp4", 200)
    await uploads.append(begun.id, 0, b"y" * CHUNK, None)
    assert await reason_of(uploads.append(begun.id, 100, b"z", None)) == ("WRONG_OFFSET", {"committed_size": "64"})


async def test_sending_a_chunk_twice_changes_nothing(uploads: Uploads) -> None:
    begun = await uploads.create("a.mp4", 200)
    for _ in range(2):
        upload = await uploads.append(begun.id, 0, b"y" * CHUNK, None)
        assert upload.committed_size == CHUNK


async def test_a_damaged_chunk_is_refused_and_not_stored(uploads: Uploads) -> None:
    begun = await uploads.create("a.mp4", 200)
    reason, metadata = await reason_of(uploads.append(begun.id, 0, b"abc", google_crc32c.value(b"abd")))
    assert (reason, metadata) == ("CHECKSUM_MISMATCH", {"committed_size": "0"})
    assert (await uploads.get(begun.id)).committed_size == 0


async def test_a_whole_that_is_not_what_was_announced_starts_over(uploads: Uploads) -> None:
    begun = await uploads.create("a.mp4", 3, hashlib.sha256(b"abd").hexdigest())
    assert (await reason_of(uploads.append(begun.id, 0, b"abc", None)))[0] == "CHECKSUM_MISMATCH"
    assert (await uploads.get(begun.id)).committed_size == 0
    assert (await uploads.append(begun.id, 0, b"abd", None)).sha256 is not None


@pytest.mark.parametrize(("size", "reason"), [(0, "EMPTY_FILE"), (LIMIT + 1, "TOO_LARGE"), (2**63, "TOO_LARGE")])
async def test_sizes_are_checked_before_a_byte_is_sent(uploads: Uploads, size: int, reason: str) -> None:
    assert (await reason_of(uploads.create("a.mp4", size)))[0] == reason


async def test_uploads_that_nobody_feeds_keep_nobody_out(records: Records, media: MediaStore) -> None:
    uploads = Uploads(records, media, LIMIT, CHUNK, UploadLimits(count=3, total_bytes=300))

    def leave(*left: Upload) -> None:
        with records._engine.begin() as connection:
            chosen = database.uploads.c.id.in_([one.id for one in left])
            connection.execute(
                sa.update(database.uploads).where(chosen).values(touched_at=dt.datetime.now(dt.UTC) - IDLE)
            )

    empty = [await uploads.create("a.mp4", 10) for _ in range(3)]
    assert (await reason_of(uploads.create("b.mp4", 10)))[0] == "TOO_MANY_UPLOADS"
    leave(*empty)
    large = await uploads.create("b.mp4", 300)
    assert (await reason_of(uploads.create("c.mp4", 1)))[0] == "TOO_MANY_UPLOADS"
    await uploads.append(large.id, 0, b"x" * CHUNK, None)
    leave(large)
    # What it holds still takes room.
    assert (await reason_of(uploads.create("c.mp4", 300 - CHUNK + 1)))[0] == "TOO_MANY_UPLOADS"
    await uploads.create("c.mp4", 300 - CHUNK)
    # Whoever was left behind goes on, and counts again.
    assert (await uploads.append(large.id, CHUNK, b"x", None)).committed_size == CHUNK + 1
    assert (await reason_of(uploads.create("d.mp4", 1)))[0] == "TOO_MANY_UPLOADS"


async def test_one_caller_has_a_share_and_others_the_rest(records: Records, media: MediaStore) -> None:
    limits = UploadLimits(count=4, total_bytes=400, count_each=2, bytes_each=200)
    uploads = Uploads(records, media, LIMIT, CHUNK, limits)
    await uploads.create("a.mp4", 150, sharer="greedy")
    assert (await reason_of(uploads.create("b.mp4", 51, sharer="greedy")))[0] == "TOO_MANY_UPLOADS"
    await uploads.create("b.mp4", 10, sharer="greedy")
    with pytest.raises(Refusal, match="You have too many") as caught:
        await uploads.create("c.mp4", 1, sharer="greedy")
    assert caught.value.retry_after_s
    for _ in range(2):
        await uploads.create("d.mp4", 100, sharer="honest")
    with pytest.raises(Refusal, match="Too many videos"):
        await uploads.create("e.mp4", 1, sharer="third")


async def test_what_nothing_was_made_of_counts_until_something_is(records: Records, media: MediaStore) -> None:
    uploads = Uploads(records, media, LIMIT, CHUNK, UploadLimits(count=2, total_bytes=100))
    done = [await send(uploads, await uploads.create("a.mp4", 40), bytes([n]) * 40) for n in range(2)]
    assert (await reason_of(uploads.create("b.mp4", 1)))[0] == "TOO_MANY_UPLOADS"
    records.create_analysis(done[0], None)
    assert (await reason_of(uploads.create("b.mp4", 61)))[0] == "TOO_MANY_UPLOADS"
    await uploads.create("b.mp4", 60)


async def test_a_full_disk_refuses_before_a_byte_is_stored(records: Records, media: MediaStore, home: Home) -> None:
    left = 1000

    def room(reserve: int) -> Uploads:
        return Uploads(records, media, LIMIT, CHUNK, room=Room([Path("/")], reserve, free=lambda _: left))

    begun = await room(500).create("a.mp4", 250)
    # The chunks, and the whole that is made of them.
    assert (await reason_of(room(500).create("a.mp4", 251)))[0] == "STORAGE_FULL"
    left = 500
    assert (await reason_of(room(500).append(begun.id, 0, b"x", None)))[0] == "STORAGE_FULL"
    assert (await reason_of(room(501).receive(lambda: "a.mp4", pieces(b"x"))))[0] == "STORAGE_FULL"
    assert (await reason_of(room(500).receive(lambda: "a.mp4", pieces(b"x"))))[0] == "STORAGE_FULL"
    assert home.stored() == {}
    left = 1000
    assert (await send(room(500), begun, b"x" * 250)).sha256 is not None


async def test_chunks_have_limits(uploads: Uploads) -> None:
    begun = await uploads.create("a.mp4", 100)
    assert (await reason_of(uploads.append(begun.id, 0, b"", None)))[0] == "EMPTY_CHUNK"
    assert (await reason_of(uploads.append(begun.id, 0, b"x" * (CHUNK + 1), None)))[0] == "CHUNK_TOO_LARGE"
    assert (await reason_of(uploads.append(begun.id, 64, b"x" * CHUNK, None)))[0] == "TOO_LARGE"
    assert (await reason_of(uploads.append("9" * 36, 0, b"x", None)))[0] == "UPLOAD_NOT_FOUND"


async def test_the_same_request_id_gives_the_same_upload(uploads: Uploads) -> None:
    first = await uploads.create("a.mp4", 10, request_id="r")
    again = await uploads.create("a.mp4", 10, request_id="r")
    other = await uploads.create("a.mp4", 10, request_id="s")
    assert first.id == again.id != other.id


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.lists(st.binary(max_size=150), max_size=8))
async def test_a_body_in_any_pieces_arrives_whole(uploads: Uploads, media: MediaStore, body: list[bytes]) -> None:
    whole = b"".join(body)
    if not whole:
        assert (await reason_of(uploads.receive(lambda: "a", pieces(*body))))[0] == "EMPTY_FILE"
        return
    upload = await uploads.receive(lambda: "a.mp4", pieces(*body))
    assert upload.sha256 is not None
    assert await media.get(media_key(upload.sha256)) == whole
    assert (upload.filename, upload.size_bytes) == ("a.mp4", len(whole))


async def test_a_body_over_the_limit_is_refused_while_it_streams_and_leaves_nothing(
    uploads: Uploads, home: Home
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b"x" * 1000

    assert (await reason_of(uploads.receive(lambda: "a", endless())))[0] == "TOO_LARGE"
    assert sent <= LIMIT + 1000
    assert home.stored() == {}


class SlowRecords(Records):
    """Records in which an upload is begun when the test says so."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(engine)
        self.asked, self.go, self.made = threading.Event(), threading.Event(), threading.Event()
        self.upload_id = ""

    def create_upload(self, *args: Any, **kwargs: Any) -> Upload:
        self.asked.set()
        self.go.wait()
        upload = super().create_upload(*args, **kwargs)
        self.upload_id = upload.id
        self.made.set()
        return upload


async def test_who_leaves_while_the_upload_is_begun_leaves_no_row(home: Home, media: MediaStore) -> None:
    engine = connect(home.database_url)
    slow = SlowRecords(engine)
    receiving = asyncio.create_task(Uploads(slow, media, LIMIT, CHUNK).receive(lambda: "a", pieces(b"x")))
    await asyncio.to_thread(slow.asked.wait)
    receiving.cancel()
    asyncio.get_running_loop().call_soon(slow.go.set)
    with pytest.raises(asyncio.CancelledError):
        await receiving
    await asyncio.to_thread(slow.made.wait)
    assert slow.upload(slow.upload_id) is None
    engine.dispose()


class Gate:
    """A place that is closed until the test opens it."""

    def __init__(self) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        self.passed = 0

    async def __call__(self) -> None:
        self.passed += 1
        self.reached.set()
        await self.open.wait()


class GatedMedia(MediaStore):
    """A store in which a whole video gets its name when the test says so."""

    gate: Gate
    error: Exception | None = None

    async def move(self, key: str, to: str) -> None:
        await self.gate()
        if self.error is not None:
            raise self.error
        await super().move(key, to)


@pytest.fixture
def gated(media: MediaStore) -> GatedMedia:
    store = GatedMedia(media.store, media.folder)
    store.gate = Gate()
    return store


async def committed(uploads: Uploads, records: Records, media: MediaStore, data: bytes) -> Upload:
    """An upload of which all has arrived, and no more."""
    begun = await uploads.create("a.mp4", len(data))
    for offset in range(0, len(data), CHUNK):
        await media.put(f"uploads/{begun.id}/{offset:012d}", data[offset : offset + CHUNK])
        records.commit_chunk(begun.id, offset, len(data[offset : offset + CHUNK]))
    return await uploads.get(begun.id)


async def test_a_call_that_ends_early_leaves_the_work_to_the_next(records: Records, gated: GatedMedia) -> None:
    uploads = Uploads(records, gated, LIMIT, CHUNK)
    data = b"x" * 150
    upload = await committed(uploads, records, gated, data)
    for _ in range(3):
        call = asyncio.create_task(uploads.finish(upload))
        await gated.gate.reached.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    waiting = [asyncio.create_task(uploads.finish(upload)) for _ in range(2)]
    gated.gate.open.set()
    assert {done.sha256 for done in await asyncio.gather(*waiting)} == {hashlib.sha256(data).hexdigest()}
    assert gated.gate.passed == 1


async def test_two_gateways_may_make_the_video_at_once(records: Records, media: MediaStore, gated: GatedMedia) -> None:
    data = b"x" * 150
    slow = Uploads(records, gated, LIMIT, CHUNK)
    upload = await committed(slow, records, media, data)
    gets = media.get

    class Overtaken(MediaStore):
        """Another gateway has made the video before this one has read the second chunk."""

        async def get(self, key: str) -> bytes | None:
            if key.endswith(f"{CHUNK:012d}"):
                await Uploads(records, media, LIMIT, CHUNK).finish(upload)
            return await gets(key)

    overtaken = Uploads(records, Overtaken(media.store, media.folder), LIMIT, CHUNK)
    assert (await overtaken.finish(upload)).sha256 == hashlib.sha256(data).hexdigest()
    # Nor does it matter to whoever comes with what it knew before.
    assert (await slow.finish(upload)).sha256 == hashlib.sha256(data).hexdigest()


async def test_an_upload_with_a_chunk_that_is_gone_for_good_starts_over(
    uploads: Uploads, records: Records, media: MediaStore
) -> None:
    data = b"x" * 150
    upload = await committed(uploads, records, media, data)
    await media.delete(f"uploads/{upload.id}/{CHUNK:012d}")
    with structlog.testing.capture_logs() as lines:
        again = await uploads.finish(upload)
    assert (again.committed_size, again.sha256) == (0, None)
    assert [line["upload"] for line in lines] == [upload.id]
    assert (await send(uploads, again, data)).sha256 == hashlib.sha256(data).hexdigest()


async def test_a_chunk_that_came_twice_in_two_sizes_costs_no_more_than_the_upload_so_far(
    uploads: Uploads, records: Records, media: MediaStore
) -> None:
    data = bytes(range(150))
    begun = await uploads.create("a.mp4", len(data))
    # The first call stores its chunk and commits it late; the second has stored less of it meanwhile.
    await media.put(f"uploads/{begun.id}/{0:012d}", data[: CHUNK // 2])
    records.commit_chunk(begun.id, 0, CHUNK)
    again = await send(uploads, await uploads.get(begun.id), data)
    assert (again.committed_size, again.sha256) == (0, None)
    assert (await send(uploads, again, data)).sha256 == hashlib.sha256(data).hexdigest()


async def test_an_upload_that_is_removed_while_it_is_joined_is_refused(
    uploads: Uploads, records: Records, media: MediaStore
) -> None:
    upload = await committed(uploads, records, media, b"x" * 150)
    records.delete_upload(upload.id)
    await media.delete_prefix(f"uploads/{upload.id}")
    assert (await reason_of(uploads.finish(upload)))[0] == "UPLOAD_NOT_FOUND"


async def test_a_body_of_which_a_part_got_lost_is_refused(records: Records, media: MediaStore, home: Home) -> None:
    class Forgetful(MediaStore):
        """Does not keep the first chunk."""

        async def put(self, key: str, data: bytes) -> None:
            if not key.endswith(f"{0:012d}"):
                await super().put(key, data)

    uploads = Uploads(records, Forgetful(media.store, media.folder), LIMIT, CHUNK)
    assert (await reason_of(uploads.receive(lambda: "a", pieces(b"x"))))[0] == "UPLOAD_LOST"
    assert home.stored() == {}


async def test_a_failure_that_nobody_waits_for_is_logged_and_the_next_call_tries_again(
    records: Records, gated: GatedMedia
) -> None:
    uploads = Uploads(records, gated, LIMIT, CHUNK)
    upload = await committed(uploads, records, gated, b"x" * 150)
    gated.error = ValueError("a defect")
    call = asyncio.create_task(uploads.finish(upload))
    await gated.gate.reached.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (left,) = uploads._finishing.values()
    with structlog.testing.capture_logs() as lines:
        gated.gate.open.set()
        await asyncio.wait([left])
    assert [(line["event"], line["upload"]) for line in lines] == [("an upload did not become a video", upload.id)]
    gated.error = None
    assert (await uploads.finish(upload)).sha256 is not None


async def test_a_gateway_that_stops_stops_the_work_too(
    records: Records, gated: GatedMedia, uploads: Uploads, home: Home
) -> None:
    stopping = Uploads(records, gated, LIMIT, CHUNK)
    upload = await committed(stopping, records, gated, b"x" * 150)
    call = asyncio.create_task(stopping.finish(upload))
    await gated.gate.reached.wait()
    await stopping.close()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert home.stored("media") == {}
    assert (await uploads.finish(upload)).sha256 is not None


@given(st.text(max_size=6000))
def test_file_names_are_fit_to_show(name: str) -> None:
    shown = clean_filename(name)
    assert 1 <= len(shown) <= 255
    assert shown.isprintable() or " " in shown or shown.strip()
    assert not any(c in shown for c in "/\\\n\r\t\0\u202e")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\videos\\me.mp4", "me.mp4"),
        ("", "video"),
        ("\u200d", "video"),
        ("🙂 clip.mp4", "🙂 clip.mp4"),
        ("a\u2028b.mp4", "ab.mp4"),
        ("a" * 300 + ".mp4", "a" * 251 + ".mp4"),
        ("." + "a" * 300, "." + "a" * 254),
    ],
)
def test_file_names_lose_their_folders(name: str, shown: str) -> None:
    assert clean_filename(name) == shown
