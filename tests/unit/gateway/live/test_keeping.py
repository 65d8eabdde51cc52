"""Sessions over a real database and media store: fed, handed over, ended by themselves, forgotten."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
import sqlalchemy as sa
from notreally.v1 import audio_pb2, classifier_pb2, face_pb2, features_pb2, live_pb2, media_pb2, metadata_pb2

from gateway.analysis.extraction import Extraction
from gateway.analysis.news import News
from gateway.live.keeping import LiveKeeping
from gateway.settings import GatewaySettings
from gateway.store.database import connect, live_sessions
from gateway.store.sessions import Session, Sessions
from services.kit.media.store import MediaStore


class Services(Extraction):
    """Finds nobody in a picture of two seconds, and keeps count; may be told to wait."""

    def __init__(self) -> None:
        self.windows: list[int] = []
        self.open = asyncio.Event()
        self.open.set()

    async def facts(self, media: media_pb2.MediaRef, timeout_s: float) -> metadata_pb2.ProbeResponse:
        await self.open.wait()
        video = metadata_pb2.VideoFacts(width=64, height=48, fps=30, frame_count=120, duration_s=4, bit_rate=1e5)
        facts = metadata_pb2.MediaFacts(container="mp4", duration_s=4, size_bytes=media.size_bytes, video=video)
        return metadata_pb2.ProbeResponse(facts=facts)

    async def faces(
        self, request: face_pb2.FaceServiceExtractWindowsRequest, timeout_s: float
    ) -> list[face_pb2.FaceWindow]:
        self.windows += [window.index for window in request.windows]
        return [
            face_pb2.FaceWindow(window=window, frame_times_s=[window.start_s], frames_decoded=1)
            for window in request.windows
        ]

    async def sounds(
        self, request: audio_pb2.AudioServiceExtractWindowsRequest, timeout_s: float
    ) -> list[audio_pb2.AudioWindow]:
        return []

    async def classify(self, features: features_pb2.FeatureVector) -> classifier_pb2.ClassifyResponse:
        return classifier_pb2.ClassifyResponse(prob_fake=0.5)

    async def model(self) -> classifier_pb2.Model:
        return classifier_pb2.Model(version="m")


class Place:
    """A database and a media store that gateways share."""

    def __init__(self, folder: Path) -> None:
        self.engine = connect(f"sqlite:///{folder / 'rows.db'}")
        self.folder = folder / "media"
        self.media = MediaStore.open(self.folder.as_uri())

    def files(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.rglob("*") if path.is_file())

    def age(self, **seconds: float) -> None:
        now = dt.datetime.now(dt.UTC)
        values: dict[str, Any] = {name: now - dt.timedelta(seconds=value) for name, value in seconds.items()}
        with self.engine.begin() as connection:
            connection.execute(sa.update(live_sessions).values(**values))

    def keeping(self, services: Services, name: str = "one") -> LiveKeeping:
        settings = GatewaySettings(executor_id=name, live_silence_s=60)
        return LiveKeeping(Sessions(self.engine), self.media, lambda _: False, services, News(), settings)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    yield made
    made.engine.dispose()


@asynccontextmanager
async def running(keeping: LiveKeeping) -> AsyncIterator[LiveKeeping]:
    try:
        yield keeping
    finally:
        await keeping.leave()


async def send(keeping: LiveKeeping, session_id: str, number: int) -> Session:
    data = f"segment {number}".encode()
    segment = live_pb2.SendSegmentRequest(
        name=f"live/{session_id}",
        sequence=number,
        data=data,
        crc32c=google_crc32c.value(data),
        start_s=4.0 * number - 4,
    )
    return await keeping.accept(await keeping.get(session_id), segment)


async def event(keeping: LiveKeeping, session_id: str, wanted: Any) -> live_pb2.LiveEvent:
    async with asyncio.timeout(30):
        while True:
            last = await keeping.shelf(session_id).last_event()
            if last is not None and wanted(last):
                return last
            await asyncio.sleep(0.02)


def is_over(last: live_pb2.LiveEvent) -> bool:
    return last.state == live_pb2.LIVE_STATE_ENDED


async def test_segments_are_deleted_as_they_are_used_and_the_rest_at_the_end(place: Place) -> None:
    services = Services()
    async with running(place.keeping(services)) as keeping:
        row = await keeping.start(None, "")
        for number in (1, 2):
            await send(keeping, row.id, number)
            await event(keeping, row.id, lambda last, n=number: last.windows_analyzed == n)
        assert "segments" not in place.files()
        await keeping.end(row, live_pb2.LIVE_END_ASKED)
        last = await event(keeping, row.id, is_over)
        assert (last.windows_analyzed, services.windows) == (2, [0, 1])
        assert place.files() == ["events"]
        # After a minute nothing says that there ever was a session.
        place.age(ended_at=61)
        await keeping.look_after()
        assert place.files() == []
        with place.engine.connect() as connection:
            assert connection.execute(sa.select(live_sessions)).all() == []


async def test_another_gateway_goes_on_with_what_one_that_died_had_stored(place: Place) -> None:
    dead = Services()
    first = place.keeping(dead)
    row = await first.start(None, "")
    await send(first, row.id, 1)
    await event(first, row.id, lambda last: last.windows_analyzed == 1)
    dead.open.clear()  # it takes the next one, and is never heard of again
    await send(first, row.id, 2)
    services = Services()
    async with running(place.keeping(services, "two")) as second:
        await second.look_after()
        assert services.windows == []  # the first may be there
        place.age(owner_seen_at=20)
        await send(second, row.id, 3)
        last = await event(second, row.id, lambda last: last.windows_analyzed + last.windows_skipped == 3)
        assert last.sequence >= 2
        assert 0 not in services.windows  # what was measured is not measured again
        await second.end(row, live_pb2.LIVE_END_ASKED)
        await event(second, row.id, is_over)
        assert place.files() == ["events"]
    for _, task in first._work.values():
        task.cancel()


async def test_silence_and_the_limit_end_a_session(place: Place) -> None:
    async with running(place.keeping(Services())) as keeping:
        for aged, why in (("touched_at", live_pb2.LIVE_END_SILENCE), ("created_at", live_pb2.LIVE_END_LIMIT)):
            row = await keeping.start(None, "")
            place.age(**{aged: 2000})
            await keeping.look_after()
            assert (await event(keeping, row.id, is_over)).end == why
            place.age(ended_at=61)
            await keeping.look_after()


async def test_a_request_that_is_repeated_is_the_same_session(place: Place) -> None:
    async with running(place.keeping(Services())) as keeping:
        one = await keeping.start("a", "")
        assert (await keeping.start("a", "")).id == one.id
