"""The workflow on the real DBOS, with a database and a media store that are away for a moment."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
import sqlalchemy as sa
import structlog
from dbos import DBOS, SetWorkflowID
from dbos import error as dbos_error
from dbos._dbos import _get_or_create_dbos_registry
from google.rpc import error_details_pb2, status_pb2
from notreally.v1 import analysis_pb2, audio_pb2, classifier_pb2, face_pb2, metadata_pb2

from gateway.analysis import outages, progress
from gateway.analysis.extraction import Extraction
from gateway.analysis.keeping import QUEUE, Keeping
from gateway.analysis.news import News
from gateway.analysis.plain import PlainSerializer
from gateway.analysis.presence import Presence
from gateway.analysis.under_way import EVENTS
from gateway.analysis.workflow import Analyses
from gateway.store.blobs import Blobs
from gateway.store.database import connect, step_log
from gateway.store.records import Analysis, Records
from gateway.store.rounds import Rounds
from services.kit.errors import Refusal
from services.kit.media.store import MEDIA_UNAVAILABLE, MediaStore
from tests.servers.home import laptop

# More than a defect is tried again.
MISSES = 5


class Outage:
    """Fails what needs a store, so many times."""

    left = 0

    def begin(self) -> None:
        self.left = MISSES

    def is_on(self) -> bool:
        self.left -= 1
        return self.left >= 0


class AwayMedia(MediaStore):
    """A media store with outages."""

    outage: Outage

    async def get(self, key: str) -> bytes | None:
        self._answer()
        return await super().get(key)

    async def put(self, key: str, data: bytes) -> None:
        self._answer()
        await super().put(key, data)

    def _answer(self) -> None:
        if self.outage.is_on():
            raise Refusal(grpc.StatusCode.UNAVAILABLE, MEDIA_UNAVAILABLE, "")


class Services:
    """All four, without work to do; stores fall silent when one of them is first asked, or has a window."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.outages: list[Outage] = []
        self.no_video = False
        self.sound_only = False
        self.factless = False
        self.deaf = False
        self.looked_at = 0
        self.killed_at: int | None = None
        """Window after whose storing nothing happens any more, as after a kill."""
        self.killed = asyncio.Event()
        self._known: set[object] = set()

    def _begin(self, moment: object) -> None:
        if moment not in self._known:
            self._known.add(moment)
            for outage in self.outages:
                outage.begin()

    async def probe(self, *_: object) -> metadata_pb2.ProbeResponse:
        self._begin("probe")
        if self.no_video:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "NOT_A_VIDEO", "This is not a video.")
        if self.factless:
            raise Refusal(grpc.StatusCode.UNAVAILABLE, "METADATA_UNAVAILABLE", "The metadata service did not answer.")
        if self.sound_only:
            sound = metadata_pb2.AudioFacts(duration_s=8.0)
            return metadata_pb2.ProbeResponse(facts=metadata_pb2.MediaFacts(container="mp3", audio=sound))
        video = metadata_pb2.VideoFacts(duration_s=20.0, fps=30.0)
        return metadata_pb2.ProbeResponse(
            facts=metadata_pb2.MediaFacts(container="mov", video=video, audio=metadata_pb2.AudioFacts())
        )

    async def face_run(self, analysis_id: str, *given: Any) -> None:
        windows, report = given[1], given[-2]
        self.looked_at += 1
        if self.sound_only:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "NOT_A_VIDEO", "This is not a video.")
        for window in windows:
            if not await self.blobs.has_window(analysis_id, "face", window.index):
                await self.blobs.put_window(analysis_id, "face", face_pb2.FaceWindow(window=window))
                self._begin(window.index)
                if window.index == self.killed_at:
                    self.killed.set()
                    await asyncio.Event().wait()
                await report(0.0, "", window)

    async def audio_run(self, analysis_id: str, *given: Any) -> None:
        self._begin("audio")
        if self.deaf:
            raise Refusal(grpc.StatusCode.UNAVAILABLE, "AUDIO_UNAVAILABLE", "The audio service did not answer.")
        for window in given[1] if self.sound_only else ():
            sound = audio_pb2.AudioWindow(window=window, has_audio=True, voiced_s=4.0)
            await self.blobs.put_window(analysis_id, "audio", sound)

    async def model(self) -> classifier_pb2.Model:
        self._begin("model")
        return classifier_pb2.Model()


class BrokenRecords(Records):
    """Records that cannot say why an analysis failed, at first."""

    broken = True

    def fail(self, analysis_id: str, error: status_pb2.Status) -> bool:
        if self.broken:
            raise ValueError("a defect")
        return super().fail(analysis_id, error)


@dataclass(frozen=True)
class System:
    """A gateway without its server."""

    engine: sa.Engine
    records: BrokenRecords
    analyses: Analyses
    services: Services
    keeping: Keeping
    database: Outage
    media: Outage

    def accept(self) -> Analysis:
        upload = self.records.create_upload("a.mp4", 3, "", None)
        self.records.complete_upload(upload.id, "ab" * 32)
        found = self.records.upload(upload.id)
        assert found is not None
        return self.records.create_analysis(found, None)

    async def run(self, analysis: Analysis) -> Analysis:
        with SetWorkflowID(analysis.id):
            handle = await DBOS.start_workflow_async(self.analyses.analyze, analysis.id, "", "")
        await handle.get_result(polling_interval_sec=0.01)
        return self.found(analysis)

    async def killed_with(self, executor: str = "test", version: str = "1") -> Analysis:
        """One that a gateway of that name and version was killed with in the middle, and which it still has claimed."""
        self.services.killed_at = 1
        analysis = self.accept()
        await self.keeping.start(analysis)
        await self.services.killed.wait()
        await self.keeping.leave()
        self.services.killed_at = None
        claim = sa.text("UPDATE workflow_status SET executor_id = :executor, application_version = :version")
        with self.engine.begin() as connection:
            connection.execute(claim, {"executor": executor, "version": version})
        return analysis

    async def ended(self, analysis: Analysis) -> Analysis:
        """Wait for its end, which somebody has to have seen to."""
        async with asyncio.timeout(20):
            while (now := self.found(analysis)).ended_at is None:  # noqa: ASYNC110 - DBOS sets no events
                await asyncio.sleep(0.02)
        return now

    def found(self, analysis: Analysis) -> Analysis:
        found = self.records.analysis(analysis.id)
        assert found is not None
        return found


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "_FIRST_PAUSE_S", 0.0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = connect(laptop(tmp_path).database_url)
    yield made
    made.dispose()


@pytest.fixture
async def system(engine: sa.Engine, tmp_path: Path, patient: None) -> AsyncIterator[System]:
    home = laptop(tmp_path)
    records = BrokenRecords(engine)
    records.broken = False
    media = AwayMedia(home.media.store, home.folder)
    media.outage = Outage()
    database = Outage()
    news = News()
    services = Services(Blobs(home.media))
    dbos = DBOS(
        config={
            "name": "test",
            "system_database_url": home.database_url,
            "system_database_engine": step_log(home.database_url),
            "application_version": "1",
            "executor_id": "test",
            "log_level": "ERROR",
            "serializer": PlainSerializer(),
        }
    )
    analyses = Analyses(
        records,
        Blobs(media),
        cast("Extraction", services),
        news,
        concurrency=1,
        max_frames=600,
        parallel_runs=2,
        audio_enabled=True,
    )
    presence = Presence(engine, "test", gone_after=dt.timedelta(minutes=1))
    keeping = Keeping(records, analyses, news, presence, Rounds(engine), version="1", executor_id="test")
    DBOS.launch()
    await DBOS.register_queue_async(QUEUE, polling_interval_sec=0.05)

    def fall_silent(_cursor: object, statement: str, *_: object) -> None:
        if "analyses" in statement and database.is_on():
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

    sa.event.listen(engine, "do_execute", fall_silent)
    try:
        yield System(engine, records, analyses, services, keeping, database, media.outage)
    finally:
        sa.event.remove(engine, "do_execute", fall_silent)
        await asyncio.to_thread(dbos.destroy)
        # The loop's own threads were DBOS's, and are gone with it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        _get_or_create_dbos_registry().instance_info_map.clear()


async def events_of(analysis: Analysis) -> list[analysis_pb2.AnalysisEvent]:
    """Those there are so far."""
    stored: list[bytes] = []
    with suppress(dbos_error.DBOSStreamTimeoutError):
        async for event in DBOS.read_stream_async(analysis.id, EVENTS, timeout_seconds=0):
            stored.append(event)  # noqa: PERF401 - what came before the error counts
    return [analysis_pb2.AnalysisEvent.FromString(event) for event in stored]


def named(events: list[analysis_pb2.AnalysisEvent]) -> list[int]:
    """The windows whose faces they name."""
    return [faces.window.index for event in events for faces in event.series.faces]


def reason_of(analysis: Analysis) -> tuple[str, dict[str, str]]:
    status, info = status_pb2.Status(), error_details_pb2.ErrorInfo()
    status.ParseFromString(analysis.error or b"")
    assert status.details[0].Unpack(info)
    return info.reason, dict(info.metadata)


@pytest.mark.parametrize("store", ["database", "media"])
async def test_outages_at_every_turn_cost_an_analysis_nothing(system: System, store: str) -> None:
    outage: Outage = getattr(system, store)
    system.services.outages.append(outage)
    analysis = system.accept()
    outage.begin()
    ended = await system.run(analysis)
    assert ended.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
    events = await events_of(analysis)
    assert events[-1].state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
    stored = await system.services.blobs.face_windows(analysis.id, range(100))
    assert sorted(named(events)) == [faces.window.index for faces in stored] != []


@pytest.mark.parametrize("interval_s", [0.0, 3600.0])
async def test_what_was_stored_when_a_gateway_was_killed_is_named_once_by_the_next(
    system: System, monkeypatch: pytest.MonkeyPatch, interval_s: float
) -> None:
    monkeypatch.setattr(progress, "_MIN_INTERVAL_S", interval_s)
    analysis = await system.killed_with()
    before = named(await events_of(analysis))
    # With rare events, not even what was told of has been named.
    assert (0 in before, 1 in before) == (interval_s == 0.0, False)
    await system.keeping.look_after()
    await system.keeping.look_after()
    await system.ended(analysis)
    stored = await system.services.blobs.face_windows(analysis.id, range(100))
    assert sorted(named(await events_of(analysis))) == [faces.window.index for faces in stored] != []


async def test_an_analysis_that_fails_in_an_outage_fails_for_its_own_reason(system: System) -> None:
    system.services.no_video = True
    system.services.outages.append(system.database)
    analysis = system.accept()
    ended = await system.run(analysis)
    assert reason_of(ended)[0] == "NOT_A_VIDEO"
    assert (await events_of(analysis))[-1].state == analysis_pb2.ANALYSIS_STATE_FAILED


async def test_of_a_sound_recording_nothing_is_looked_at(system: System) -> None:
    system.services.sound_only = True
    ended = await system.run(system.accept())
    assert (ended.state, ended.verdict) == (
        analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
        analysis_pb2.VERDICT_INSUFFICIENT,
    )
    assert system.services.looked_at == 0
    stored = await system.services.blobs.result(ended.id, series=False)
    assert stored is not None
    assert stored.headline == analysis_pb2.PART_VOICE
    assert stored.voice.voiced_s == 8.0
    assert [reason.reason for reason in stored.insufficiency] == ["VOICE_NOT_SCORED"]
    assert [warning.reason for warning in stored.warnings] == ["SOUND_ONLY"]
    events = await events_of(ended)
    states = {lane.modality: (lane.state, lane.text) for event in events for lane in event.modalities}
    assert states[progress.FACE] == (progress.SKIPPED, "no picture")
    assert states[progress.AUDIO] == (progress.DONE, "all sound analysed")


async def test_without_the_audio_service_a_sound_recording_fails_and_a_video_does_not(system: System) -> None:
    system.services.deaf = True
    assert (await system.run(system.accept())).state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
    system.services.sound_only = True
    ended = await system.run(system.accept())
    assert ended.state == analysis_pb2.ANALYSIS_STATE_FAILED
    assert reason_of(ended)[0] == "AUDIO_UNAVAILABLE"


async def test_what_may_be_a_sound_recording_is_not_called_broken(system: System) -> None:
    system.services.factless = True
    assert (await system.run(system.accept())).state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
    system.services.sound_only = True
    ended = await system.run(system.accept())
    assert ended.state == analysis_pb2.ANALYSIS_STATE_FAILED
    assert reason_of(ended)[0] == "METADATA_UNAVAILABLE"


async def test_a_defect_is_not_waited_for(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = 0

    async def broken(*_: object) -> None:
        nonlocal attempts
        attempts += 1
        raise sa.exc.ProgrammingError("SELECT", {}, ValueError())

    monkeypatch.setattr(system.services, "probe", broken)
    ended = await system.run(system.accept())
    assert (reason_of(ended)[0], attempts) == ("INTERNAL", 3)


async def test_an_interrupted_analysis_names_a_line_of_the_log(system: System) -> None:
    system.services.no_video = system.records.broken = True
    analysis = system.accept()
    with pytest.raises(ValueError, match="a defect"):
        await system.run(analysis)
    system.records.broken = False
    with structlog.testing.capture_logs() as lines:
        await system.keeping.look_after()
    reason, metadata = reason_of(system.found(analysis))
    (line,) = [line for line in lines if line.get("log_id") == metadata["log_id"]]
    assert (reason, line["analysis"], line["log_level"]) == ("INTERNAL", analysis.id, "error")


async def claim_on(analysis: Analysis) -> tuple[str | None, ...]:
    """Its workflow's state, and the gateway and the version that it belongs to."""
    workflow = await DBOS.get_workflow_status_async(analysis.id)
    assert workflow is not None
    return workflow.status, workflow.executor_id, workflow.app_version


async def test_what_is_claimed_here_and_not_worked_on_is_taken_up_at_the_second_look(system: System) -> None:
    analysis = await system.killed_with()
    await system.keeping.look_after()
    assert await claim_on(analysis) == ("PENDING", "test", "1"), "it may be about to begin"
    await system.keeping.look_after()
    assert (await system.ended(analysis)).state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED


async def test_what_is_worked_on_is_left_alone(system: System) -> None:
    system.services.killed_at = 1
    analysis = system.accept()
    await system.keeping.start(analysis)
    await system.services.killed.wait()
    for _ in range(3):
        await system.keeping.look_after()
    assert await claim_on(analysis) == ("PENDING", "test", "1")
    await system.keeping.leave()


async def test_what_an_older_version_began_here_begins_anew(system: System) -> None:
    analysis = await system.killed_with(version="0")
    await system.keeping.look_after()
    assert (await system.ended(analysis)).state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
    assert (await claim_on(analysis))[1:] == ("test", "1")


@pytest.mark.parametrize("version", ["0", "1"])
async def test_what_a_gateway_that_is_gone_has_claimed_is_taken_over(system: System, version: str) -> None:
    analysis = await system.killed_with("gone", version)
    for _ in range(3):
        await system.keeping.look_after()
    assert await claim_on(analysis) == ("PENDING", "gone", version), "nobody has found out that it is gone"
    await system.keeping.take_over()
    assert (await system.ended(analysis)).state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
    assert (await claim_on(analysis))[1:] == ("test", "1")


@pytest.mark.parametrize(("executor", "version"), [("there", "0"), ("there", "1"), ("gone", "2")])
async def test_what_another_gateway_works_on_or_only_a_newer_one_can_is_not_taken_over(
    system: System, executor: str, version: str
) -> None:
    Presence(system.engine, "there", gone_after=dt.timedelta(minutes=1)).note()
    analysis = await system.killed_with(executor, version)
    await system.keeping.take_over()
    assert await claim_on(analysis) == ("PENDING", executor, version)
