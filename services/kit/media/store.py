"""The media store: videos by their content address, and blobs by key, in a folder or an S3-compatible bucket."""

import asyncio
import datetime as dt
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import grpc
import obstore
import structlog
from notreally.v1 import media_pb2
from obstore.exceptions import GenericError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, ObjectStore, from_url

from services.kit import metrics
from services.kit.errors import Refusal
from services.kit.media.seekable import Video
from services.kit.settings import MEBIBYTE

log = structlog.get_logger()

_SHA256 = re.compile(r"[0-9a-f]{64}")


def media_key(sha256: str) -> str:
    """Key of a video in the store.

    Raises:
        Refusal: INVALID_ARGUMENT, BAD_MEDIA_REF, when `sha256` is not 64 lower-case hexadecimal digits.
    """
    if not _SHA256.fullmatch(sha256):
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_MEDIA_REF", "The media reference is not a SHA-256.")
    return f"media/{sha256[:2]}/{sha256[2:]}"


def hash_of_media_key(key: str) -> str | None:
    """The inverse of `media_key`; None for any other key."""
    sha256 = key.removeprefix("media/").replace("/", "", 1)
    return sha256 if _SHA256.fullmatch(sha256) and media_key(sha256) == key else None


MEDIA_UNAVAILABLE = "MEDIA_UNAVAILABLE"
"""Reason of the refusal when the store gives no answer."""

# A bucket that does not answer for this long is asked by somebody else, later. With the last request, that is less than
# the minute a call may take: who called hears why.
_BUCKET_TIMEOUT = dt.timedelta(seconds=20)
_BUCKET_PATIENCE = dt.timedelta(seconds=30)
_LONGEST_PAUSE = dt.timedelta(seconds=2)

# No answer, or none while keys are being changed. What else obstore raises says that it was asked something wrong.
_NO_ANSWER: tuple[type[Exception], ...] = (GenericError, PermissionDeniedError, UnauthenticatedError)


@dataclass(frozen=True)
class StoredVideo:
    """A video in the store: its description for a worker, and how to read a range of it for that worker."""

    video: Video
    read: Callable[[int, int], Awaitable[bytes]]


class MediaStore:
    """One interface over a folder and a bucket. `store` is the obstore store itself, whose errors are its own.

    Every method raises `Refusal`, UNAVAILABLE, MEDIA_UNAVAILABLE, when the store gives no answer.
    """

    def __init__(self, store: ObjectStore, folder: Path | None) -> None:
        """Use `open`."""
        self.store = store
        self.folder = folder
        """Where it is, unless it is a bucket."""

    @classmethod
    def open(cls, url: str) -> "MediaStore":
        """Open the store at `url`: ``file:///folder`` (made when missing) or ``s3://bucket/prefix``.

        Raises:
            ValueError: When `url` is empty or of a kind obstore does not know.
        """
        parts = urlsplit(url)
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            return cls(LocalStore(folder, automatic_cleanup=True, mkdir=True), folder)
        if not parts.scheme:
            raise ValueError("NOTREALLY_MEDIA_URL must name a folder or a bucket")
        return cls(
            from_url(
                url,
                # Whoever names an endpoint by http:// means it.
                client_options={
                    "timeout": _BUCKET_TIMEOUT,
                    "connect_timeout": dt.timedelta(seconds=5),
                    "allow_http": True,
                },
                # Time ends it, not a number: one that refuses connections says so at once, again and again.
                retry_config={
                    "max_retries": 1000,
                    "retry_timeout": _BUCKET_PATIENCE,
                    "backoff": {"max_backoff": _LONGEST_PAUSE},
                },
            ),
            None,
        )

    async def stored_video(self, ref: media_pb2.MediaRef) -> StoredVideo:
        """A video to be read in place: nothing is copied, and from a bucket only the requested ranges are fetched.

        Raises:
            Refusal: NOT_FOUND, MEDIA_NOT_FOUND, when the store does not hold it. `read` raises the same.
        """
        key = media_key(ref.sha256)

        async def read(start: int, end: int) -> bytes:
            with _there():
                return await self.read(key, start, end)

        if self.folder is not None:
            path = self.folder / key
            if not path.is_file():
                raise _gone()
            return StoredVideo(Video(path.stat().st_size, path), read)
        with _there(), _answered():
            size = (await obstore.head_async(self.store, key))["size"]
        return StoredVideo(Video(size), read)

    @asynccontextmanager
    async def local_path(self, ref: media_pb2.MediaRef) -> AsyncIterator[Path]:
        """A readable file with the video's bytes, for as long as the block lasts: for programs that need a name.

        Of a video in a bucket it is a copy in the folder for temporary files.

        Raises:
            Refusal: As `stored_video` does; FAILED_PRECONDITION, MEDIA_DAMAGED, when the copy is not what it is named.
        """
        key = media_key(ref.sha256)
        if self.folder is not None:
            path = self.folder / key
            if not path.is_file():
                raise _gone()
            yield path
            return
        with tempfile.NamedTemporaryFile(prefix="notreally-") as copy:
            digest = hashlib.sha256()
            with _there(), _answered():
                async for piece in (await obstore.get_async(self.store, key)).stream():
                    copy.write(piece)
                    digest.update(piece)
                    metrics.MEDIA_READ_BYTES.inc(len(piece))
            if digest.hexdigest() != ref.sha256:
                raise damaged()
            copy.flush()
            yield Path(copy.name)

    async def read(self, key: str, start: int, end: int) -> bytes:
        """A range of a blob.

        Raises:
            FileNotFoundError: When there is no such blob.
        """
        with _answered():
            return bytes(await obstore.get_range_async(self.store, key, start=start, end=end))

    @asynccontextmanager
    async def writer(self, key: str) -> "AsyncIterator[obstore.AsyncWritableFile]":
        """Writes a large blob piece by piece; it is there once the block ends without an exception."""
        # A bucket takes parts of at least 5 MiB, and two of them are held: one fills while the other is sent.
        size = 5 * MEBIBYTE if self.folder is None else MEBIBYTE
        # Closing it sends what is left, and says by an OSError that this did not work.
        with _answered(OSError):
            async with obstore.open_writer_async(self.store, key, buffer_size=size, max_concurrency=1) as writer:
                yield writer

    async def put(self, key: str, data: bytes) -> None:
        """Store a small blob, replacing what was there; it is there whole or not at all.

        Whoever is cancelled meanwhile still waits for it. A write cannot be called back once it has begun: it would end
        after whoever tidies up has looked.
        """
        writing = asyncio.ensure_future(obstore.put_async(self.store, key, data))
        try:
            with _answered():
                await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise

    async def move(self, key: str, to: str) -> None:
        """Give a blob another key, replacing what was there."""
        with _answered():
            await obstore.rename_async(self.store, key, to)

    async def get(self, key: str) -> bytes | None:
        """A small blob, or None when there is none."""
        try:
            with _answered():
                return bytes(await (await obstore.get_async(self.store, key)).bytes_async())
        except FileNotFoundError:
            return None

    async def exists(self, key: str) -> bool:
        """Whether the store holds `key`."""
        return await self.changed_at(key) is not None

    async def changed_at(self, key: str) -> dt.datetime | None:
        """When a blob was written; None when there is none."""
        try:
            with _answered():
                return (await obstore.head_async(self.store, key))["last_modified"]
        except FileNotFoundError:
            return None

    async def last_changed_before(self, prefix: str, before: dt.datetime) -> AsyncIterator[list[str]]:
        """Keys in the folder `prefix` that were last written before a time, a page at a time."""
        with _answered():
            async for page in obstore.list(self.store, prefix):
                if old := [meta["path"] for meta in page if meta["last_modified"] < before]:
                    yield old

    def delete_unfinished(self, before: dt.datetime) -> int:
        """Remove what a process that died has left of blobs it was writing, if last written before a time.

        Only a folder has such files, and no listing shows them: ``name#1`` becomes ``name`` when it is whole. A bucket
        forgets unfinished uploads by a rule of its own.
        """
        if self.folder is None:
            return 0
        removed = 0
        for path in self.folder.rglob("*#*"):
            with suppress(FileNotFoundError):  # it has become whole, or another process was first
                if path.is_file() and path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    removed += 1
        return removed

    async def delete(self, key: str) -> None:
        """Remove a blob; removing what is not there is fine."""
        with suppress(FileNotFoundError), _answered():
            await obstore.delete_async(self.store, key)

    async def delete_prefix(self, prefix: str) -> None:
        """Remove every blob whose key starts with the folder `prefix`."""
        async for key in self.keys(prefix):
            await self.delete(key)

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Keys of all blobs in the folder `prefix`; they may be deleted meanwhile."""
        with _answered():
            async for page in obstore.list(self.store, prefix):
                for meta in page:
                    yield meta["path"]


@contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _gone() from None


@contextmanager
def _answered(*also: type[Exception]) -> Iterator[None]:
    """Refuse if the store does not answer, according to the exceptions of obstore and `also`."""
    try:
        yield
    except _NO_ANSWER + also as error:
        # Its message names the bucket and the key.
        log.warning("the media store gave no answer", error=str(error))
        text = "The media store does not answer right now. Try again in a moment."
        raise Refusal(grpc.StatusCode.UNAVAILABLE, MEDIA_UNAVAILABLE, text) from None


def damaged() -> Refusal:
    """The refusal of a video whose bytes are not those that were stored."""
    text = "The stored file is damaged: it is not what was uploaded. Delete the analysis, and upload the file again."
    log.error("a stored video is damaged")
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, "MEDIA_DAMAGED", text)


def _gone() -> Refusal:
    return Refusal(grpc.StatusCode.NOT_FOUND, "MEDIA_NOT_FOUND", "The video is not in the media store any more.")
