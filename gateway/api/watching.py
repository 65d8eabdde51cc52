"""Watching analyses: the durable events of many in one stream, resumed after the last event each watcher saw.

An event's sequence is its offset in the analysis's DBOS stream plus one, so any gateway can serve any watcher. Only the
end of a cancelled or interrupted analysis is not in its stream; it is told from the record instead.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import grpc
from dbos import DBOS
from dbos import error as dbos_error
from notreally.v1 import analysis_pb2, features_pb2

from gateway import metrics
from gateway.analysis.endings import ending_event
from gateway.analysis.news import News
from gateway.analysis.under_way import EVENTS
from gateway.api.admission import Admission
from gateway.features import series as plots
from gateway.store.blobs import Blobs
from gateway.store.records import ENDED, Records
from services.kit.errors import Refusal

# Events written in this process wake the watcher at once; those of another gateway are found by asking.
_POLL_S = 0.5

# How often the position of a queued analysis is read.
_LINE_POLL_S = 0.5

# What a slow reader may lag behind before its sources wait for it.
_BUFFERED_EVENTS = 64


class Watching:
    """Gives the events of analyses.

    Args:
        records: The state of analyses.
        blobs: The series of windows.
        news: Wakes watchers when an event was written here.
        admission: The line of those that wait.
    """

    def __init__(self, records: Records, blobs: Blobs, news: News, admission: Admission) -> None:
        """Keep where things are."""
        self._admission = admission
        self._records = records
        self._blobs = blobs
        self._news = news
        self._stopping = False

    def stop(self) -> None:
        """End all watches, so that their watchers resume at another gateway, or at this one once it is back."""
        self._stopping = True
        self._news.tell_all()

    async def watch(
        self, targets: Sequence[tuple[str, int]], *, include_series: bool
    ) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
        """Events of all targets as they come, each analysis in order, until all have ended.

        Args:
            targets: Ids of existing analyses, each with the last sequence its watcher has seen.
            include_series: Also give what the container says and the series of each window that finishes.

        Raises:
            Refusal: UNAVAILABLE, STOPPING, when this gateway is being stopped.
        """
        queue: asyncio.Queue[analysis_pb2.AnalysisEvent | Exception | None] = asyncio.Queue(_BUFFERED_EVENTS)

        async def wait_in_line(analysis_id: str) -> None:
            async for event in self._places(analysis_id):
                await queue.put(event)

        async def follow(analysis_id: str, after: int) -> None:
            waiting = asyncio.create_task(wait_in_line(analysis_id))
            try:
                async for event in self._follow(analysis_id, after, include_series):
                    # What is recorded comes after the waiting.
                    waiting.cancel()
                    await queue.put(event)
            except Exception as error:
                await queue.put(error)
            else:
                await queue.put(None)
            finally:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)

        # No task group: it would wrap what is raised here.
        metrics.WATCHERS.inc()
        tasks = [asyncio.create_task(follow(analysis_id, after)) for analysis_id, after in targets]
        following = len(tasks)
        try:
            while following:
                event = await queue.get()
                if isinstance(event, Exception):
                    raise event
                if event is None:
                    following -= 1
                else:
                    yield event
        finally:
            metrics.WATCHERS.dec()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(
        self, analysis_id: str, after: int, include_series: bool
    ) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
        analysis = await asyncio.to_thread(self._records.analysis, analysis_id)
        if analysis is None:
            return
        # One before what is wanted: an end that is not in the stream follows its last event, and a watcher who has seen
        # that end names a sequence beyond the stream.
        offset = max(after - 1, 0)
        wants_facts = include_series
        last_seen_is_recorded = after == 0
        with self._news.listening(analysis_id) as news:
            while True:
                # Before reading, so that later writes wake us.
                news.clear()
                try:
                    # Gives what there is, and says by an exception that there may be more.
                    async for stored in DBOS.read_stream_async(analysis_id, EVENTS, offset=offset, timeout_seconds=0):
                        offset += 1
                        event = analysis_pb2.AnalysisEvent.FromString(stored)
                        last_seen_is_recorded = True
                        if offset > after:
                            await self._fill_series(event, analysis_id, include_series)
                            if wants_facts and _container_is_read(event):
                                event.metadata.CopyFrom((await self._blobs.facts(analysis_id)).facts)
                                wants_facts = False
                            yield _named(event, analysis_id, offset)
                        if event.state in ENDED:
                            return
                except dbos_error.DBOSStreamTimeoutError:
                    is_over = False
                except dbos_error.DBOSNonExistentWorkflowError:
                    # Accepted, and not yet queued or already deleted: the record says which.
                    is_over = last_seen_is_recorded = True
                else:
                    is_over = True
                if is_over:
                    analysis = await asyncio.to_thread(self._records.analysis, analysis_id)
                    if analysis is None:
                        return
                    if analysis.ended:
                        if last_seen_is_recorded:
                            yield _named(ending_event(analysis), analysis_id, max(offset, after) + 1)
                        return
                if self._stopping:
                    raise stopping()
                await either(news, _POLL_S)

    async def _places(self, analysis_id: str) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
        """A snapshot whenever the queue position changes, until it has left the queue."""
        told: int | None = None
        # The first look is a fresh one: a line from before this analysis would not have it.
        line = await self._admission.line()
        while (place := line.get(analysis_id)) is not None:
            if place != told:
                told = place
                event = analysis_pb2.AnalysisEvent(
                    state=analysis_pb2.ANALYSIS_STATE_QUEUED, stage=analysis_pb2.STAGE_QUEUED, queue_position=place
                )
                event.time.GetCurrentTime()
                yield _named(event, analysis_id, 0)
            await asyncio.sleep(_LINE_POLL_S)
            line = await self._admission.recent_line()

    async def _fill_series(self, event: analysis_pb2.AnalysisEvent, analysis_id: str, wanted: bool) -> None:
        """Put the plots of the window that an event names in the place of its name."""
        if not event.HasField("series"):
            return
        named = event.series
        faces = [s.window.index for s in named.faces]
        sounds = [s.window.index for s in named.sounds]
        event.ClearField("series")
        if wanted:
            for window in await self._blobs.face_windows(analysis_id, faces):
                event.series.MergeFrom(plots.face_window_series(window))
            for sound in await self._blobs.audio_windows(analysis_id, sounds):
                event.series.MergeFrom(plots.sound_window_series(sound))


def _container_is_read(event: analysis_pb2.AnalysisEvent) -> bool:
    return any(
        lane.modality == features_pb2.MODALITY_METADATA and lane.state == analysis_pb2.MODALITY_STATE_DONE
        for lane in event.modalities
    )


def _named(event: analysis_pb2.AnalysisEvent, analysis_id: str, sequence: int) -> analysis_pb2.AnalysisEvent:
    event.analysis = f"analyses/{analysis_id}"
    event.sequence = sequence
    return event


async def either(news: asyncio.Event, seconds: float) -> None:
    """Wait for news, for so many seconds at most."""
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return


def stopping() -> Refusal:
    """The refusal of a watch at a gateway that is being stopped."""
    text = "The server is being restarted. Watch again from the last event you have seen."
    return Refusal(grpc.StatusCode.UNAVAILABLE, "STOPPING", text)
