"""Admission to the queue: its order, and whether one more analysis may enter."""

import asyncio
import time
from collections.abc import Mapping

import grpc

from gateway.api.callers import sharer_in
from gateway.store.records import Analysis, FullError, Records, ShareError, Upload
from services.kit.errors import Refusal

# How old the line may be that watchers are shown. However many watch, it is read this often.
_LINE_AGE_S = 0.5

# A short analysis takes a few seconds, so that by then somebody may have gone ahead.
_RETRY_AFTER_S = 5.0


class Admission:
    """The queue of analyses that have not started.

    Args:
        records: Where they are.
        max_queued: How many may wait.
        max_queued_each: Of those, one caller's; None for as many as there are.
    """

    def __init__(self, records: Records, max_queued: int, max_queued_each: int | None = None) -> None:
        """Nothing is read yet."""
        self._max_queued_each = max_queued_each
        self._records = records
        self._max_queued = max_queued
        self._line: Mapping[str, int] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def check(self, caller: str = "") -> None:
        """Make sure that there is room, and in the caller's share, before taking in a video that could not be queued.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, QUEUE_FULL.
        """
        if len(await self.line()) >= self._max_queued:
            raise self._full()
        each = self._max_queued_each
        if each is not None and await asyncio.to_thread(self._records.waiting_of, sharer_in(caller)) >= each:
            raise self._share_used()

    async def admit(
        self, upload: Upload, request_id: str | None, caller: str = "", batch_id: str | None = None
    ) -> Analysis:
        """A new analysis in the line, or the one that `request_id` made before, room or not.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, QUEUE_FULL.
        """
        try:
            return await asyncio.to_thread(
                self._records.create_analysis,
                upload,
                request_id,
                self._max_queued,
                caller,
                batch_id,
                sharer=sharer_in(caller),
                max_queued_each=self._max_queued_each,
            )
        except ShareError:
            raise self._share_used() from None
        except FullError:
            raise self._full() from None

    async def line(self) -> Mapping[str, int]:
        """Place of each analysis that waits, 1 for the next."""
        ids = await asyncio.to_thread(self._records.waiting)
        self._line = {analysis_id: place for place, analysis_id in enumerate(ids, start=1)}
        self._read_at = time.monotonic()
        return self._line

    async def recent_line(self) -> Mapping[str, int]:
        """The same, not necessarily of this moment: for many who look again and again."""
        async with self._reading:
            if time.monotonic() - self._read_at >= _LINE_AGE_S:
                await self.line()
        return self._line

    def _share_used(self) -> Refusal:
        return Refusal(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "QUEUE_FULL",
            f"{self._max_queued_each} of your videos are waiting already, which is your share. Try again in a little "
            "while.",
            retry_after_s=_RETRY_AFTER_S,
            max_queued=str(self._max_queued_each),
        )

    def _full(self) -> Refusal:
        return Refusal(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "QUEUE_FULL",
            f"{self._max_queued} videos are waiting to be analysed already. Try again in a little while.",
            retry_after_s=_RETRY_AFTER_S,
            max_queued=str(self._max_queued),
        )
