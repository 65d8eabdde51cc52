"""A source as a live session: opened, cut into segments, sent, opened again when it breaks off."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from notreally.v1 import live_pb2

from cli.watching.matroska import Cluster, Clusters, NotMatroskaError
from cli.watching.source import Reading, Source
from client import NotReally, ServiceError
from client.live import ENDED, Live

_SEGMENT_S = 1.9
_LONGEST_S = 10.0
"""Without a keyframe for this long, the picture is encoded anew: a segment must begin with one."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
_AHEAD_S = 4.1
_LONGEST_WAIT_S = 20.0
"""What of standard input may be sent and not judged yet before more is: it may come faster than time passes."""


class SourceGoneError(Exception):
    """The source cannot be read any more; the message is for a person."""


class Viewer(Protocol):
    """Sees how it goes on."""

    def happened(self, event: live_pb2.LiveEvent) -> None:
        """There is something new."""

    def said(self, text: str) -> None:
        """Something happened to the connection."""


@dataclass(frozen=True)
class _Segment:
    data: bytes
    header_bytes: int
    start_s: float


async def watch(
    server: str, source: Source, viewer: Viewer, stop: asyncio.Event, *, encode: bool, gone_s: float
) -> live_pb2.LiveEvent | None:
    """Watch a source until it ends for good, or is told to stop; gives the last event, with the verdict on the whole.

    Args:
        server: Address of the server.
        source: What to watch.
        viewer: Told of everything.
        stop: Set to end.
        encode: See `Source.command`.
        gone_s: How long a source may be gone, seconds.

    Raises:
        ServiceError: The server refused.
        SourceGoneError: Nothing ever came.
        FileNotFoundError: ffmpeg is not installed.
    """
    async with NotReally(server) as client:
        return await _Watch(await client.live(), source, viewer, encode=encode, gone_s=gone_s).run(stop)


class _Watch:
    def __init__(self, live: Live, source: Source, viewer: Viewer, *, encode: bool, gone_s: float) -> None:
        self._live = live
        self._source = source
        self._viewer = viewer
        self._encode = encode
        self._gone_s = gone_s
        self._began = time.monotonic()
        self._end_s = 0.0
        self._sent = 0
        self._last: live_pb2.LiveEvent | None = None
        self._news = asyncio.Condition()
        self._judged_s = 0.0

    async def run(self, stop: asyncio.Event) -> live_pb2.LiveEvent | None:
        watching = asyncio.create_task(self._follow())
        sending = asyncio.create_task(self._send_all())
        stopping = asyncio.create_task(stop.wait())
        try:
            # The session may end first: it has a limit.
            await asyncio.wait((watching, sending, stopping), return_when=asyncio.FIRST_COMPLETED)
            if sending.done() or stopping.done():
                problem = sending.exception() if sending.done() else None
                await self._live.end()
                await watching
                if isinstance(problem, SourceGoneError) and self._sent:
                    self._viewer.said(str(problem))
                elif problem is not None:
                    raise problem
            else:
                await watching
        finally:
            for task in (watching, sending, stopping):
                task.cancel()
            await asyncio.gather(watching, sending, stopping, return_exceptions=True)
        return self._last

    async def _follow(self) -> None:
        async for event in self._live.events():
            async with self._news:
                self._last = event
                self._judged_s = event.through_s
                self._news.notify_all()
            self._viewer.happened(event)
            if event.state in ENDED:
                return

    async def _send_all(self) -> None:
        pause_s, gone_since = _FIRST_PAUSE_S, time.monotonic()
        while True:
            before = self._sent
            said = await self._send_once()
            if not self._source.comes_back:
                if not self._sent:
                    raise SourceGoneError(f"Nothing that can be watched came from {self._source.shown}. {said}".strip())
                return
            if self._sent > before:
                pause_s, gone_since = _FIRST_PAUSE_S, time.monotonic()
            if time.monotonic() - gone_since > self._gone_s:
                raise SourceGoneError(
                    f"Nothing came from {self._source.shown} for {self._gone_s:.0f} s. {said}".strip()
                )
            self._viewer.said(f"{self._source.shown} gives nothing; it is tried again")
            await asyncio.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)

    async def _send_once(self) -> str:
        """Send what one run of ffmpeg gives; returns its last words."""
        base_s = max(time.monotonic() - self._began, self._end_s)
        async with Reading(self._source, encode=self._encode) as reading:
            async for segment in self._segments(reading):
                await self._keep_pace()
                start_s = base_s + segment.start_s
                try:
                    await self._live.send(segment.data, start_s, segment.header_bytes)
                except ServiceError as error:
                    if error.reason != "SEGMENT_TOO_LARGE":
                        raise
                    self._viewer.said(error.message)
                self._sent += 1
                self._end_s = start_s + _SEGMENT_S
            return reading.complaint

    async def _segments(self, reading: Reading) -> AsyncIterator[_Segment]:
        clusters = Clusters()
        waiting: list[Cluster] = []
        first_s: float | None = None
        since = time.monotonic()
        try:
            async for piece in reading.pieces():
                for cluster in clusters.feed(piece):
                    since = time.monotonic()
                    if first_s is None:
                        first_s = cluster.start_s
                    if waiting and cluster.start_s - waiting[0].start_s >= _SEGMENT_S:
                        yield _segment(clusters.header, waiting, first_s)
                        waiting = []
                    waiting.append(cluster)
                if time.monotonic() - since > _LONGEST_S and not self._encode and self._source.comes_back:
                    self._encode = True
                    self._viewer.said(f"no keyframe for {_LONGEST_S:.0f} s: the picture is encoded anew")
                    return
        except NotMatroskaError as error:
            self._viewer.said(f"what ffmpeg gave cannot be used: {error}")
            return
        if waiting and first_s is not None:
            yield _segment(clusters.header, waiting, first_s)

    async def _keep_pace(self) -> None:
        """Have standard input wait for verdicts, so that no window is left out."""
        if self._source.comes_back:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAIT_S), self._news:
                await self._news.wait_for(lambda: self._end_s - self._judged_s < _AHEAD_S)


def _segment(header: bytes, clusters: list[Cluster], first_s: float) -> _Segment:
    data = header + b"".join(cluster.data for cluster in clusters)
    return _Segment(data, len(header), clusters[0].start_s - first_s)
