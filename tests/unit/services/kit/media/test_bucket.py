"""The media store over a bucket."""

import asyncio
import datetime as dt
import hashlib
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest
from notreally.v1 import media_pb2

from services.kit.errors import Refusal
from services.kit.limits import child_environment
from services.kit.media import store as media
from services.kit.media.store import MediaStore, media_key
from services.kit.workers.pool import WorkerProcesses
from services.kit.workers.process import WorkerFailed
from tests.servers.ports import free_ports
from tests.servers.s3 import S3
from tests.unit.services.kit import worker_samples as samples

SHA = "ab" * 32
REF = media_pb2.MediaRef(sha256=SHA)


@pytest.fixture
def store(s3: S3) -> MediaStore:
    return MediaStore.open(s3.bucket() + "/prefix")


async def test_a_video_is_copied_for_programs_that_need_a_name(store: MediaStore) -> None:
    sha256 = hashlib.sha256(b"moving pictures").hexdigest()
    await store.put(media_key(sha256), b"moving pictures")
    async with store.local_path(media_pb2.MediaRef(sha256=sha256)) as path:
        assert path.read_bytes() == b"moving pictures"
    assert not path.exists()


async def test_a_video_that_is_not_what_its_name_says_is_refused(store: MediaStore) -> None:
    await store.put(media_key(SHA), b"other pictures")
    with pytest.raises(Refusal) as caught:
        await _copy(store)
    assert caught.value.reason == "MEDIA_DAMAGED"


async def test_a_worker_reads_ranges_through_its_service(store: MediaStore) -> None:
    await store.put(media_key(SHA), bytes(range(256)) * 4000)
    stored = await store.stored_video(REF)
    assert (stored.video.size, stored.video.path) == (1_024_000, None)
    async with WorkerProcesses("test", 1, samples.no_warm_up) as workers:
        pieces = [piece async for piece in workers.stream_video(stored, samples.read_ranges, [(5, 3), (1_023_990, 99)])]
        assert pieces == [bytes([5, 6, 7]), bytes(range(246, 256))]


async def test_a_video_that_goes_away_under_a_worker_is_refused(store: MediaStore) -> None:
    await store.put(media_key(SHA), bytes(1_024_000))
    stored = await store.stored_video(REF)
    await store.delete(media_key(SHA))
    async with WorkerProcesses("test", 1, samples.no_warm_up) as workers:
        with pytest.raises(Refusal) as caught:
            _ = [piece async for piece in workers.stream_video(stored, samples.read_ranges, [(0, 1)])]
        assert caught.value.reason == "MEDIA_NOT_FOUND"
        # The worker is none the worse for it.
        assert [item async for item in workers.stream(samples.count, 1)] == [b"0"]


async def test_a_worker_that_asks_for_too_much_gets_nothing(store: MediaStore) -> None:
    await store.put(media_key(SHA), b"x")
    stored = await store.stored_video(REF)
    async with WorkerProcesses("test", 1, samples.no_warm_up) as workers:
        with pytest.raises(Refusal) as caught:
            _ = [piece async for piece in workers.stream_video(stored, samples.read_too_much)]
        assert caught.value.reason == "WORKER_CRASHED"
        with pytest.raises(WorkerFailed, match="through the service"):
            _ = [piece async for piece in workers.stream(samples.read_nothing)]


async def test_who_waits_for_a_range_stops_when_nobody_waits_for_it(store: MediaStore) -> None:
    await store.put(media_key(SHA), bytes(50_000_000))
    stored = await store.stored_video(REF)
    async with WorkerProcesses("test", 1, samples.no_warm_up) as workers:
        pids = workers.pids
        items = workers.stream_video(stored, samples.read_on_and_on)
        assert await anext(items)
        await items.aclose()
        assert [item async for item in workers.stream(samples.count, 1)] == [b"0"]
        assert set(pids) <= set(workers.pids), "it had to be killed"


async def test_missing_videos_are_refused_without_naming_the_bucket(store: MediaStore) -> None:
    with pytest.raises(Refusal) as caught:
        await store.stored_video(REF)
    assert caught.value.reason == "MEDIA_NOT_FOUND"
    with pytest.raises(Refusal) as caught:
        async with store.local_path(REF):
            pass
    assert caught.value.reason == "MEDIA_NOT_FOUND"
    assert "/" not in caught.value.message


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_BUCKET_PATIENCE", dt.timedelta(seconds=0.1))
    monkeypatch.setattr(media, "_LONGEST_PAUSE", dt.timedelta(seconds=0.1))


async def _write(store: MediaStore, size: int) -> None:
    async with store.writer("a") as writer:
        await writer.write(bytes(size))


async def _copy(store: MediaStore) -> None:
    async with store.local_path(REF):
        pass


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.stored_video(REF),
        _copy,
        lambda store: store.read("a", 0, 1),
        lambda store: _write(store, 1),
        lambda store: _write(store, 12_000_000),
        lambda store: store.put("a", b"x"),
        lambda store: store.move("a", "b"),
        lambda store: store.get("a"),
        lambda store: store.exists("a"),
        lambda store: store.changed_at("a"),
        lambda store: store.delete("a"),
        lambda store: store.delete_prefix("a"),
        lambda store: anext(store.last_changed_before("a", dt.datetime.now(dt.UTC))),
    ],
)
async def test_a_bucket_that_gives_no_answer_is_asked_again_by_whoever_asked(
    s3: S3, monkeypatch: pytest.MonkeyPatch, ask: Callable[[MediaStore], Awaitable[object]]
) -> None:
    (nowhere,) = free_ports(1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{nowhere}")
    with pytest.raises(Refusal) as caught:
        await ask(MediaStore.open("s3://anything"))
    assert (caught.value.code.name, caught.value.reason) == ("UNAVAILABLE", "MEDIA_UNAVAILABLE")
    assert str(nowhere) not in caught.value.message


async def test_a_bucket_is_asked_for_as_long_as_patience_lasts_and_not_a_few_times(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "_LONGEST_PAUSE", dt.timedelta(seconds=0.1))
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked > 8:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        assert await MediaStore.open("s3://anything").get("a") is None
    assert asked == 9


def test_children_get_no_credentials(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTREALLY_DATABASE_URL", "postgresql://u:secret@h/d")
    assert {name for name in child_environment() if "SECRET" in name or "DATABASE" in name} == set()
    assert "PATH" in child_environment()


def test_a_service_keeps_its_environment_from_its_children_and_they_are_as_any_process() -> None:
    dumpable = "import ctypes; print(ctypes.CDLL(None).prctl(3), flush=True)"
    code = f"""
import subprocess, sys
from services.kit.limits import keep_to_itself
keep_to_itself()
{dumpable}
subprocess.run([sys.executable, "-c", {dumpable!r}], check=True)
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.split() == ["0", "1"]
