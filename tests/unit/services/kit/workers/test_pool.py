"""Work in processes of its own: order, bounds, and that nothing a task does reaches further than its own call."""

import asyncio
import io
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import grpc
import pytest

from services.kit import requests
from services.kit.errors import Refusal
from services.kit.limits import WorkerLimits
from services.kit.workers.pool import WorkerProcesses, WorkersDidNotStart
from services.kit.workers.process import WorkerFailed
from services.kit.workers.wire import ITEMS_AHEAD, Kind
from tests.unit.services.kit import worker_samples as samples

LIMITS = WorkerLimits(memory_mib=512, cpu_s=2.0, stall_s=3.0)
ROOT = Path(__file__).parents[5]


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[WorkerProcesses]:
    async with WorkerProcesses("test", 1, samples.no_warm_up, LIMITS) as pool:
        yield pool


@pytest.fixture
async def pool(shared: WorkerProcesses) -> WorkerProcesses:
    """One worker and the spare, both warm."""
    await eventually(lambda: shared._idle.qsize() == len(shared.pids) == 2)
    return shared


async def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.01)


def exists(pid: int) -> bool:
    """Whether there is such a process, other than one that only waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def answers(pool: WorkerProcesses) -> int:
    """Have a worker say its process id."""
    (pid,) = [int(item) async for item in pool.stream(samples.who)]
    return pid


async def refusal(pool: WorkerProcesses, function: Callable[..., samples.Items]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        async for _ in pool.stream(function):
            pass
    return caught.value


async def test_items_arrive_in_order(pool: WorkerProcesses) -> None:
    items = [int(item) async for item in pool.stream(samples.count, 300)]
    assert items == list(range(300))


async def test_a_worker_is_only_a_few_items_ahead_of_its_reader(pool: WorkerProcesses, tmp_path: Path) -> None:
    made = tmp_path / "made"
    read = 0
    async for _ in pool.stream(samples.count_aloud, 300, made):
        read += 1
        # It was let go on for the items read before this one; one more it has made and holds.
        assert int(made.read_text() or 0) <= (read - 1) + ITEMS_AHEAD + 1
    assert read == 300


async def test_a_refusal_is_raised_here_as_it_was_there(pool: WorkerProcesses) -> None:
    refused = await refusal(pool, samples.refuse)
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_A_VIDEO")
    assert refused.metadata == {"kind": "text"}


async def test_a_defect_is_raised_with_the_workers_trace(pool: WorkerProcesses) -> None:
    before = pool.pids
    with pytest.raises(WorkerFailed, match=r"(?s)worker_samples\.py.*KeyError: 'broken'"):
        async for _ in pool.stream(samples.fail):
            pass
    assert await answers(pool) in before


async def test_a_worker_does_its_linear_algebra_in_one_thread(pool: WorkerProcesses) -> None:
    (found,) = [item async for item in pool.stream(samples.linear_algebra_threads)]
    assert set(found.decode().split()) == {"1"}


async def test_calls_beyond_the_number_of_workers_wait_their_turn(pool: WorkerProcesses) -> None:
    first = pool.stream(samples.until_cancelled)
    busy = int(await anext(first))
    second = asyncio.create_task(answers(pool))
    await asyncio.sleep(0)
    assert not second.done()
    await first.aclose()
    assert await second == busy


async def test_log_lines_reach_the_services_log_with_the_id_of_the_request(
    pool: WorkerProcesses, capsys: pytest.CaptureFixture[str]
) -> None:
    requests.adopt("follow-me-2")
    assert [item async for item in pool.stream(samples.say, "hello")] == [b"said"]
    out = capsys.readouterr().out
    assert '"event": "hello"' in out
    assert '"request_id": "follow-me-2"' in out


async def test_a_log_that_nobody_reads_any_more_costs_no_task(
    pool: WorkerProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ReaderGone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    gone = ReaderGone()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", gone)
        assert [item async for item in pool.stream(samples.say, "hello")] == [b"said"]
    assert "hello" in gone.getvalue()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
async def test_a_crash_ends_its_own_call_and_the_warm_spare_takes_the_next(pool: WorkerProcesses, number: int) -> None:
    before = pool.pids
    stream = pool.stream(samples.crash, number)
    crashed = int(await anext(stream))
    with pytest.raises(Refusal) as caught:
        await anext(stream)
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.UNAVAILABLE, "WORKER_CRASHED")
    (spare,) = set(before) - {crashed}
    assert await answers(pool) == spare
    await eventually(lambda: pool._idle.qsize() == 2)
    assert crashed not in pool.pids


async def test_what_a_crashed_worker_had_started_is_gone(pool: WorkerProcesses) -> None:
    stream = pool.stream(samples.crash_with_a_child)
    child = int(await anext(stream))
    assert exists(child)
    with pytest.raises(Refusal):
        await anext(stream)
    await eventually(lambda: not exists(child))


async def test_a_worker_without_a_sign_of_life_is_killed(pool: WorkerProcesses) -> None:
    stream = pool.stream(samples.hang)
    pid = int(await anext(stream))
    began = time.monotonic()
    with pytest.raises(Refusal) as caught:
        await anext(stream)
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.UNAVAILABLE, "WORKER_STALLED")
    assert time.monotonic() - began >= LIMITS.stall_s
    assert await answers(pool) != pid
    await eventually(lambda: not exists(pid))


async def test_long_work_that_asks_whether_to_go_on_is_not_taken_for_stuck(pool: WorkerProcesses) -> None:
    assert [item async for item in pool.stream(samples.toil, LIMITS.stall_s * 1.2)] == [b"done"]


@pytest.mark.parametrize("kind", [Kind.ITEM, Kind.READ, Kind.DONE])
async def test_a_worker_that_says_more_than_was_asked_for_is_killed(pool: WorkerProcesses, kind: Kind) -> None:
    async with aclosing(pool.stream(samples.flood, kind)) as stream:
        pid = int(await anext(stream))
        # Nobody reads on.
        await eventually(lambda: not exists(pid))
    assert await answers(pool) != pid


async def test_signs_of_life_do_not_pile_up_for_a_reader_that_takes_its_time(pool: WorkerProcesses) -> None:
    async with aclosing(pool.stream(samples.flood, Kind.ALIVE)) as stream:
        pid = int(await anext(stream))
        (worker,) = [worker for worker in pool._all if worker.pid == pid]
        # The first of them, the other item and the end.
        await eventually(lambda: worker._inbox.qsize() == 3)
        assert [item async for item in stream] == [b"done"]
    assert exists(pid)


async def test_memory_is_bounded(pool: WorkerProcesses) -> None:
    refused = await refusal(pool, samples.swallow_memory)
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "WORKER_OUT_OF_MEMORY")
    await answers(pool)


async def test_a_worker_that_runs_out_of_memory_while_it_is_stopped_gets_no_other_task(pool: WorkerProcesses) -> None:
    async with aclosing(pool.stream(samples.swallow_memory_when_left)) as stream:
        pid = int(await anext(stream))
    assert await answers(pool) != pid
    await eventually(lambda: not exists(pid))


async def test_processor_time_is_bounded_for_each_task_anew(pool: WorkerProcesses) -> None:
    refused = await refusal(pool, samples.burn)
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TOO_MUCH_WORK")
    await answers(pool)


async def test_output_is_bounded(pool: WorkerProcesses, tmp_path: Path) -> None:
    with pytest.raises(WorkerFailed, match="File too large"):
        async for _ in pool.stream(samples.write_much, tmp_path / "file"):
            pass
    assert (tmp_path / "file").stat().st_size <= 16 * 1024 * 1024


async def test_a_reader_that_leaves_stops_the_task_and_keeps_the_worker(pool: WorkerProcesses) -> None:
    before = pool.pids
    async with aclosing(pool.stream(samples.until_cancelled)) as stream:
        pid = int(await anext(stream))
    assert await answers(pool) == pid
    assert pool.pids == before


async def test_a_task_that_does_not_stop_is_killed_and_the_slot_is_free_within_a_second(pool: WorkerProcesses) -> None:
    async with aclosing(pool.stream(samples.hang)) as stream:
        pid = int(await anext(stream))
    began = time.monotonic()
    await pool._slots.acquire()
    taken_s = time.monotonic() - began
    pool._slots.release()
    # After its grace, and long before it would have been taken for stuck.
    assert LIMITS.grace_s < 1
    assert LIMITS.grace_s <= taken_s < LIMITS.grace_s + LIMITS.stall_s
    assert await answers(pool) != pid
    await eventually(lambda: not exists(pid))


async def test_a_cancelled_call_stops_its_task(pool: WorkerProcesses) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in pool.stream(samples.until_cancelled):
            begun.set()

    call = asyncio.create_task(read())
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await answers(pool)


async def test_a_worker_that_dies_idle_is_replaced(pool: WorkerProcesses) -> None:
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    await eventually(lambda: not set(before) & set(pool.pids))
    assert await answers(pool) not in before


async def test_workers_end_with_the_pool() -> None:
    async with WorkerProcesses("test", 1, samples.no_warm_up) as pool:
        stream = pool.stream(samples.hang)
        await anext(stream)
        pids = pool.pids
    assert [pid for pid in pids if exists(pid)] == []
    with pytest.raises(Refusal):
        await anext(stream)


async def test_workers_end_with_a_service_that_is_killed() -> None:
    module = samples.__name__
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", f"import asyncio, {module} as samples; asyncio.run(samples.serve())"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert service.stdout is not None
    pids = [int(pid) for pid in (await service.stdout.readline()).split()]
    assert len(pids) >= 1
    assert all(exists(pid) for pid in pids)
    service.kill()
    await eventually(lambda: not any(exists(pid) for pid in pids))
    await service.wait()


async def test_workers_that_cannot_warm_up_are_said_so(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkersDidNotStart, match="warming up"):
        async with WorkerProcesses("test", 1, samples.broken_warm_up):
            pass
    assert "no such model" in capfd.readouterr().err


@asynccontextmanager
async def copied(file: Path, seen: list[str]) -> AsyncIterator[Path]:
    seen.append("made")
    yield file
    seen.append("removed")


async def test_a_file_is_there_from_its_turn_to_the_end_of_its_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("first\n")
    seen: list[str] = []
    async with WorkerProcesses("test", 1, samples.no_warm_up, LIMITS, spares=0) as pool:
        async with aclosing(pool.stream(samples.count, 10_000)) as working:
            await anext(working)
            waiting = asyncio.ensure_future(
                anext(items := pool.stream_file(copied(tmp_path / "file", seen), samples.first_line))
            )
            await asyncio.sleep(0)
            assert seen == []
        assert await waiting == b"first"
        assert seen == ["made"]
        assert [item async for item in items] == []
    assert seen == ["made", "removed"]


async def test_calls_beyond_those_that_may_wait_are_refused_with_a_time_to_come_back() -> None:
    seen: list[str] = []
    async with WorkerProcesses("test", 1, samples.no_warm_up, LIMITS, spares=0, max_waiting=1) as pool:
        assert len(pool.pids) == 1
        async with aclosing(pool.stream(samples.count, 10_000)) as working:
            await anext(working)
            waiting = pool.stream(samples.count, 2)
            first = asyncio.ensure_future(anext(waiting))
            await asyncio.sleep(0)
            with pytest.raises(Refusal) as refused:
                await anext(pool.stream(samples.count, 2))
            assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY")
            assert refused.value.retry_after_s
            # Nor is a copy made of a file for a call that may not wait.
            with pytest.raises(Refusal):
                await anext(pool.stream_file(copied(Path(), seen), samples.first_line))
        assert seen == []
        assert await first == b"0"
        assert [item async for item in waiting] == [b"1"]
