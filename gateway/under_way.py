"""One analysis while this process works on it: how far it is, its events, and work that can be stopped."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from dbos import DBOS
from notreally.v1 import features_pb2, media_pb2, series_pb2

from gateway.extraction import Report
from gateway.news import News
from gateway.outages import outlast
from gateway.progress import FACE, RUNNING, Progress
from gateway.reach import Waiting
from gateway.records import Records
from services.kit.errors import Refusal

EVENTS = "events"
"""Name of the durable stream that holds the events of an analysis."""

_STOPPED_WITHIN_S = 1.0

T = TypeVar("T")


class UnderWay:
    """An analysis in work.

    Args:
        analysis_id: Which one.
        floor: Percentage already shown.
        records: Where its state is.
        news: Told of each event.
    """

    def __init__(self, analysis_id: str, floor: float, records: Records, news: News) -> None:
        """Made in the task that runs the workflow."""
        self.id = analysis_id
        self.progress = Progress(floor)
        self.task = asyncio.current_task()
        """The workflow's own task."""
        self._records = records
        self._news = news
        # Events are computed and written one at a time, so that they are stored in the order they say.
        self._writing = asyncio.Lock()
        self._work: set[asyncio.Task[Any]] = set()
        self._stopped = False
        # Only which windows: whoever watches and wants the series loads them.
        self._finished = series_pb2.Series()

    async def stop(self) -> None:
        """End its work and wait until it has ended, for a second at most; the workflow's task goes on."""
        self._stopped = True
        for task in self._work:
            task.cancel()
        if self._work:
            await asyncio.wait(self._work, timeout=_STOPPED_WITHIN_S)

    async def stoppable(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do work that `stop` can end, and again after an outage of the database or the media store.

        Raises:
            Refusal: CANCELLED, when it was stopped; and what the work raises.
        """
        if self._stopped:
            raise _cancelled()
        task = asyncio.create_task(outlast(work))
        self._work.add(task)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            # Nothing may go on behind the back of whoever cancelled this.
            task.cancel()
            await asyncio.wait([task], timeout=_STOPPED_WITHIN_S)
            raise
        finally:
            self._work.discard(task)
        if task.cancelled():
            raise _cancelled()
        return task.result()

    def report(self, modality: "features_pb2.Modality.ValueType", run: int) -> Report:
        """What is to be told how far a run of a modality is."""

        async def report(done: float, text: str, finished: media_pb2.TimeWindow | None) -> None:
            self.progress.advance(modality, run, done, text)
            if finished is not None:
                series = self._finished.faces if modality == FACE else self._finished.sounds
                series.add().window.CopyFrom(finished)
            await self.publish()

        return report

    def waiting(self, modality: "features_pb2.Modality.ValueType", service: str) -> Waiting:
        """What is to be told that a service gives no answer yet."""

        async def waiting() -> None:
            self.progress.set_state(modality, RUNNING, f"waiting for the {service} service")
            await self.publish()

        return waiting

    async def publish(self, *, force: bool = False) -> None:
        """Write an event, if it is time for one or `force` is set. Belongs inside a step.

        It names the windows finished since the last one: each event is rows in a database, and windows of sound finish
        many at a time.
        """
        async with self._writing:
            if not force and not self.progress.due():
                return
            finished, self._finished = self._finished, series_pb2.Series()
            event = self.progress.event(finished if finished.ByteSize() else None)
            try:
                if await asyncio.to_thread(self._records.set_progress, self.id, event.stage, event.percent):
                    await DBOS.write_stream_async(EVENTS, event.SerializeToString())
                    self._news.tell(self.id)
            except BaseException:
                self._finished.MergeFrom(finished)  # the next event names them
                raise


def _cancelled() -> Refusal:
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, "CANCELLED", "The analysis was cancelled.")
