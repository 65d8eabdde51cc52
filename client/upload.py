"""Uploading a file in chunks, resumed after a broken connection."""

import asyncio
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import google_crc32c
import grpc
from notreally.v1 import analysis_pb2, analysis_pb2_grpc

from client.errors import ServiceError, translated
from client.names import text_of
from client.patience import Patience

_CALL_TIMEOUT_S = 60.0
_MOST_MISMATCHES = 3
"""Chunks, or whole files, that may arrive damaged before we stop blaming the network."""
_MOST_RESTARTS = 3
"""How often a server may have lost what it had stored."""


@dataclass(frozen=True)
class UploadProgress:
    """Bytes the server has stored, of how many."""

    committed_bytes: int
    size_bytes: int


class FileUpload:
    """One file on its way to the server.

    Args:
        stub: The service.
        path: A readable file.
        max_chunk_bytes: Largest chunk the server takes.
        patience: When to give up on a connection that stays broken.
        on_progress: Called after every stored chunk.
    """

    def __init__(
        self,
        stub: "analysis_pb2_grpc.AnalysisServiceAsyncStub",
        path: Path,
        *,
        max_chunk_bytes: int,
        patience: Patience,
        on_progress: Callable[[UploadProgress], None] | None = None,
    ) -> None:
        """Nothing is sent before `run`."""
        self._stub = stub
        self._path = path
        self._max_chunk_bytes = max_chunk_bytes
        self._patience = patience
        self._on_progress = on_progress
        self._mismatches = 0
        self._digest = hashlib.sha256()
        self._digested = 0

    async def run(self) -> analysis_pb2.Upload:
        """Send the whole file; gives the completed upload.

        Raises:
            ServiceError: The server refused, or stayed away for longer than patience lasts; or the file is no longer
                as long as it was (FILE_CHANGED).
            OSError: The file cannot be read.
        """
        with self._path.open("rb") as file:
            upload = await self._create(file)
            self._report(upload)
            restarts = 0
            while not upload.complete:
                before = upload.committed_size
                is_sent = before >= upload.size_bytes
                upload = await (self._finish(upload.name) if is_sent else self._advance(upload, file))
                self._report(upload)
                restarts += upload.committed_size < before
                if restarts > _MOST_RESTARTS:
                    raise ServiceError(
                        grpc.StatusCode.DATA_LOSS,
                        "UPLOAD_LOST",
                        "The server keeps losing the upload. Send the file later.",
                    )
            if file.seek(0, 2) > upload.size_bytes:
                raise _file_changed("longer")
        if upload.sha256 != self._digest.hexdigest():
            raise ServiceError(
                grpc.StatusCode.DATA_LOSS,
                "UPLOAD_DAMAGED",
                "What the server stored is not what was sent. Send it again.",
            )
        return upload

    async def _create(self, file: BufferedReader) -> analysis_pb2.Upload:
        filename = text_of(self._path.name)
        # Without its hash, which would have to be computed before the first byte is sent.
        request = analysis_pb2.CreateUploadRequest(
            filename=filename, size_bytes=file.seek(0, 2), request_id=str(uuid.uuid4())
        )

        async def attempt() -> analysis_pb2.Upload:
            with translated():
                return await self._stub.CreateUpload(request, timeout=_CALL_TIMEOUT_S)

        return await self._patience.persist(attempt)

    async def _advance(self, upload: analysis_pb2.Upload, file: BufferedReader) -> analysis_pb2.Upload:
        """Send the next chunk; after a failure, ask first how much of it arrived."""
        current = upload
        failed_before = False

        async def attempt() -> analysis_pb2.Upload:
            nonlocal current, failed_before
            if failed_before:
                current = await self._ask(upload.name)
                if current.committed_size > upload.committed_size:
                    return current
            failed_before = True
            return await self._send_chunk(current, file)

        return await self._patience.persist(attempt)

    async def _send_chunk(self, upload: analysis_pb2.Upload, file: BufferedReader) -> analysis_pb2.Upload:
        offset = upload.committed_size
        # A file that is still being written has more by now, and the server refuses what was not announced.
        count = min(self._max_chunk_bytes, upload.size_bytes - offset)
        data = await asyncio.to_thread(_read_at, file, offset, count)
        if not data:
            raise _file_changed("shorter")
        chunk = analysis_pb2.UploadChunkRequest(
            name=upload.name, offset=offset, data=data, crc32c=google_crc32c.value(data)
        )
        digesting = asyncio.create_task(asyncio.to_thread(self._add_to_digest, offset, data))
        try:
            with translated():
                return await self._stub.UploadChunk(chunk, timeout=_CALL_TIMEOUT_S)
        except ServiceError as error:
            if error.reason == "CHECKSUM_MISMATCH" and self._mismatches < _MOST_MISMATCHES:
                self._mismatches += 1
                return await self._ask(upload.name)
            stated = error.metadata.get("committed_size", "")
            if error.reason != "WRONG_OFFSET" or not stated.isdecimal() or int(stated) == offset:
                raise
            return await self._ask(upload.name)
        finally:
            await digesting

    async def _finish(self, name: str) -> analysis_pb2.Upload:
        """Ask again for an upload of which the server has every byte, so that it finishes or starts over."""

        async def attempt() -> analysis_pb2.Upload:
            upload = await self._ask(name)
            if not upload.complete and upload.committed_size >= upload.size_bytes:
                raise ServiceError(
                    grpc.StatusCode.DATA_LOSS, "UPLOAD_INCOMPLETE", "The server did not store the whole file."
                )
            return upload

        return await self._patience.persist(attempt)

    def _add_to_digest(self, offset: int, data: bytes) -> None:
        """Hash what has not been sent before: a chunk may be sent again, and another part of it then be new."""
        self._digest.update(memoryview(data)[max(0, self._digested - offset) :])
        self._digested = max(self._digested, offset + len(data))

    async def _ask(self, name: str) -> analysis_pb2.Upload:
        with translated():
            return await self._stub.GetUpload(analysis_pb2.GetUploadRequest(name=name), timeout=_CALL_TIMEOUT_S)

    def _report(self, upload: analysis_pb2.Upload) -> None:
        if self._on_progress is not None:
            self._on_progress(UploadProgress(upload.committed_size, upload.size_bytes))


def _file_changed(how: str) -> ServiceError:
    message = f"The file became {how} while it was being sent."
    return ServiceError(grpc.StatusCode.FAILED_PRECONDITION, "FILE_CHANGED", message)


def _read_at(file: BufferedReader, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)
