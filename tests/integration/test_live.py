"""Live sessions over the public port: judged as they run, equal to a file in the end, and nothing kept of them."""

import asyncio
import dataclasses
from pathlib import Path

import google_crc32c
import grpc
import pytest
from notreally.v1 import analysis_pb2, live_pb2, live_pb2_grpc

from client import NotReally, Patience, ServiceError
from client.live import Live
from gateway.features.vector import FEATURES
from services.kit.errors import refusal_of
from tests.integration.live_clips import Fragments, fragments
from tests.integration.stack import Stack, wait_for
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import LIVELY

SIXTEEN = dataclasses.replace(LIVELY, seconds=16.0)
"""As a file it has four windows of four seconds, as it has live."""


async def judged(live: Live, found: Fragments) -> list[live_pb2.LiveEvent]:
    """Events of a session that is sent fragments, none before nearly all before it was judged."""
    events: list[live_pb2.LiveEvent] = []
    news = asyncio.Condition()

    async def watch() -> None:
        async for event in live.events():
            async with news:
                events.append(event)
                news.notify_all()

    watching = asyncio.create_task(watch())
    for number, (fragment, start_s) in enumerate(zip(found.fragments, found.starts_s, strict=True), start=1):
        await live.send(found.header + fragment, start_s, len(found.header))
        async with news:
            while not events or 2 * number - events[-1].through_s >= 2.1:
                await news.wait()
    await live.end()
    await watching
    return events


def stored(stack: Stack) -> list[Path]:
    folder = Path(stack.home.media_url.removeprefix("file://"))
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_end_is_that_of_the_same_recording_as_a_file(
    stack: Stack, client: NotReally, face_video: MakeFaceVideo
) -> None:
    clip = face_video(SIXTEEN)
    before, lines = set(stored(stack)), len(stack.log)
    live = await client.live()
    events = await judged(live, fragments(clip))

    last = events[-1]
    assert (last.state, last.end) == (live_pb2.LIVE_STATE_ENDED, live_pb2.LIVE_END_ASKED)
    assert (last.windows_analyzed, last.windows_skipped) == (4, 0)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    # Too little at first, and then something new for every two seconds.
    assert events[0].state == live_pb2.LIVE_STATE_COLLECTING
    assert events[0].recent.verdict == analysis_pb2.VERDICT_INSUFFICIENT
    assert {event.state for event in events[:-1] if event.through_s > 7} == {live_pb2.LIVE_STATE_JUDGING}
    # Where a machine is busy, not every half of a window is looked at before the whole.
    through = [round(event.through_s) for event in events]
    assert through == sorted(through)
    assert {2, 4, 8, 12, 16} <= set(through) <= {2, 4, 6, 8, 10, 12, 14, 16}
    assert [face.number for event in events for face in event.faces] == [1] * len(events)
    assert all(face.present for event in events for face in event.faces)
    assert [segment.start_s for segment in last.whole.timeline] == pytest.approx([0, 4, 8, 12], abs=0.01)

    # Of the session, its last event alone is left; and no word of what was found is in the logs.
    left = [path for path in set(stored(stack)) - before if not str(path.parent).endswith("events")]
    assert left == []
    wait_for(lambda: any("a live session ended" in line for line in stack.log[lines:]))
    said = "".join(stack.log[lines:])
    assert "verdict" not in said.lower()
    assert last.whole.summary not in said

    whole, result = last.whole, (await client.analyze(clip)).result
    for spec in FEATURES:
        one, other = getattr(whole.features, spec.name), getattr(result.features, spec.name)
        assert one == pytest.approx(other, rel=1e-5, abs=1e-6), spec.name
    assert (whole.verdict, whole.headline) == (result.verdict, result.headline)
    assert whole.prob_fake == pytest.approx(result.prob_fake, abs=1e-6)
    assert whole.voice.prob_fake == pytest.approx(result.voice.prob_fake, abs=1e-6)


async def test_segments_that_cannot_be_joined_are_windows_of_their_own(
    client: NotReally, face_video: MakeFaceVideo
) -> None:
    clip = face_video(dataclasses.replace(LIVELY, seconds=4.0, faces=2)).read_bytes()
    live = await client.live()
    watching = asyncio.create_task(_all(live))
    for number in range(2):
        await live.send(clip, 4.1 * number)
    await live.end()
    *_, last = await watching
    assert last.windows_analyzed + last.windows_skipped == 2
    assert [face.number for face in last.faces] == [1, 2]
    assert {reason.reason for reason in last.remarks} == {"SEVERAL_FACES"}


async def test_what_cannot_be_read_fails_with_its_reason(client: NotReally) -> None:
    live = await client.live()
    await live.send(b"this is no video" * 100, 0.0)
    await live.end()
    *_, last = await _all(live)
    assert last.state == live_pb2.LIVE_STATE_FAILED
    assert last.error.message.startswith("This file is text, not a video.")


async def test_segments_are_checked_and_numbered(stack: Stack, client: NotReally) -> None:
    live = await client.live()
    async with grpc.aio.insecure_channel(stack.target) as channel:
        stub: live_pb2_grpc.LiveServiceAsyncStub = live_pb2_grpc.LiveServiceStub(channel)
        good = live_pb2.SendSegmentRequest(
            name=live.session.name, sequence=1, data=b"x", crc32c=google_crc32c.value(b"x")
        )

        async def reason(**changes: object) -> str:
            request = live_pb2.SendSegmentRequest()
            request.CopyFrom(good)
            request.MergeFrom(live_pb2.SendSegmentRequest(**changes))  # type: ignore[arg-type]
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await stub.SendSegment(request)
            refusal = refusal_of(error.value)
            assert refusal is not None
            return refusal.reason

        assert await reason(sequence=3) == "WRONG_SEQUENCE"
        assert await reason(crc32c=7) == "CHECKSUM_MISMATCH"
        assert await reason(start_s=-1.0) == "BAD_SEGMENT"
        assert await reason(header_bytes=1) == "BAD_SEGMENT"
        assert await reason(name="live/none") == "BAD_NAME"
        assert await reason(name="live/00000000-0000-4000-8000-000000000000") == "LIVE_NOT_FOUND"
        # Twice is once, and one stream does for many.
        twice = [(await stub.SendSegment(good)).acknowledged_sequence for _ in range(2)]
        more = [live_pb2.SendSegmentRequest(name=good.name, sequence=n, data=b"x", crc32c=good.crc32c) for n in (2, 3)]
        calls = stub.SendSegments(iter([live_pb2.SendSegmentsRequest(segment=one) for one in more]))
        assert [*twice, *[answer.acknowledged_sequence async for answer in calls]] == [1, 1, 2, 3]
        await live.end()
        assert await reason(sequence=4) == "LIVE_ENDED"


async def test_more_sessions_than_the_server_carries_are_told_when_to_come_back(client: NotReally) -> None:
    running: list[Live] = []

    async def five() -> None:
        for _ in range(5):
            running.append(await Live.start(client._channel, Patience(attempts=0)))  # noqa: PERF401 - one may fail

    try:
        with pytest.raises(ServiceError) as error:
            await five()
        assert error.value.reason == "LIVE_FULL"
        assert error.value.retry_after_s
    finally:
        for live in running:
            await live.end()


async def _all(live: Live) -> list[live_pb2.LiveEvent]:
    return [event async for event in live.events()]
