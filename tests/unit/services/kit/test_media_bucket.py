"""The media store over a bucket."""

import subprocess
import sys

import pytest
from notreally.v1 import media_pb2

from services.kit.errors import Refusal
from services.kit.limits import child_environment
from services.kit.media import MediaStore, media_key
from services.kit.worker_pool import WorkerProcesses
from services.kit.worker_process import WorkerFailed
from tests.servers.ports import free_ports
from tests.servers.s3 import S3
from tests.unit.services.kit import worker_samples as samples

SHA = "ab" * 32
REF = media_pb2.MediaRef(sha256=SHA)


@pytest.fixture
def store(s3: S3) -> MediaStore:
    return MediaStore.open(s3.bucket() + "/prefix")


async def test_a_video_is_copied_for_programs_that_need_a_name(store: MediaStore) -> None:
    await store.put(media_key(SHA), b"moving pictures")
    async with store.local_path(REF) as path:
        assert path.read_bytes() == b"moving pictures"
    assert not path.exists()


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


async def test_a_bucket_that_gives_no_answer_is_asked_again_by_whoever_asked(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere,) = free_ports(1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{nowhere}")
    store = MediaStore.open("s3://anything")
    with pytest.raises(Refusal) as caught:
        await store.stored_video(REF)
    assert (caught.value.code.name, caught.value.reason) == ("UNAVAILABLE", "MEDIA_UNAVAILABLE")


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
