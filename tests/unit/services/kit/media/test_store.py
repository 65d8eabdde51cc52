"""The media store over a folder."""

import asyncio
from pathlib import Path

import pytest
from notreally.v1 import media_pb2

from services.kit.errors import Refusal
from services.kit.media.store import MediaStore, media_key

SHA = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore.open((tmp_path / "media").as_uri())


async def test_a_stored_video_is_a_readable_file(store: MediaStore) -> None:
    await store.put(media_key(SHA), b"moving pictures")
    async with store.local_path(media_pb2.MediaRef(sha256=SHA)) as path:
        assert path.read_bytes() == b"moving pictures"


async def test_a_missing_video_is_refused_without_naming_a_path(store: MediaStore) -> None:
    with pytest.raises(Refusal) as caught:
        async with store.local_path(media_pb2.MediaRef(sha256=SHA)):
            pass
    assert caught.value.reason == "MEDIA_NOT_FOUND"
    assert "/" not in caught.value.message


@pytest.mark.parametrize("sha256", ["", "..", "AB" * 32, "ab" * 31, "../../../etc/passwd", "ab" * 32 + "\n"])
def test_only_a_hash_is_a_key(sha256: str) -> None:
    with pytest.raises(Refusal) as caught:
        media_key(sha256)
    assert caught.value.reason == "BAD_MEDIA_REF"


async def test_blobs_come_back_and_go_with_their_folder(store: MediaStore) -> None:
    await store.put("analyses/1/face/00000", b"a")
    await store.put("analyses/1/result", b"b")
    await store.put("analyses/10/result", b"c")
    assert await store.get("analyses/1/face/00000") == b"a"
    assert await store.exists("analyses/1/result")
    await store.delete_prefix("analyses/1")
    assert await store.get("analyses/1/face/00000") is None
    assert not await store.exists("analyses/1/result")
    assert await store.get("analyses/10/result") == b"c"


async def test_a_write_is_over_when_its_caller_was_cancelled(store: MediaStore) -> None:
    data = b"x" * 8_000_000
    writing = asyncio.create_task(store.put("uploads/1/0", data))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    # What tidies up now finds it.
    assert await store.get("uploads/1/0") == data


async def test_deleting_what_is_not_there_is_fine(store: MediaStore) -> None:
    await store.delete("nothing")
    assert await store.get("nothing") is None


def test_an_unset_store_is_said_so() -> None:
    with pytest.raises(ValueError, match="NOTREALLY_MEDIA_URL"):
        MediaStore.open("")
