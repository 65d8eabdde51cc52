"""The workflow on the real DBOS, with a database and a media store that are away for a moment."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
import sqlalchemy as sa
import structlog
from dbos import DBOS, SetWorkflowID
from dbos._dbos import _get_or_create_dbos_registry
from google.rpc import error_details_pb2, status_pb2
from notreally.v1 import analysis_pb2, classifier_pb2, face_pb2, metadata_pb2

from gateway import outages
from gateway.blobs import Blobs
from gateway.database import connect, step_log
from gateway.extraction import Extraction
from gateway.keeping import Keeping
from gateway.news import News
from gateway.presence import Presence
from gateway.records import Analysis, Records
from gateway.rounds import Rounds
from gateway.under_way import EVENTS
from gateway.workflow import Analyses
from services.kit.errors import Refusal
from services.kit.media import MEDIA_UNAVAILABLE, MediaStore
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
        return metadata_pb2.ProbeResponse(facts=metadata_pb2.MediaFacts(audio=metadata_pb2.AudioFacts()))

    async def face_run(self, analysis_id: str, *given: Any) -> None:
        windows, report = given[1], given[-2]
        for window in windows:
            if not await self.blobs.has_window(analysis_id, "face", window.index):
                await self.blobs.put_window(analysis_id, "face", face_pb2.FaceWindow(window=window))
                self._begin(window.index)
                await report(0.0, "", window)

    async def audio_run(self, *_: object) -> None:
        self._begin("audio")

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

    def fall_silent(_cursor: object, statement: str, *_: object) -> None:
        if "analyses" in statement and database.is_on():
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

    sa.event.listen(engine, "do_execute", fall_silent)
    try:
        yield System(records, analyses, services, keeping, database, media.outage)
    finally:
        sa.event.remove(engine, "do_execute", fall_silent)
        await asyncio.to_thread(dbos.destroy)
        # The loop's own threads were DBOS's, and are gone with it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        _get_or_create_dbos_registry().instance_info_map.clear()


async def events_of(analysis: Analysis) -> list[analysis_pb2.AnalysisEvent]:
    return [
        analysis_pb2.AnalysisEvent.FromString(stored) async for stored in DBOS.read_stream_async(analysis.id, EVENTS)
    ]


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
    named = [faces.window.index for event in events for faces in event.series.faces]
    stored = await system.services.blobs.face_windows(analysis.id, range(100))
    assert sorted(named) == [faces.window.index for faces in stored] != []


async def test_an_analysis_that_fails_in_an_outage_fails_for_its_own_reason(system: System) -> None:
    system.services.no_video = True
    system.services.outages.append(system.database)
    analysis = system.accept()
    ended = await system.run(analysis)
    assert reason_of(ended)[0] == "NOT_A_VIDEO"
    assert (await events_of(analysis))[-1].state == analysis_pb2.ANALYSIS_STATE_FAILED


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
