"""Work off the event loop: order, bounds, errors and cancellation."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from services.kit.work import Cancelled, WorkerThreads


@pytest.fixture
async def workers() -> AsyncIterator[WorkerThreads]:
    pool = WorkerThreads(2)
    yield pool
    pool.close()


def count(cancelled: Cancelled, limit: int) -> Iterator[int]:
    yield from range(limit)


async def test_items_arrive_in_order(workers: WorkerThreads) -> None:
    assert [item async for item in workers.stream(count, 100)] == list(range(100))


async def test_what_the_worker_raises_is_raised_here_after_its_items(workers: WorkerThreads) -> None:
    def breaks(cancelled: Cancelled) -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    stream = workers.stream(breaks)
    assert await anext(stream) == 1
    with pytest.raises(KeyError, match="broken"):
        await anext(stream)


async def test_a_worker_is_only_a_few_items_ahead_of_its_reader(workers: WorkerThreads) -> None:
    made: list[int] = []

    def eager(cancelled: Cancelled) -> Iterator[int]:
        for item in range(1000):
            made.append(item)
            yield item

    stream = workers.stream(eager)
    assert await anext(stream) == 0
    await asyncio.sleep(0.2)  # as long as it likes: it must not run away
    assert len(made) < 10
    await stream.aclose()


async def test_a_cancelled_reader_stops_the_worker(workers: WorkerThreads) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def endless(cancelled: Cancelled) -> Iterator[int]:
        yield 0
        begun.set()  # not before: a reader that leaves first closes the generator where it yields
        while not cancelled():
            threading.Event().wait(0.005)
        stopped.set()

    async def read() -> None:
        async for _ in workers.stream(endless):
            pass

    task = asyncio.create_task(read())
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(stopped.wait, 30.0)


async def test_a_worker_whose_item_nobody_takes_is_closed(workers: WorkerThreads) -> None:
    closed = threading.Event()

    def endless(cancelled: Cancelled) -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    stream = workers.stream(endless)
    assert await anext(stream) == 0
    await stream.aclose()
    assert await asyncio.to_thread(closed.wait, 30.0)


async def test_calls_beyond_the_number_of_workers_wait_their_turn(workers: WorkerThreads) -> None:
    running = 0
    most = 0
    lock = threading.Lock()
    both = threading.Barrier(2)

    def tracked(cancelled: Cancelled) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait(30)
        with lock:
            running -= 1
        return 1

    assert sum(await asyncio.gather(*(workers.run(tracked) for _ in range(8)))) == 8
    assert most == 2


async def test_run_gives_the_result_and_raises_the_error(workers: WorkerThreads) -> None:
    def add(cancelled: Cancelled, a: int, b: int) -> int:
        return a + b

    assert await workers.run(add, 2, b=3) == 5
    with pytest.raises(TypeError):
        await workers.run(add, 2, b="x")  # type: ignore[arg-type]
