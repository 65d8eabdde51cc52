"""What the REST API leaves behind, and what it says of an analysis whose result is gone."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import grpc
import pytest
import sqlalchemy as sa
from google.api import httpbody_pb2
from notreally.v1 import analysis_pb2, rest_pb2

from gateway.api.accepting import Accepting
from gateway.api.admission import Admission
from gateway.api.rest import RestService
from gateway.api.service import AnalysisService
from gateway.identity.quotas import Limits, Quotas
from gateway.store import database
from gateway.store.batches import Batches
from gateway.store.blobs import Blobs
from gateway.store.database import connect
from gateway.store.history import History
from gateway.store.leftovers import Leftovers
from gateway.store.records import Analysis, Conclusion, Records
from gateway.store.retention import Janitor, Terms
from gateway.store.room import Room
from gateway.store.uploads import Uploads
from services.kit.errors import Refusal
from services.kit.media.store import MediaStore
from tests.servers.home import Home


class _Caller:
    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    def peer(self) -> str:
        return "ipv4:192.0.2.1:1"


class _NothingBegins:
    """In the place of the analyses: what is accepted stays in line."""

    async def start(self, analysis: Analysis) -> None:
        pass


class _NoModel:
    """In the place of the classifier: it does not answer."""

    async def version(self) -> str:
        return ""


class Desk:
    """The REST service in front of a real database and store, with room for one in the line."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.engine = connect(home.database_url)
        self.records = Records(self.engine)
        media = MediaStore.open(home.media_url)
        blobs = Blobs(media)
        uploads = Uploads(self.records, media, 10_000, 10_000)
        admission = Admission(self.records, 1)

        async def forget(analysis_id: str) -> None:
            pass

        janitor = Janitor(
            self.records, Leftovers(self.engine), media, blobs, forget, Terms(uploads=dt.timedelta(days=1))
        )
        begins: Any = _NothingBegins()
        model: Any = _NoModel()
        quotas = Quotas(self.engine, Limits())
        accepting = Accepting(self.records, blobs, admission, begins, model, quotas)
        more = (History(self.engine), Batches(self.engine), accepting, model, Room(), quotas)
        parts: Any = (None, self.records, media, blobs, uploads, begins, None, admission, janitor, *more)
        self.rest = RestService(uploads, AnalysisService(*parts), admission, janitor, quotas)

    async def analyze(self, body: AsyncIterator[rest_pb2.AnalyzeRequest]) -> str:
        try:
            await self.rest.Analyze(body, cast("grpc.aio.ServicerContext[Any, Any]", _Caller()))
        except Refusal as refusal:
            return refusal.reason
        return "accepted"

    def uploads(self) -> int:
        with self.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(database.uploads)).scalar_one()


@pytest.fixture
def desk(home: Home) -> Iterator[Desk]:
    made = Desk(home)
    yield made
    made.engine.dispose()


def _request(data: bytes, content_type: str = "video/mp4") -> rest_pb2.AnalyzeRequest:
    body = httpbody_pb2.HttpBody(content_type=content_type, data=data)
    return rest_pb2.AnalyzeRequest(filename="a.mp4", body=body)


async def test_a_body_that_found_the_line_full_at_its_end_leaves_nothing(desk: Desk) -> None:
    all_are_let_in = asyncio.Barrier(3)

    async def body(number: int) -> AsyncIterator[rest_pb2.AnalyzeRequest]:
        yield _request(b"video %d" % number)
        await all_are_let_in.wait()

    answers = await asyncio.gather(*(desk.analyze(body(number)) for number in range(3)))
    assert sorted(answers) == ["QUEUE_FULL", "QUEUE_FULL", "accepted"]
    assert desk.uploads() == 1
    assert len(list(desk.home.stored())) == 1


async def test_a_refused_body_leaves_the_video_of_another(desk: Desk) -> None:
    both_are_let_in = asyncio.Barrier(2)

    async def body() -> AsyncIterator[rest_pb2.AnalyzeRequest]:
        yield _request(b"the same video")
        await both_are_let_in.wait()

    assert sorted(await asyncio.gather(desk.analyze(body()), desk.analyze(body()))) == ["QUEUE_FULL", "accepted"]
    assert len(list(desk.home.stored())) == 1


async def test_a_result_that_is_gone_is_no_probability_of_zero(desk: Desk) -> None:
    async def body() -> AsyncIterator[rest_pb2.AnalyzeRequest]:
        yield _request(b"video")

    assert await desk.analyze(body()) == "accepted"
    (job,) = desk.records.waiting()
    desk.records.succeed(job, Conclusion(analysis_pb2.VERDICT_LIKELY_FAKE, 0.97))
    context = cast("grpc.aio.ServicerContext[Any, Any]", _Caller())
    with pytest.raises(Refusal) as caught:
        await desk.rest.GetResults(rest_pb2.GetResultsRequest(job_id=job), context)
    assert caught.value.reason == "RESULT_NOT_FOUND"


@pytest.mark.parametrize("parameter", ['boundary="日本"', 'x="日"; boundary=ab'])
async def test_a_content_type_no_parser_takes_is_refused(desk: Desk, parameter: str) -> None:
    async def body() -> AsyncIterator[rest_pb2.AnalyzeRequest]:
        yield _request(b"x", f"multipart/form-data; {parameter}")

    assert await desk.analyze(body()) == "BAD_MULTIPART"
