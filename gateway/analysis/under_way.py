"""One analysis while this process runs it: its progress, its events, its cancellation."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import grpc
from dbos import DBOS
from dbos import error as dbos_error
from notreally.v1 import analysis_pb2, features_pb2, media_pb2, series_pb2

from gateway.analysis.extraction import Report
from gateway.analysis.news import News
from gateway.analysis.outages import outlast
from gateway.analysis.progress import AUDIO, FACE, RUNNING, Progress
from gateway.analysis.reach import Waiting
from gateway.store.records import Records
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
        # Only which windows: watchers who want the series load them.
        self._finished = series_pb2.Series()
        # Modality and index of each window that an event has named, or that the next one will.
        self._named: set[tuple[int, int]] = set()

    async def stop(self) -> None:
        """Stop its work and wait for that, for a second at most; the workflow's task continues."""
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
            # Nothing may continue after a cancellation.
            task.cancel()
            await asyncio.wait([task], timeout=_STOPPED_WITHIN_S)
            raise
        finally:
            self._work.discard(task)
        if task.cancelled():
            raise _cancelled()
        return task.result()

    def report(self, modality: "features_pb2.Modality.ValueType", run: int) -> Report:
        """The callback for the progress of a run of a modality."""

        async def report(done: float, text: str, finished: media_pb2.TimeWindow | None) -> None:
            self.progress.advance(modality, run, done, text)
            if finished is not None:
                self.name(modality, [finished])
            await self.publish()

        return report

    def name(self, modality: "features_pb2.Modality.ValueType", windows: Iterable[media_pb2.TimeWindow]) -> None:
        """Have the next event name those of the windows, whose signals are stored, that none has named so far."""
        series = self._finished.faces if modality == FACE else self._finished.sounds
        for window in windows:
            if (modality, window.index) not in self._named:
                self._named.add((modality, window.index))
                series.add().window.CopyFrom(window)

    async def recall(self) -> None:
        """Load which windows the events so far name: after a resume, not all that are stored."""
        # In a context of its own: in the workflow's, reading would be one more of its steps.
        await asyncio.get_running_loop().create_task(self._recall(), context=contextvars.Context())

    async def _recall(self) -> None:
        with suppress(dbos_error.DBOSStreamTimeoutError, dbos_error.DBOSNonExistentWorkflowError):
            async for stored in DBOS.read_stream_async(self.id, EVENTS, timeout_seconds=0):
                series = analysis_pb2.AnalysisEvent.FromString(stored).series
                self._named.update((FACE, faces.window.index) for faces in series.faces)
                self._named.update((AUDIO, sound.window.index) for sound in series.sounds)

    def waiting(self, modality: "features_pb2.Modality.ValueType", service: str) -> Waiting:
        """The callback for a service that does not answer yet."""

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
