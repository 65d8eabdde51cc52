"""How long work waits for a database or a media store that gives no answer."""

import asyncio
from typing import cast

import grpc
import pytest

from gateway.analysis import outages
from gateway.analysis.news import News
from gateway.analysis.outages import outlast
from gateway.analysis.under_way import UnderWay
from gateway.store.records import Records
from services.kit.errors import Refusal

DATABASE = Refusal(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE", "")
MEDIA = Refusal(grpc.StatusCode.UNAVAILABLE, "MEDIA_UNAVAILABLE", "")


class Work:
    """Takes so long, on a clock of its own, and fails in the ways it is told before it succeeds."""

    def __init__(self, *errors: Exception, takes_s: float = 0.0) -> None:
        self.errors = list(errors)
        self.takes_s = takes_s
        self.now = 0.0
        self.pauses: list[float] = []

    @property
    def attempts(self) -> int:
        return len(self.pauses) + 1

    async def attempt(self) -> str:
        self.now += self.takes_s
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def outlasting(self) -> str:
        return await outlast(self.attempt, clock=lambda: self.now, sleep=self.sleep)


@pytest.mark.parametrize("outage", [DATABASE, MEDIA])
async def test_a_restart_is_waited_out(outage: Refusal) -> None:
    work = Work(*[outage] * 10)
    assert await work.outlasting() == "done"
    assert work.now < 100
    assert max(work.pauses) <= 12.5


@pytest.mark.parametrize("takes_s", [0.0, 50.0])
async def test_what_is_gone_for_good_is_waited_for_ten_minutes(takes_s: float) -> None:
    work = Work(*[MEDIA] * 1000, takes_s=takes_s)
    with pytest.raises(Refusal, match=r"^$") as caught:
        await work.outlasting()
    assert caught.value is MEDIA
    assert 450 < work.now < 850


async def test_only_the_waiting_counts_and_not_the_work_before_it() -> None:
    work = Work(*[DATABASE] * 8, takes_s=3600.0)
    assert await work.outlasting() == "done"


async def test_work_that_always_ends_in_an_outage_is_not_done_for_ever() -> None:
    work = Work(*[DATABASE] * 1000, takes_s=3600.0)
    with pytest.raises(Refusal):
        await work.outlasting()
    assert work.attempts <= 10


@pytest.mark.parametrize(
    "error", [ValueError("a defect"), Refusal(grpc.StatusCode.UNAVAILABLE, "FACE_UNAVAILABLE", ""), KeyError()]
)
async def test_nothing_else_is_waited_for(error: Exception) -> None:
    work = Work(error)
    with pytest.raises(type(error)):
        await work.outlasting()
    assert work.pauses == []


async def test_waiting_ends_when_the_analysis_is_stopped() -> None:
    job = UnderWay("a", 0.0, cast("Records", None), News())
    began = asyncio.Event()

    async def work() -> None:
        began.set()
        raise MEDIA

    waiting = asyncio.create_task(job.stoppable(work))
    await began.wait()
    await job.stop()
    with pytest.raises(Refusal) as caught:
        await waiting
    assert caught.value.reason == "CANCELLED"


async def test_work_under_way_is_done_again_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "_FIRST_PAUSE_S", 0.0)
    job = UnderWay("a", 0.0, cast("Records", None), News())
    assert await job.stoppable(Work(*[DATABASE] * 5).attempt) == "done"
