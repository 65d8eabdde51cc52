"""Resumable uploads: chunks are blobs until the last one is in, then become one content-addressed video.

No gateway keeps an upload in memory: any of them can take the next chunk. Chunks of an upload are stored under their
offset, so that sending one twice changes nothing.
"""

import asyncio
import hashlib
import unicodedata
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import google_crc32c
import grpc
import structlog
from notreally.v1 import analysis_pb2

from gateway.store.records import FullError, Records, ShareError, Upload, UploadLimits
from gateway.store.room import Room
from services.kit.errors import Refusal
from services.kit.media.store import MediaStore, media_key
from services.kit.settings import MEBIBYTE

log = structlog.get_logger()

# Chunks made of a body that comes as a stream: two of them are in memory for a moment.
_RECEIVED_BYTES = MEBIBYTE
_MAX_FILENAME = 255
_LONGEST_ENDING = 8
# Of making a video that is deleted at the same time, along with an older analysis of it.
_MOST_TRIES = 3
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")

# Uploads under way end within minutes, or are given up within hours.
_RETRY_AFTER_S = 30.0


class _ChunkGoneError(Exception):
    """A committed chunk is not there."""


class MakeRoom(Protocol):
    """Removes uploads that are idle: of one caller, or of all."""

    def __call__(self, sharer: str | None = None) -> Awaitable[None]:
        """Safe to repeat."""


async def _keep_all(sharer: str | None = None) -> None:
    pass


class Uploads:
    """Uploads over the records and the media store.

    Args:
        records: Where their state is.
        media: Where their bytes go.
        max_bytes: Largest video accepted.
        max_chunk_bytes: Largest chunk accepted.
        limits: How much may be on its way at once; None for any amount.
        room: On the disk.
        make_room: Asked when there is none for one more upload.
    """

    def __init__(
        self,
        records: Records,
        media: MediaStore,
        max_bytes: int,
        max_chunk_bytes: int,
        limits: UploadLimits | None = None,
        room: Room | None = None,
        make_room: MakeRoom = _keep_all,
    ) -> None:
        """Keep the parts."""
        self._room = room or Room()
        self._make_room = make_room
        self._limits = limits
        self._records = records
        self._media = media
        self._max_bytes = max_bytes
        self._max_chunk_bytes = max_chunk_bytes
        self._finishing: dict[str, asyncio.Task[Upload]] = {}

    async def close(self) -> None:
        """Stop work that outlives the calls that started it; a repeated call restarts it."""
        tasks = list(self._finishing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def create(
        self, filename: str, size_bytes: int, sha256: str = "", request_id: str | None = None, sharer: str = ""
    ) -> Upload:
        """Begin an upload, which takes of the share of `sharer`.

        Raises:
            Refusal: EMPTY_FILE, TOO_LARGE, BAD_MEDIA_REF, TOO_MANY_UPLOADS, STORAGE_FULL.
        """
        if size_bytes == 0:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "EMPTY_FILE",
                "The file is empty. Choose a video or a sound recording.",
            )
        if size_bytes > self._max_bytes:
            raise self.too_large()
        if sha256:
            media_key(sha256)
        # While a video is made of its chunks, both are there.
        self._room.check(2 * size_bytes)
        return await self._begin(filename, size_bytes, sha256, request_id, sharer)

    async def _begin(self, filename: str, size_bytes: int, sha256: str, request_id: str | None, sharer: str) -> Upload:
        def begin() -> Upload:
            return self._records.create_upload(
                clean_filename(filename), size_bytes, sha256, request_id, self._limits, sharer
            )

        try:
            try:
                return await asyncio.to_thread(begin)
            except FullError as full:
                await self._make_room(sharer if isinstance(full, ShareError) else None)
                return await asyncio.to_thread(begin)
        except ShareError:
            text = "You have too many uploads under way. Finish or analyse some first, or try again in a little while."
            raise _too_many(text) from None
        except FullError:
            raise _too_many("Too many videos are being uploaded right now. Try again in a little while.") from None

    async def get(self, upload_id: str) -> Upload:
        """The upload as it stands.

        Raises:
            Refusal: NOT_FOUND, UPLOAD_NOT_FOUND.
        """
        upload = await asyncio.to_thread(self._records.upload, upload_id)
        if upload is None:
            raise _not_found()
        return upload

    def of_owner(self, owner: str, most: int) -> list[Upload]:
        """Some of the uploads of an owner; off the event loop."""
        return self._records.uploads_of(owner, most)

    async def append(self, upload_id: str, offset: int, data: bytes, crc32c: int | None) -> Upload:
        """Store one chunk; with the last one, the upload becomes a video.

        Args:
            upload_id: Which upload.
            offset: Where the chunk belongs: the upload's committed size.
            data: The bytes.
            crc32c: Their CRC32C as the sender computed it; None when they did not come over a network hop of ours.

        Raises:
            Refusal: UPLOAD_NOT_FOUND, CHUNK_TOO_LARGE, EMPTY_CHUNK, CHECKSUM_MISMATCH, WRONG_OFFSET, TOO_LARGE,
                STORAGE_FULL.
        """
        upload = await self.get(upload_id)
        end = offset + len(data)
        so_far = str(upload.committed_size)
        if not data:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "EMPTY_CHUNK", "A chunk must hold at least one byte.")
        if len(data) > self._max_chunk_bytes:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "CHUNK_TOO_LARGE",
                f"A chunk may hold at most {self._max_chunk_bytes} bytes.",
                max_chunk_bytes=str(self._max_chunk_bytes),
            )
        if crc32c is not None and google_crc32c.value(data) != crc32c:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "CHECKSUM_MISMATCH",
                "The chunk was damaged in transit. Send it again.",
                committed_size=so_far,
            )
        if end > upload.size_bytes:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "TOO_LARGE",
                "The chunk goes beyond the size that was announced.",
                committed_size=so_far,
            )
        if end <= upload.committed_size:  # a retry of what is already stored
            return await self.finish(upload)
        if offset != upload.committed_size:
            raise _wrong_offset(upload)
        self._room.check(len(data))
        await self._media.put(_chunk_key(upload.id, offset), data)
        committed = await asyncio.to_thread(self._records.commit_chunk, upload.id, offset, len(data))
        if committed is None:
            raise _wrong_offset(await self.get(upload.id))
        return await self.finish(committed)

    async def finish(self, upload: Upload) -> Upload:
        """Make a video of an upload whose bytes are all committed; any other is given back as it is.

        One whose chunks do not make up the whole, or whose video does not stay, starts over, and is given back as that:
        with nothing committed.

        It goes on when its caller is cancelled, as those are who run into a deadline: whoever asks again waits for the
        same work. Other gateways may do it at the same time, since the video's key is its content.

        Raises:
            Refusal: CHECKSUM_MISMATCH when the whole is not what was announced; the upload then starts over.
                STORAGE_FULL when there is no room for the whole beside its chunks.
                UPLOAD_NOT_FOUND when it was removed meanwhile.
        """
        if upload.sha256 is not None or upload.committed_size < upload.size_bytes:
            return upload
        task = self._finishing.get(upload.id)
        if task is None:
            task = self._finishing[upload.id] = asyncio.create_task(self._join(upload))
            task.add_done_callback(lambda done: self._finished(upload.id, done))
        return await asyncio.shield(task)

    def _finished(self, upload_id: str, task: "asyncio.Task[Upload]") -> None:
        del self._finishing[upload_id]
        # The caller may have left.
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Refusal):
            log.error("an upload did not become a video", upload=upload_id, exc_info=error)

    async def _join(self, upload: Upload) -> Upload:
        try:
            return await self._assemble(upload)
        except _ChunkGoneError:
            # Another gateway was first, and has tidied up: it names the video before. If none has, a chunk that came
            # twice, the second time shorter, has left a gap.
            if (await self.get(upload.id)).sha256 is None:
                log.warning("an upload starts over: its chunks do not make up the whole", upload=upload.id)
                await asyncio.to_thread(self._records.restart_upload, upload.id)
            return await self.get(upload.id)

    async def _assemble(self, upload: Upload) -> Upload:
        for _ in range(_MOST_TRIES):
            sha256 = await self._make_video(upload)
            await asyncio.to_thread(self._records.complete_upload, upload.id, sha256)
            # Whoever was about to delete the last analysis of the same video may have taken this one along.
            if await self._media.exists(media_key(sha256)):
                await self._media.delete_prefix(f"uploads/{upload.id}")
                return await self.get(upload.id)
        log.warning("an upload starts over: its video vanishes", upload=upload.id)
        await asyncio.to_thread(self._records.reopen_upload, upload.id)
        return await self.get(upload.id)

    async def _make_video(self, upload: Upload) -> str:
        """Join the chunks under the hash of the whole, which is given."""
        self._room.check(upload.size_bytes)
        incoming = f"incoming/{upload.id}-{uuid.uuid4().hex}"
        digest = hashlib.sha256()
        async with self._media.writer(incoming) as writer:
            async for piece in self._chunks(upload):
                await asyncio.gather(asyncio.to_thread(digest.update, piece), writer.write(piece))
        sha256 = digest.hexdigest()
        if upload.announced_sha256 and sha256 != upload.announced_sha256:
            await self._media.delete(incoming)
            await asyncio.to_thread(self._records.restart_upload, upload.id)
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "CHECKSUM_MISMATCH",
                "What arrived is not what was announced. Upload the video again from the start.",
                committed_size="0",
            )
        await self._media.move(incoming, media_key(sha256))
        return sha256

    async def receive(self, filename: Callable[[], str], pieces: AsyncIterator[bytes], sharer: str = "") -> Upload:
        """Take in a whole video of unknown size, as a REST body brings it, holding one chunk at a time.

        Args:
            filename: Asked once all pieces are in: a form tells its file's name along with the bytes.
            pieces: The video.
            sharer: Whose share it takes.

        Raises:
            Refusal: EMPTY_FILE, TOO_LARGE, TOO_MANY_UPLOADS, STORAGE_FULL; UPLOAD_LOST when a part of it was.
        """
        self._room.check()
        creating = asyncio.ensure_future(self._begin("", self._max_bytes, "", None, sharer))
        try:
            upload = await asyncio.shield(creating)
        except asyncio.CancelledError:  # its row may be there already, and would take up room for a day
            await self.abandon((await creating).id)
            raise
        size, buffer = 0, bytearray()
        try:
            async for piece in pieces:
                buffer += piece
                if size + len(buffer) > self._max_bytes:
                    raise self.too_large()
                while len(buffer) >= _RECEIVED_BYTES:
                    chunk = bytes(buffer[:_RECEIVED_BYTES])
                    del buffer[:_RECEIVED_BYTES]
                    size = await self._store(upload.id, size, chunk)
            if buffer:
                size = await self._store(upload.id, size, bytes(buffer))
            if size == 0:
                raise Refusal(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    "EMPTY_FILE",
                    "The file is empty. Choose a video or a sound recording.",
                )
            await asyncio.to_thread(self._records.describe_upload, upload.id, clean_filename(filename()), size)
            joined = await self._join(await self.get(upload.id))
            if joined.sha256 is None:  # there is nobody who would send it again
                raise _lost()
            return joined
        except BaseException:  # its sender has left, and nobody else knows this upload's name
            await asyncio.shield(self.abandon(upload.id))
            raise

    def too_large(self) -> Refusal:
        """The refusal of a video over the limit."""
        megabytes = self._max_bytes // 1_000_000
        return Refusal(
            grpc.StatusCode.INVALID_ARGUMENT,
            "TOO_LARGE",
            f"The video is larger than the limit of {megabytes} MB. Cut it or compress it, and try again.",
            max_upload_bytes=str(self._max_bytes),
        )

    async def _store(self, upload_id: str, offset: int, chunk: bytes) -> int:
        self._room.check(len(chunk))
        await self._media.put(_chunk_key(upload_id, offset), chunk)
        await asyncio.to_thread(self._records.commit_chunk, upload_id, offset, len(chunk))
        return offset + len(chunk)

    async def abandon(self, upload_id: str) -> None:
        """Delete an upload that nobody will ask for, and its chunks."""
        await asyncio.to_thread(self._records.delete_upload, upload_id)
        await self._media.delete_prefix(f"uploads/{upload_id}")

    async def _chunks(self, upload: Upload) -> AsyncIterator[bytes]:
        offset = 0
        while offset < upload.size_bytes:
            chunk = await self._media.get(_chunk_key(upload.id, offset))
            if not chunk:
                raise _ChunkGoneError
            yield chunk
            offset += len(chunk)


def clean_filename(name: str) -> str:
    """A file name fit to show: no folders, no control characters, at most 255 characters. Never used as a path.

    What turns the direction of writing goes too, so that no name shows another ending than it has; what joins letters
    and emoji stays.
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in base if c in _JOINERS or unicodedata.category(c) not in _NOT_SHOWN).strip()
    if len(shown) > _MAX_FILENAME:
        stem, dot, ending = shown.rpartition(".")
        kept = dot + ending if stem and len(ending) <= _LONGEST_ENDING else ""
        shown = shown[: _MAX_FILENAME - len(kept)] + kept
    return shown if shown.strip("".join(_JOINERS)) else "video"


def to_proto(upload: Upload) -> analysis_pb2.Upload:
    """The upload as its resource."""
    resource = analysis_pb2.Upload(
        name=f"uploads/{upload.id}",
        filename=upload.filename,
        size_bytes=upload.size_bytes,
        committed_size=upload.committed_size,
        complete=upload.sha256 is not None,
        sha256=upload.sha256 or "",
    )
    resource.create_time.FromDatetime(upload.created_at)
    return resource


def _chunk_key(upload_id: str, offset: int) -> str:
    return f"uploads/{upload_id}/{offset:012d}"


def _not_found() -> Refusal:
    return Refusal(
        grpc.StatusCode.NOT_FOUND,
        "UPLOAD_NOT_FOUND",
        "There is no such upload. Abandoned uploads are removed after a while. Upload the video again.",
    )


def _too_many(text: str) -> Refusal:
    return Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_UPLOADS", text, retry_after_s=_RETRY_AFTER_S)


def _lost() -> Refusal:
    return Refusal(
        grpc.StatusCode.DATA_LOSS, "UPLOAD_LOST", "Part of the video was lost while being stored. Send it again."
    )


def _wrong_offset(upload: Upload) -> Refusal:
    return Refusal(
        grpc.StatusCode.OUT_OF_RANGE,
        "WRONG_OFFSET",
        f"The next chunk must start at byte {upload.committed_size}.",
        committed_size=str(upload.committed_size),
    )
