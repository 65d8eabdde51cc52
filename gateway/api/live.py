"""`notreally.v1.LiveService`: thin translation between messages and the sessions."""

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc
from notreally.v1 import live_pb2, live_pb2_grpc

from gateway import metrics
from gateway.analysis.news import News
from gateway.api.callers import caller_of
from gateway.api.service import request_id_of, resource_id
from gateway.api.watching import either, stopping
from gateway.live.keeping import MAX_SEGMENT_S, LiveKeeping
from gateway.settings import GatewaySettings
from gateway.store.sessions import Session

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_POLL_S = 0.5


class LiveService(live_pb2_grpc.LiveServiceServicer):
    """The servicer."""

    def __init__(self, settings: GatewaySettings, keeping: LiveKeeping, news: News) -> None:
        """Keep the parts."""
        self._settings = settings
        self._keeping = keeping
        self._news = news
        self._stopping = False

    def stop(self) -> None:
        """End all watches, so that their watchers go on at another gateway."""
        self._stopping = True
        self._news.tell_all()

    async def StartLive(self, request: live_pb2.StartLiveRequest, context: Context) -> live_pb2.LiveSession:  # noqa: N802
        """See the contract."""
        caller = caller_of(context.invocation_metadata(), context.peer())
        return self._to_proto(await self._keeping.start(request_id_of(request.request_id), caller))

    async def SendSegment(  # noqa: N802
        self, request: live_pb2.SendSegmentRequest, context: Context
    ) -> live_pb2.LiveSession:
        """See the contract."""
        return self._to_proto(await self._keeping.accept(await self._find(request.name), request))

    async def SendSegments(  # noqa: N802
        self, request_iterator: AsyncIterator[live_pb2.SendSegmentsRequest], context: Context
    ) -> AsyncIterator[live_pb2.LiveSession]:
        """See the contract."""
        async for request in request_iterator:
            yield await self.SendSegment(request.segment, context)

    async def GetLive(self, request: live_pb2.GetLiveRequest, context: Context) -> live_pb2.LiveSession:  # noqa: N802
        """See the contract."""
        return self._to_proto(await self._find(request.name))

    async def EndLive(self, request: live_pb2.EndLiveRequest, context: Context) -> live_pb2.LiveSession:  # noqa: N802
        """See the contract."""
        await self._keeping.end(await self._find(request.name), live_pb2.LIVE_END_ASKED)
        return self._to_proto(await self._find(request.name))

    async def WatchLive(  # noqa: N802
        self, request: live_pb2.WatchLiveRequest, context: Context
    ) -> AsyncIterator[live_pb2.LiveEvent]:
        """See the contract."""
        session = await self._find(request.name)
        shelf, after = self._keeping.shelf(session.id), max(request.after_sequence, 0)
        with metrics.WATCHERS.track_inprogress(), self._news.listening(session.id) as news:
            while True:
                news.clear()
                session = await self._find(request.name)
                while (event := await shelf.event(after + 1)) is not None:
                    after += 1
                    yield event
                    if event.state in (live_pb2.LIVE_STATE_ENDED, live_pb2.LIVE_STATE_FAILED):
                        return
                if session.ended:
                    # Its last event alone is kept for a while.
                    last = await shelf.last_event()
                    if last is not None and last.sequence > after:
                        yield last
                    return
                if self._stopping:
                    raise stopping()
                await either(news, _POLL_S)

    async def _find(self, name: str) -> Session:
        """The session of a name: the one place where a caller may be told that it is not theirs."""
        return await self._keeping.get(resource_id(name, "live"))

    def _to_proto(self, row: Session) -> live_pb2.LiveSession:
        session = live_pb2.LiveSession(
            name=f"live/{row.id}",
            state=row.state,
            acknowledged_sequence=row.acknowledged,
            max_segment_bytes=self._settings.live_max_segment_bytes,
            max_segment_s=MAX_SEGMENT_S,
            silence_s=self._settings.live_silence_s,
            max_s=self._settings.live_max_s,
            end=row.end,
        )
        session.create_time.FromDatetime(row.created_at)
        return session
