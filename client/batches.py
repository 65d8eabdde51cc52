"""Batches: many files under one name, watched, cancelled, exported and deleted together."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from notreally.v1 import analysis_pb2, batch_pb2, batch_pb2_grpc

from client.errors import ServiceError, translated
from client.patience import Patience

_CALL_TIMEOUT_S = 30.0

T = TypeVar("T")


class BatchCalls:
    """The calls about batches; part of `client.NotReally`, whose words on errors and patience hold here too."""

    _batch_stub: "batch_pb2_grpc.BatchServiceAsyncStub"
    _patience: Patience

    async def create_batch(self, display_name: str, expected: int = 0) -> batch_pb2.Batch:
        """A new batch, of how many files if that is known."""
        request = batch_pb2.CreateBatchRequest(
            display_name=display_name, expected=expected, request_id=str(uuid.uuid4())
        )
        return await self._persist(lambda: self._batch_stub.CreateBatch(request, timeout=_CALL_TIMEOUT_S))

    async def get_batch(self, name: str) -> batch_pb2.Batch:
        """A batch as it stands."""
        request = batch_pb2.GetBatchRequest(name=name)
        return await self._persist(lambda: self._batch_stub.GetBatch(request, timeout=_CALL_TIMEOUT_S))

    async def expect(self, batch: str, files: int) -> batch_pb2.Batch:
        """Say how many files a batch is to have."""
        request = batch_pb2.UpdateBatchRequest(name=batch, expected=files)
        return await self._persist(lambda: self._batch_stub.UpdateBatch(request, timeout=_CALL_TIMEOUT_S))

    async def list_batches(self, *, page_size: int = 100) -> AsyncIterator[batch_pb2.Batch]:
        """Every batch, newest first.

        Args:
            page_size: How many to ask for at once.
        """
        request = batch_pb2.ListBatchesRequest(page_size=page_size)
        while True:
            page = await self._persist(lambda: self._batch_stub.ListBatches(request, timeout=_CALL_TIMEOUT_S))
            for batch in page.batches:
                yield batch
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def watch_batch(self, name: str, after: int = 0) -> AsyncIterator[batch_pb2.BatchEvent]:
        """How a batch stands and which analyses have ended, until all have; survives broken connections.

        Args:
            name: ``batches/{id}``.
            after: Sequence of the last event already seen.
        """
        pauses = self._patience.pauses()
        while True:
            stream = self._batch_stub.WatchBatch(batch_pb2.WatchBatchRequest(name=name, after_sequence=after))
            try:
                with translated():
                    async for event in stream:
                        after, pauses = max(after, event.sequence), self._patience.pauses()
                        yield event
                return
            except ServiceError as error:
                pause = next(pauses, None) if error.transient else None
                if pause is None:
                    raise
            finally:
                stream.cancel()
            await asyncio.sleep(pause)

    async def cancel_batch(self, name: str) -> batch_pb2.Batch:
        """Stop every analysis of a batch that has not ended."""
        request = batch_pb2.CancelBatchRequest(name=name)
        return await self._persist(lambda: self._batch_stub.CancelBatch(request, timeout=_CALL_TIMEOUT_S))

    async def delete_batch(self, name: str) -> None:
        """Remove a batch with all its analyses.

        Raises:
            ServiceError: Also when there is no such batch (BATCH_NOT_FOUND); but not when it is gone after an attempt
                that broke, which may have been the one that removed it.
        """
        request = batch_pb2.DeleteBatchRequest(name=name)
        failed_before = False

        async def attempt() -> None:
            nonlocal failed_before
            try:
                with translated():
                    await self._batch_stub.DeleteBatch(request, timeout=_CALL_TIMEOUT_S)
            except ServiceError as error:
                if not failed_before or error.reason != "BATCH_NOT_FOUND":
                    failed_before = True
                    raise

        await self._patience.persist(attempt)

    async def export_batch(
        self, name: str, format_: "analysis_pb2.ExportFormat.ValueType" = analysis_pb2.EXPORT_FORMAT_UNSPECIFIED
    ) -> AsyncIterator[bytes]:
        """The results of a batch as one file, in pieces: JSON Lines, or with EXPORT_FORMAT_CSV a table.

        A connection that breaks is not taken up again: pieces have no places to go on from.
        """
        request = batch_pb2.ExportBatchRequest(name=name, format=format_)
        with translated():
            async for piece in self._batch_stub.ExportBatch(request):
                yield piece.data

    async def _persist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call until it is answered, or patience ends."""

        async def attempt() -> T:
            with translated():
                return await call()

        return await self._patience.persist(attempt)
