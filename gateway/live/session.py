"""One live session while this process works on it: segments are measured as they come, and each step is judged."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Sequence
from typing import Any

import structlog
from notreally.v1 import analysis_pb2, audio_pb2, face_pb2, live_pb2, metadata_pb2

from gateway.analysis import planning
from gateway.analysis.conclusion import conclude
from gateway.analysis.extraction import Extraction
from gateway.analysis.news import News
from gateway.analysis.reach import gave_no_answer
from gateway.live.facts import joined
from gateway.live.people import People, whereabouts, within
from gateway.live.remarks import remarks
from gateway.live.shelf import Shelf
from gateway.live.windows import Piece, Step, Windows
from gateway.store.sessions import Session, Sessions
from services.kit.errors import Refusal

log = structlog.get_logger()

RECENT_S = 30.0
"""What the rolling verdict is about."""

_WINDOWS = round(planning.WHOLE_S / planning.WINDOW_S)
"""Of an analysis of a file: a window here has as many frames and portraits as one there."""

_STEP_S = 12.0
"""Longest that a step may take before it is given up."""

_EARLY_S = 1.75
"""Where the last step took longer, with the wait for its turn, parts of windows are not looked at: the whole would have
to wait for them."""

_JUDGING_S = 10.0
_POLL_S = 0.5
_JUMP_S = 2.0
"""Where the clocks of sender and container differ by more, the container's has jumped."""

_MOST_UNREADABLE = 3
_WHOLE_SHARE = 8.0
"""The whole session is judged anew when this many times as long has passed as it took the last time."""


class LiveSession:
    """The work on one session.

    Args:
        row: Its record.
        sessions: Where that is.
        shelf: Its blobs.
        extraction: The services.
        news: Tells of segments that have come, and is told of events.
        turns: Shared by all sessions: so many steps are taken at a time, each as fast as the machine can.
        max_frames: Of an analysis of a file.
        audio_enabled: Whether sound is analysed.
    """

    def __init__(
        self,
        row: Session,
        sessions: Sessions,
        shelf: Shelf,
        extraction: Extraction,
        news: News,
        turns: asyncio.Semaphore,
        *,
        max_frames: int,
        audio_enabled: bool,
    ) -> None:
        """Nothing is done yet."""
        self._row = row
        self._sessions = sessions
        self._shelf = shelf
        self._extraction = extraction
        self._news = news
        self._turns = turns
        self._max_frames = max_frames
        self._audio_enabled = audio_enabled
        self._windows = Windows()
        self._people = People()
        self._faces: dict[int, face_pb2.FaceWindow] = {}
        self._sounds: dict[int, audio_pb2.AudioWindow] = {}
        self._provisional: face_pb2.FaceWindow | None = None
        self._segments: dict[int, live_pb2.SendSegmentRequest] = {}
        self._arrived: dict[int, float] = {}
        self._facts: metadata_pb2.MediaFacts | None = None
        self._taken = 0
        self._run = 0
        self._header = ""
        self._clock_s = 0.0
        self._end_s = 0.0
        self._sequence = 0
        self._unreadable = 0
        self._refusal: Refusal | None = None
        self._skipped_before = 0
        self._step_s = 0.0
        self._whole: tuple[float, float, analysis_pb2.AnalysisResult] | None = None

    def arrived(self, sequence: int) -> None:
        """Note when a segment came, for the latency that is told."""
        self._arrived.setdefault(sequence, time.monotonic())

    async def work(self) -> None:
        """Until the session has ended, or another process has taken it on."""
        if await self._close():  # a process that is gone came as far as that
            return
        owner = self._row.owner
        await self._recall()
        with self._news.listening(self._row.id) as news:
            while True:
                news.clear()
                if not await self._look(owner):
                    return
                if self._next() is not None:
                    began = time.monotonic()
                    async with self._turns:
                        # More may have come while others had theirs, of which the latest counts.
                        if not await self._look(owner):
                            return
                        if (step := self._next()) is not None:
                            await self._take(step)
                    self._step_s = time.monotonic() - began
                elif not self._row.running:
                    await self._finish()
                    return
                else:
                    await _either(news, _POLL_S)

    async def _look(self, owner: str | None) -> bool:
        """See what has come; whether the session is still this one's to work on."""
        row = await asyncio.to_thread(self._sessions.get, self._row.id)
        if row is None or row.ended or row.owner != owner:
            return False
        self._row = row
        await self._take_in(row.acknowledged)
        if not row.running:
            self._windows.end()
        return True

    def _next(self) -> Step | None:
        return self._windows.next(early=self._step_s < _EARLY_S)

    # --- segments ---------------------------------------------------------------------------------------------------

    async def _take_in(self, acknowledged: int) -> None:
        while self._taken < acknowledged:
            self._taken += 1
            segment = await self._shelf.segment(self._taken)
            if segment is None:
                continue
            self.arrived(self._taken)
            try:
                async with self._shelf.file(segment.data) as media:
                    probe = await self._extraction.facts(media, _STEP_S)
                piece = self._place(segment, probe.facts)
            except Refusal as refusal:
                log.info("a segment cannot be read", reason=refusal.reason)
                self._unreadable += 1
                self._refusal = refusal
                await self._shelf.drop_segment(self._taken)
                continue
            self._facts = joined(self._facts, probe.facts)
            self._segments[self._taken] = segment
            self._windows.add(piece)

    def _place(self, segment: live_pb2.SendSegmentRequest, facts: metadata_pb2.MediaFacts) -> Piece:
        """Where a segment lies on the session's clock: where its container says, as long as that clock runs on."""
        seen = facts.HasField("video")
        begins_s = facts.video.start_s if seen else facts.audio.start_s
        length_s = (facts.video.duration_s if seen else facts.audio.duration_s) or facts.duration_s
        header = segment.data[: segment.header_bytes]
        name = hashlib.sha256(header).hexdigest() if header else ""
        joins = bool(name)
        claimed_s = max(segment.start_s, self._end_s)
        runs_on = joins and name == self._header and abs(begins_s - self._clock_s - claimed_s) < _JUMP_S
        if not runs_on:
            self._run += 1
            self._header = name
            self._clock_s = begins_s - claimed_s
        start_s = max(begins_s - self._clock_s, self._end_s)
        self._end_s = max(begins_s - self._clock_s + max(length_s, 0.04), start_s + 0.01)
        return Piece(segment.sequence, start_s, self._end_s, self._run, joins, self._clock_s)

    # --- steps ------------------------------------------------------------------------------------------------------

    async def _take(self, step: Step) -> None:
        """Measure what a step is about, and say what follows from it."""
        facts = self._facts or metadata_pb2.MediaFacts()
        try:
            async with self._shelf.file(self._joined(step.pieces)) as media:
                seen, heard = await asyncio.gather(
                    self._see(step, media, facts), self._hear(step, media, facts), return_exceptions=True
                )
        except Refusal as refusal:
            seen = heard = refusal
        for outcome in (seen, heard):
            if isinstance(outcome, Refusal):
                log.info("a live step was given up", reason=outcome.reason)
                self._refusal = outcome if not gave_no_answer(outcome) else self._refusal
            elif isinstance(outcome, BaseException):
                raise outcome
        if isinstance(seen, Refusal):
            self._windows.skipped += 0 if step.provisional else len(step.faces)
        elif not isinstance(seen, BaseException):
            await self._keep_faces(step, seen)
        if not isinstance(heard, BaseException):
            for sound in heard:
                self._sounds[sound.window.index] = sound
                await self._shelf.put_sounds(sound)
        self._windows.done(step)
        await self._let_go()
        await self._judge(max((piece.sequence for piece in step.pieces), default=0))

    def _joined(self, pieces: Sequence[Piece]) -> bytes:
        segments = [self._segments[piece.sequence] for piece in pieces if piece.sequence in self._segments]
        rest = [segment.data[segment.header_bytes :] for segment in segments[1:]]
        return b"".join([segments[0].data, *rest]) if segments else b""

    async def _see(self, step: Step, media: Any, facts: metadata_pb2.MediaFacts) -> list[face_pb2.FaceWindow]:
        if not step.faces or not facts.HasField("video"):
            return []
        request = face_pb2.FaceServiceExtractWindowsRequest(
            media=media,
            windows=step.faces,
            video_start_s=step.pieces[-1].clock_s,
            frame_stride=planning.frame_stride(facts.video.fps),
            max_frames=planning.most_frames(self._max_frames, _WINDOWS),
            max_crops=planning.scored_crops(_WINDOWS),
        )
        return await self._extraction.faces(request, _STEP_S)

    async def _hear(self, step: Step, media: Any, facts: metadata_pb2.MediaFacts) -> list[audio_pb2.AudioWindow]:
        if not step.sounds or not self._audio_enabled or not facts.HasField("audio"):
            return []
        request = audio_pb2.AudioServiceExtractWindowsRequest(
            media=media, windows=step.sounds, video_start_s=step.pieces[-1].clock_s, is_excerpt=True
        )
        return await self._extraction.sounds(request, _STEP_S)

    async def _keep_faces(self, step: Step, seen: Sequence[face_pb2.FaceWindow]) -> None:
        for window in seen:
            for track in window.tracks:
                track.ClearField("contours")  # for drawing over a video that nobody keeps
        self._provisional = seen[-1] if seen and step.provisional else None
        if not step.provisional:
            for window in seen:
                self._faces[window.window.index] = window
                await self._shelf.put_faces(window)

    async def _let_go(self) -> None:
        """Delete the segments that were used, and note how far the session is."""
        needed = self._windows.needed
        used = [sequence for sequence in self._segments if sequence not in needed]
        await self._shelf.put_state(self._state())
        for sequence in used:
            await self._shelf.drop_segment(sequence)
            del self._segments[sequence]

    # --- verdicts ---------------------------------------------------------------------------------------------------

    async def _judge(self, sequence: int) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(_JUDGING_S):
                event = await self._event(last=False)
        except (TimeoutError, Refusal) as error:
            log.info("a live verdict was left out", error=type(error).__name__)
            return
        if event.state == live_pb2.LIVE_STATE_JUDGING:
            await asyncio.to_thread(self._sessions.judge, self._row.id)
        event.latency_s = time.monotonic() - self._arrived.get(sequence, began)
        self._arrived = {number: at for number, at in self._arrived.items() if number > sequence}
        await self._tell(event)

    async def _event(self, *, last: bool) -> live_pb2.LiveEvent:
        facts = self._facts or metadata_pb2.MediaFacts()
        faces = [self._faces[index] for index in sorted(self._faces)]
        if self._provisional is not None and not last:
            faces.append(self._provisional)
        sounds = [self._sounds[index] for index in sorted(self._sounds)]
        through_s = max([0.0, *(one.window.end_s for one in faces), *(one.window.end_s for one in sounds)])
        since_s = through_s - RECENT_S
        persons = await asyncio.to_thread(self._people.find, faces)
        recent, _ = await conclude(
            self._extraction,
            [window for window in faces if window.window.end_s > since_s],
            [window for window in sounds if window.window.end_s > since_s],
            facts,
            (),
            (),
            within(persons, since_s),
        )
        whole = await self._judge_whole(faces, sounds, facts, persons, last=last)
        verdicts = (recent.verdict, whole.verdict)
        is_enough = any(verdict != analysis_pb2.VERDICT_INSUFFICIENT for verdict in verdicts)
        latest = faces[-1] if faces else None
        event = live_pb2.LiveEvent(
            state=live_pb2.LIVE_STATE_JUDGING if is_enough else live_pb2.LIVE_STATE_COLLECTING,
            through_s=through_s,
            recent=recent,
            whole=whole,
            faces=whereabouts(persons),
            remarks=remarks(
                latest,
                sounds[-1] if sounds else None,
                within(persons, latest.window.start_s) if latest else (),
                facts,
                self._windows.skipped - self._skipped_before,
            ),
            windows_analyzed=len(self._faces.keys() | self._sounds.keys()),
            windows_skipped=self._windows.skipped,
        )
        if not last:
            event.whole.ClearField("timeline")
        self._skipped_before = self._windows.skipped
        return event

    async def _judge_whole(
        self,
        faces: Sequence[face_pb2.FaceWindow],
        sounds: Sequence[audio_pb2.AudioWindow],
        facts: metadata_pb2.MediaFacts,
        persons: Any,
        *,
        last: bool,
    ) -> analysis_pb2.AnalysisResult:
        """What the whole session says; of a long one not at every step, for it takes longer and longer."""
        began = time.monotonic()
        if self._whole is not None and not last:
            judged_at, took_s, result = self._whole
            if began - judged_at < _WHOLE_SHARE * took_s:
                return result
        result, _ = await conclude(self._extraction, faces, sounds, facts, (), (), persons)
        self._whole = (time.monotonic(), time.monotonic() - began, result)
        return result

    async def _tell(self, event: live_pb2.LiveEvent) -> None:
        await self._shelf.put_event(self._numbered(event))
        await self._shelf.put_state(self._state())
        self._news.tell(self._row.id)

    def _numbered(self, event: live_pb2.LiveEvent) -> live_pb2.LiveEvent:
        self._sequence += 1
        event.session = f"live/{self._row.id}"
        event.sequence = self._sequence
        event.time.GetCurrentTime()
        return event

    async def _finish(self) -> None:
        """Say what the whole was, once what it was made of is deleted."""
        if not self._faces and not self._sounds and self._refusal is not None:
            event = live_pb2.LiveEvent(state=live_pb2.LIVE_STATE_FAILED, error=self._refusal.status())
        else:
            event = await self._event(last=True)
            event.state = live_pb2.LIVE_STATE_ENDED
        event.end = self._row.end
        await self._shelf.put_last_event(self._numbered(event))
        await self._close()

    async def _close(self) -> bool:
        """Whether the last event is there; all else is deleted then, and the session has ended."""
        last = await self._shelf.leave_last_event()
        if last is None:
            return False
        await asyncio.to_thread(self._sessions.close, self._row.id, last.state, self._row.owner)
        self._news.tell(self._row.id)
        log.info("a live session ended", windows=last.windows_analyzed, skipped=last.windows_skipped)
        return True

    # --- what another process goes on with ----------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        facts = self._facts.SerializeToString() if self._facts else b""
        return {
            "windows": self._windows.state(),
            "facts": base64.b64encode(facts).decode(),
            "taken": self._taken,
            "run": self._run,
            "header": self._header,
            "clock_s": self._clock_s,
            "end_s": self._end_s,
            "sequence": self._sequence,
            "unreadable": self._unreadable,
        }

    async def _recall(self) -> None:
        state = await self._shelf.state()
        if state is None:
            return
        self._windows = Windows.of(state["windows"])
        facts = base64.b64decode(state["facts"])
        self._facts = metadata_pb2.MediaFacts.FromString(facts) if facts else None
        self._taken, self._run, self._header = state["taken"], state["run"], state["header"]
        self._clock_s, self._end_s = state["clock_s"], state["end_s"]
        self._sequence, self._unreadable = state["sequence"], state["unreadable"]
        # What was told after the state was stored was told.
        while await self._shelf.event(self._sequence + 1) is not None:
            self._sequence += 1
        count = self._windows.next_index
        self._faces = {window.window.index: window for window in await self._shelf.faces(count)}
        self._sounds = {window.window.index: window for window in await self._shelf.sounds(count)}
        for sequence in sorted(self._windows.needed):
            if segment := await self._shelf.segment(sequence):
                self._segments[sequence] = segment
        log.info("a live session is taken up again", windows=count)


async def _either(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return
