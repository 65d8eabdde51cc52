"""Sessions from outside: begun, fed, ended, taken on from a gateway that is gone, and forgotten."""

import asyncio
import contextvars
import datetime as dt
import math
import uuid
from collections.abc import Callable

import google_crc32c
import grpc
import structlog
from notreally.v1 import live_pb2

from gateway.analysis.extraction import Extraction
from gateway.analysis.news import News
from gateway.live.session import LiveSession
from gateway.live.shelf import Shelf
from gateway.settings import GatewaySettings
from gateway.store.records import FullError
from gateway.store.sessions import Session, Sessions
from services.kit.errors import Refusal
from services.kit.media.store import MediaStore

log = structlog.get_logger()

MAX_SEGMENT_S = 12.0
"""Longest segment: what is longer comes too late to be live."""

_SWEEP_S = 2.0
_GONE = dt.timedelta(seconds=15)
_FORGET = dt.timedelta(seconds=60)
_RETRY_AFTER_S = 15.0
_FURTHEST_S = 2.0
"""How far a segment may begin after the session's limit."""


class LiveKeeping:
    """Sees to it that every session is worked on by one gateway, ends, and is forgotten.

    Args:
        sessions: Their records.
        media: Their blobs.
        is_used: Whether a video with this hash belongs to an upload or an analysis.
        extraction: The services.
        news: Told of what happens here.
        settings: Limits.
    """

    def __init__(
        self,
        sessions: Sessions,
        media: MediaStore,
        is_used: Callable[[str], bool],
        extraction: Extraction,
        news: News,
        settings: GatewaySettings,
    ) -> None:
        """Work on nothing yet."""
        self._sessions = sessions
        self._media = media
        self._is_used = is_used
        self._extraction = extraction
        self._news = news
        self._settings = settings
        self._prefix = f"{settings.executor_id}/"
        self._owner = f"{self._prefix}{uuid.uuid4().hex}"
        self._turns = asyncio.Semaphore(settings.live_steps)
        self._work: dict[str, tuple[LiveSession, asyncio.Task[None]]] = {}

    def shelf(self, session_id: str) -> Shelf:
        """The blobs of a session."""
        return Shelf(self._media, session_id, self._is_used)

    async def start(self, request_id: str | None, caller: str) -> Session:
        """Begin a session; see the contract.

        Raises:
            Refusal: LIVE_OFF, LIVE_FULL.
        """
        most = self._settings.live_sessions
        if not most:
            text = "This server judges nothing live. Record it, and upload the recording."
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "LIVE_OFF", text)
        try:
            row = await asyncio.to_thread(self._sessions.start, request_id, caller, most)
        except FullError:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "LIVE_FULL",
                f"This server is judging {most} live {'session' if most == 1 else 'sessions'} already. Try again in a "
                "little while.",
                retry_after_s=_RETRY_AFTER_S,
            ) from None
        await self._take_on(row)
        return row

    async def accept(self, row: Session, segment: live_pb2.SendSegmentRequest) -> Session:
        """Store a segment, if it is the next one.

        Raises:
            Refusal: EMPTY_CHUNK, SEGMENT_TOO_LARGE, CHECKSUM_MISMATCH, BAD_SEGMENT, LIVE_ENDED, WRONG_SEQUENCE.
        """
        self._check(segment)
        if 0 < segment.sequence <= row.acknowledged:
            return row
        if not row.running:
            raise _ended()
        if segment.sequence != row.acknowledged + 1:
            raise _wrong_sequence(row)
        await self.shelf(row.id).put_segment(segment)
        if not await asyncio.to_thread(self._sessions.acknowledge, row.id, segment.sequence):
            now = await asyncio.to_thread(self._sessions.get, row.id)
            if now is None or not now.running:
                await self.shelf(row.id).drop_segment(segment.sequence)
                raise _ended()
            if segment.sequence > now.acknowledged:
                raise _wrong_sequence(now)
        if row.id in self._work:
            self._work[row.id][0].arrived(segment.sequence)
        else:
            await self._take_on(row)
        self._news.tell(row.id)
        return await self.get(row.id)

    async def get(self, session_id: str) -> Session:
        """A session as it stands.

        Raises:
            Refusal: NOT_FOUND, LIVE_NOT_FOUND.
        """
        row = await asyncio.to_thread(self._sessions.get, session_id)
        if row is None:
            text = "There is no such live session. Nothing of one is kept after its end."
            raise Refusal(grpc.StatusCode.NOT_FOUND, "LIVE_NOT_FOUND", text)
        return row

    async def end(self, row: Session, why: "live_pb2.LiveEnd.ValueType") -> None:
        """Take no more segments."""
        if await asyncio.to_thread(self._sessions.end, row.id, why):
            self._news.tell(row.id)
            await self._take_on(row)

    async def keep_looking(self) -> None:
        """End, take on and forget sessions, until cancelled."""
        await asyncio.to_thread(self._sessions.release, "", self._prefix)
        while True:
            try:
                await self.look_after()
            except Refusal as refusal:
                log.warning("looking after live sessions was cut short", reason=refusal.reason)
            except Exception:
                log.exception("looking after live sessions failed; it is tried again")
            await asyncio.sleep(_SWEEP_S)

    async def look_after(self) -> None:
        """Do so once."""
        rows = await asyncio.to_thread(self._sessions.all)
        if not rows:
            return
        now = dt.datetime.now(dt.UTC)
        if self._work:
            await asyncio.to_thread(self._sessions.hold, self._owner)
        for row in rows:
            if row.running and (now - row.touched_at).total_seconds() > self._settings.live_silence_s:
                await self.end(row, live_pb2.LIVE_END_SILENCE)
            elif row.running and (now - row.created_at).total_seconds() > self._settings.live_max_s:
                await self.end(row, live_pb2.LIVE_END_LIMIT)
            elif row.ended_at is not None and now - row.ended_at > _FORGET:
                await self.shelf(row.id).clear()
                await asyncio.to_thread(self._sessions.forget, row.id)
                self._news.tell(row.id)
            elif not row.ended:
                await self._take_on(row)

    async def leave(self) -> None:
        """Stop all work, and let other gateways go on with it."""
        tasks = [task for _, task in self._work.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._sessions.release, self._owner)

    async def _take_on(self, row: Session) -> None:
        """Work on a session, unless some gateway does."""
        if row.id in self._work or not await asyncio.to_thread(self._sessions.claim, row.id, self._owner, _GONE):
            return
        claimed = await asyncio.to_thread(self._sessions.get, row.id)
        if claimed is None or row.id in self._work:
            return
        session = LiveSession(
            claimed,
            self._sessions,
            self.shelf(row.id),
            self._extraction,
            self._news,
            self._turns,
            max_frames=self._settings.max_frames,
            audio_enabled=self._settings.audio_enabled,
        )
        # What it logs is not the call's that happened to come first.
        task = asyncio.get_running_loop().create_task(self._run(row.id, session), context=contextvars.Context())
        self._work[row.id] = (session, task)

    async def _run(self, session_id: str, session: LiveSession) -> None:
        structlog.contextvars.bind_contextvars(live=session_id)
        try:
            await session.work()
        except Refusal as refusal:
            # The database or the media store gave no answer: whoever looks next takes it up where it is.
            log.warning("work on a live session was cut short", reason=refusal.reason)
        except Exception:
            log.exception("work on a live session failed; it is taken up again")
        finally:
            self._work.pop(session_id, None)

    def _check(self, segment: live_pb2.SendSegmentRequest) -> None:
        if not segment.data:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "EMPTY_CHUNK", "A segment must hold at least one byte.")
        if len(segment.data) > self._settings.live_max_segment_bytes:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "SEGMENT_TOO_LARGE",
                f"A segment may hold at most {self._settings.live_max_segment_bytes} bytes. Send shorter ones, or a "
                "smaller picture.",
                max_segment_bytes=str(self._settings.live_max_segment_bytes),
            )
        if google_crc32c.value(segment.data) != segment.crc32c:
            text = "The segment was damaged in transit. Send it again."
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "CHECKSUM_MISMATCH", text)
        latest_s = self._settings.live_max_s + _FURTHEST_S
        is_placed = math.isfinite(segment.start_s) and 0 <= segment.start_s <= latest_s
        if not segment.sequence or not is_placed or segment.header_bytes >= len(segment.data):
            text = "A segment needs a number, a time within the session, and more bytes than its header."
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_SEGMENT", text)


def _ended() -> Refusal:
    text = "This live session has ended. Start another one to go on."
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, "LIVE_ENDED", text)


def _wrong_sequence(row: Session) -> Refusal:
    return Refusal(
        grpc.StatusCode.OUT_OF_RANGE,
        "WRONG_SEQUENCE",
        f"The next segment is number {row.acknowledged + 1}.",
        acknowledged_sequence=str(row.acknowledged),
    )
