"""How long a service is asked that gives no answer."""

import itertools
import math

import grpc
import pytest

from gateway.analysis.reach import Heard, Reach
from services.kit.errors import Refusal


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def reach(self, patience_s: float) -> Reach:
        return Reach("face", patience_s, clock=lambda: self.now, sleep=self.sleep)


def refusal(code: grpc.StatusCode) -> Refusal:
    return Refusal(code, code.name, "")


class Service:
    """Fails in the ways it is told, then answers."""

    def __init__(self, *codes: grpc.StatusCode | None) -> None:
        self.codes = list(codes)
        self.asked = 0

    async def __call__(self, heard: Heard) -> str:
        self.asked += 1
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        if code is not None:
            raise refusal(code)
        return "answer"


GONE, BROKEN, BUSY = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_restart_is_waited_out() -> None:
    clock = Clock()
    assert await clock.reach(60).ask(Service(*[GONE] * 12, None)) == "answer"
    assert clock.now < 30


async def test_a_service_gone_for_good_is_waited_for_once() -> None:
    clock = Clock()
    reach = clock.reach(60)
    first, second = Service(GONE), Service(GONE)
    with pytest.raises(Refusal):
        await reach.ask(first)
    assert 60 <= clock.now < 63
    assert first.asked > 20
    with pytest.raises(Refusal):
        await reach.ask(second)
    assert second.asked == 1


async def test_an_answer_in_between_makes_patience_new() -> None:
    clock = Clock()
    reach = clock.reach(60)
    for _ in range(2):
        with pytest.raises(Refusal):
            await reach.ask(Service(GONE))
        assert await reach.ask(Service(None)) == "answer"
    assert clock.now >= 120


async def test_old_misses_say_nothing_about_now() -> None:
    clock = Clock()
    reach = clock.reach(60)
    with pytest.raises(Refusal):
        await reach.ask(Service(GONE))
    clock.now += 3600
    assert await reach.ask(Service(GONE, None)) == "answer"


async def test_infinite_patience_never_ends() -> None:
    clock = Clock()
    assert await clock.reach(math.inf).ask(Service(*[GONE] * 5000, None)) == "answer"
    assert clock.now > 3600


async def test_a_service_that_fails_is_asked_three_times() -> None:
    service = Service(BROKEN)
    with pytest.raises(Refusal):
        await Clock().reach(math.inf).ask(service)
    assert service.asked == 3


async def test_a_part_of_an_answer_makes_failures_count_anew() -> None:
    asked = 0

    async def attempt(heard: Heard) -> str:
        nonlocal asked
        asked += 1
        if asked % 2 == 0:
            heard()
        if asked < 10:
            raise refusal(BROKEN)
        return "answer"

    assert await Clock().reach(1).ask(attempt) == "answer"


async def test_a_busy_service_is_waited_for_longer_than_one_that_is_gone() -> None:
    clock = Clock()
    with pytest.raises(Refusal):
        await clock.reach(1).ask(Service(BUSY))
    assert 600 <= clock.now < 610


async def test_a_refusal_is_an_answer() -> None:
    service = Service(grpc.StatusCode.INVALID_ARGUMENT)
    with pytest.raises(Refusal):
        await Clock().reach(math.inf).ask(service)
    assert service.asked == 1


async def test_whoever_waits_is_told() -> None:
    told = 0

    async def waiting() -> None:
        nonlocal told
        told += 1

    await Clock().reach(60).ask(Service(GONE, GONE, None), waiting)
    assert told == 2


async def test_who_is_told_when_to_come_back_does_not_come_before() -> None:
    clock = Clock()
    asked: list[float] = []

    async def attempt(_: Heard) -> str:
        asked.append(clock.now)
        if len(asked) < 3:
            raise Refusal(BUSY, "BUSY", "Full.", retry_after_s=1.0)
        return "answer"

    assert await clock.reach(1).ask(attempt) == "answer"
    assert all(later - earlier >= 0.75 for earlier, later in itertools.pairwise(asked))


@pytest.mark.parametrize("reason", ["DATABASE_UNAVAILABLE", "MEDIA_UNAVAILABLE"])
async def test_an_outage_of_a_store_is_not_the_services(reason: str) -> None:
    clock = Clock()
    reach = clock.reach(60)
    asked = 0

    async def attempt(_: Heard) -> str:
        nonlocal asked
        asked += 1
        raise Refusal(GONE, reason, "")

    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            await reach.ask(attempt)
        assert caught.value.reason == reason
        clock.now += 300
    assert asked == 2
    # It has not counted as silence, either.
    assert await reach.ask(Service(*[GONE] * 12, None)) == "answer"
