"""Uploads arrive whole, whatever the connection does."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from notreally.v1 import analysis_pb2

from client import NotReally, Patience, ServiceError, UploadProgress
from tests.unit.client.peer import CHUNK_BYTES, Peer, running_peer, status

QUICK = Patience(first_s=0.01, longest_s=0.05, attempts=40)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with running_peer() as running:
        yield running


def write(folder: Path, size: int) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(random.Random(size).randbytes(size))
    return path


def only_data(peer: Peer) -> bytes:
    (data,) = peer.data.values()
    return bytes(data)


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
async def test_every_byte_arrives_once(peer: Peer, tmp_path: Path, size: int) -> None:
    path = write(tmp_path, size)
    progress: list[UploadProgress] = []
    async with NotReally(peer.address, QUICK) as client:
        upload = await client.upload(path, progress.append)
    assert upload.complete
    assert only_data(peer) == path.read_bytes()
    (announced,) = peer.called("CreateUpload")
    assert (announced.size_bytes, announced.filename) == (size, "clip.mp4")
    assert upload.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    committed = [step.committed_bytes for step in progress]
    assert committed == sorted(committed)
    assert committed[-1] == size
    assert len(peer.called("UploadChunk")) == -(-size // CHUNK_BYTES)


async def test_a_server_that_restarts_in_the_middle_gets_the_rest(peer: Peer, tmp_path: Path) -> None:
    path = write(tmp_path, 5 * CHUNK_BYTES)
    restarts: list[asyncio.Task[None]] = []

    def break_connection(_request: object) -> None:
        restarts.append(asyncio.create_task(peer.restart()))

    peer.before_chunk = [lambda _request: None, lambda _request: None, break_connection]
    async with NotReally(peer.address, QUICK) as client:
        upload = await client.upload(path)
    await asyncio.gather(*restarts)
    assert len(restarts) == 1
    assert upload.complete
    assert only_data(peer) == path.read_bytes()
    assert len(peer.called("CreateUpload")) == 1


async def test_a_chunk_whose_answer_was_lost_is_not_sent_again(peer: Peer, tmp_path: Path) -> None:
    path = write(tmp_path, 3 * CHUNK_BYTES)
    lost = status(grpc.StatusCode.DATA_LOSS, "", "lost")
    peer.after_chunk = [lambda _request: lost]
    async with NotReally(peer.address, QUICK) as client:
        await client.upload(path)
    assert [chunk.offset for chunk in peer.called("UploadChunk")] == [0, CHUNK_BYTES, 2 * CHUNK_BYTES]
    assert only_data(peer) == path.read_bytes()


async def test_it_goes_on_where_the_server_says(peer: Peer, tmp_path: Path) -> None:
    path = write(tmp_path, 3 * CHUNK_BYTES)

    def forget(request: object) -> None:
        (stored,) = peer.data.values()
        del stored[CHUNK_BYTES // 2 :]

    peer.before_chunk = [lambda _request: None, forget]
    async with NotReally(peer.address, QUICK) as client:
        upload = await client.upload(path)
    offsets = [chunk.offset for chunk in peer.called("UploadChunk")]
    assert offsets[:3] == [0, CHUNK_BYTES, CHUNK_BYTES // 2]
    assert upload.complete
    assert only_data(peer) == path.read_bytes()


async def test_a_chunk_that_turns_out_to_be_the_last_one_stored_already_ends_the_upload(
    peer: Peer, tmp_path: Path
) -> None:
    path = write(tmp_path, 2 * CHUNK_BYTES)

    def store_before(request: analysis_pb2.UploadChunkRequest) -> None:
        (stored,) = peer.data.values()
        stored.extend(request.data)

    peer.before_chunk = [lambda _request: None, store_before]
    async with NotReally(peer.address, QUICK) as client:
        upload = await client.upload(path)
    assert upload.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(peer.called("UploadChunk")) == 2


async def test_it_sends_again_what_the_server_has_lost(peer: Peer, tmp_path: Path) -> None:
    path = write(tmp_path, 3 * CHUNK_BYTES - 1)

    def start_over(_request: object) -> None:
        (stored,) = peer.data.values()
        stored.clear()

    peer.after_chunk = [lambda _request: None, lambda _request: None, start_over]
    async with NotReally(peer.address, QUICK) as client:
        upload = await client.upload(path)
    assert [chunk.offset // CHUNK_BYTES for chunk in peer.called("UploadChunk")] == [0, 1, 2, 0, 1, 2]
    assert upload.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert only_data(peer) == path.read_bytes()


def finishes_after(peer: Peer, answers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server say so many times that it has every byte and no video yet."""
    answer = peer._upload

    def slow(name: str) -> analysis_pb2.Upload:
        nonlocal answers
        upload = answer(name)
        if upload.complete and answers:
            answers -= 1
            upload.complete = False
        return upload

    monkeypatch.setattr(peer, "_upload", slow)


async def test_a_server_that_has_every_byte_is_asked_until_it_is_done(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finishes_after(peer, 3, monkeypatch)
    async with NotReally(peer.address, QUICK) as client:
        upload = await client.upload(write(tmp_path, 2 * CHUNK_BYTES))
    assert upload.complete
    assert (len(peer.called("UploadChunk")), len(peer.called("GetUpload"))) == (2, 3)


async def test_a_server_that_is_never_done_is_given_up(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finishes_after(peer, 1000, monkeypatch)
    async with NotReally(peer.address, Patience(first_s=0.01, longest_s=0.01, attempts=2)) as client:
        with pytest.raises(ServiceError) as raised:
            await client.upload(write(tmp_path, 10))
    assert raised.value.reason == "UPLOAD_INCOMPLETE"
    assert len(peer.called("GetUpload")) == 3


async def test_a_damaged_chunk_is_sent_again(peer: Peer, tmp_path: Path) -> None:
    path = write(tmp_path, 2 * CHUNK_BYTES)
    damaged = status(grpc.StatusCode.INVALID_ARGUMENT, "CHECKSUM_MISMATCH", "damaged")
    peer.before_chunk = [lambda _request: damaged]
    async with NotReally(peer.address, QUICK) as client:
        await client.upload(path)
    assert [chunk.offset for chunk in peer.called("UploadChunk")] == [0, 0, CHUNK_BYTES]


async def test_a_line_that_damages_everything_is_given_up(peer: Peer, tmp_path: Path) -> None:
    path = write(tmp_path, CHUNK_BYTES)
    damaged = status(grpc.StatusCode.INVALID_ARGUMENT, "CHECKSUM_MISMATCH", "damaged")
    peer.before_chunk = [lambda _request: damaged] * 50
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError) as raised:
            await client.upload(path)
    assert raised.value.reason == "CHECKSUM_MISMATCH"
    assert len(peer.called("UploadChunk")) < 10


async def test_a_refusal_is_not_repeated(peer: Peer, tmp_path: Path) -> None:
    peer.refuse_upload = status(grpc.StatusCode.INVALID_ARGUMENT, "TOO_LARGE", "At most 1 MB.", max_bytes="1000000")
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError) as raised:
            await client.upload(write(tmp_path, 10))
    error = raised.value
    assert (error.code, error.reason, error.message) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "TOO_LARGE",
        "At most 1 MB.",
    )
    assert error.metadata == {"max_bytes": "1000000"}
    assert not error.transient
    assert len(peer.called("CreateUpload")) == 1


async def test_patience_ends(peer: Peer, tmp_path: Path) -> None:
    async with NotReally(peer.address, Patience(first_s=0.01, longest_s=0.01, attempts=2)) as client:
        await client.server_info()
        await peer.stop()
        with pytest.raises(ServiceError) as raised:
            await client.upload(write(tmp_path, 10))
    assert raised.value.unreachable


async def test_a_file_that_is_stored_otherwise_than_sent_is_noticed(peer: Peer, tmp_path: Path) -> None:
    def damage(request: object) -> None:
        (stored,) = peer.data.values()
        stored[0] ^= 1

    peer.before_chunk = [lambda _request: None, damage]
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError) as caught:
            await client.upload(write(tmp_path, 3 * CHUNK_BYTES))
    assert caught.value.reason == "UPLOAD_DAMAGED"


async def test_a_server_that_loses_what_it_is_sent_is_given_up(peer: Peer, tmp_path: Path) -> None:
    def lose(_request: object) -> None:
        (stored,) = peer.data.values()
        stored.clear()

    peer.before_chunk = [lambda _request: None, lose] * 50
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError) as caught:
            await client.upload(write(tmp_path, 3 * CHUNK_BYTES))
    assert caught.value.reason == "UPLOAD_LOST"
    assert len(peer.called("UploadChunk")) < 20


async def test_a_file_that_shrinks_is_noticed(peer: Peer, tmp_path: Path) -> None:
    path = write(tmp_path, 20 * CHUNK_BYTES)
    peer.before_chunk = [lambda _request: path.write_bytes(b"short")]
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError, match="shorter") as raised:
            await client.upload(path)
    assert raised.value.reason == "FILE_CHANGED"


@pytest.mark.parametrize("size", [2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 10])
async def test_a_file_that_grows_is_noticed_and_no_more_sent_than_was_announced(
    peer: Peer, tmp_path: Path, size: int
) -> None:
    path = write(tmp_path, size)
    announced = path.read_bytes()
    peer.before_chunk = [lambda _request: path.write_bytes(announced + b"more")]
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError, match="longer") as raised:
            await client.upload(path)
    assert raised.value.reason == "FILE_CHANGED"
    assert only_data(peer) == announced


async def test_a_file_that_is_not_there(peer: Peer, tmp_path: Path) -> None:
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(FileNotFoundError):
            await client.upload(tmp_path / "none.mp4")
