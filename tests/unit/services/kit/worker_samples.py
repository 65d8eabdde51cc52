"""What the tests have worker processes do. Functions are found by name, so they live in a module of their own."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path

import grpc
import structlog

from services.kit.errors import Refusal
from services.kit.media.seekable import Video
from services.kit.workers import video as worker_video
from services.kit.workers.pool import WorkerProcesses
from services.kit.workers.video import opened
from services.kit.workers.wire import Cancelled, Kind

Items = Generator[bytes, None, None]


def no_warm_up() -> None:
    """Nothing to load."""


def broken_warm_up() -> None:
    raise ImportError("no such model")


def count(cancelled: Cancelled, limit: int) -> Items:
    for item in range(limit):
        yield str(item).encode()


def count_aloud(cancelled: Cancelled, limit: int, made: Path) -> Items:
    """Leaves in `made` how many items there were so far."""
    for item in range(limit):
        made.write_text(str(item + 1))
        yield str(item).encode()


def first_line(cancelled: Cancelled, file: Path) -> Items:
    yield file.read_bytes().splitlines()[0]


def who(cancelled: Cancelled) -> Items:
    yield str(os.getpid()).encode()


def linear_algebra_threads(cancelled: Cancelled) -> Items:
    """Of each library for it, a line each."""
    import numpy as np
    from threadpoolctl import threadpool_info

    assert np.ones((2, 2)).sum() == 4  # loads one
    yield "\n".join(str(library["num_threads"]) for library in threadpool_info()).encode()


def refuse(cancelled: Cancelled) -> Items:
    yield b"first"
    raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "NOT_A_VIDEO", "This is not a video.", kind="text")


def fail(cancelled: Cancelled) -> Items:
    yield b"first"
    raise KeyError("broken")


def say(cancelled: Cancelled, word: str) -> Items:
    structlog.get_logger().info(word)
    yield b"said"


def crash(cancelled: Cancelled, number: int = signal.SIGSEGV) -> Items:
    yield str(os.getpid()).encode()
    os.kill(os.getpid(), number)


def crash_with_a_child(cancelled: Cancelled) -> Items:
    child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
    yield str(child.pid).encode()
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(cancelled: Cancelled) -> Items:
    yield str(os.getpid()).encode()
    threading.Event().wait()


def flood(cancelled: Cancelled, kind: Kind) -> Items:
    """Says what nobody asked for, as a worker may that somebody has taken over."""
    yield str(os.getpid()).encode()
    service = worker_video.fetch.__self__._service  # type: ignore[union-attr]
    for _ in range(1000):
        service.send(kind, bytes(16))
    yield b"done"


def toil(cancelled: Cancelled, seconds: float) -> Items:
    """No item for long, but asks whether to go on."""
    ends = time.monotonic() + seconds
    while not cancelled() and time.monotonic() < ends:
        time.sleep(0.01)
    yield b"done"


def until_cancelled(cancelled: Cancelled) -> Items:
    yield str(os.getpid()).encode()
    while not cancelled():
        time.sleep(0.005)


def swallow_memory(cancelled: Cancelled) -> Items:
    yield b"first"
    kept = [bytearray(64 * 1024 * 1024) for _ in range(64)]
    yield str(len(kept)).encode()


def swallow_memory_when_left(cancelled: Cancelled) -> Items:
    """Is slow to end then."""
    os._exit = lambda _status: time.sleep(600)  # type: ignore[assignment,return-value]
    yield str(os.getpid()).encode()
    while not cancelled():
        time.sleep(0.005)
    raise MemoryError


def burn(cancelled: Cancelled) -> Items:
    yield b"first"
    while not cancelled():
        pass


def write_much(cancelled: Cancelled, path: Path) -> Items:
    with path.open("wb") as file:
        for _ in range(32):
            file.write(bytes(1024 * 1024))
    yield b"written"


async def serve() -> None:
    """Be a service with a busy worker; says the process ids of its workers."""
    async with WorkerProcesses("test", 1, no_warm_up) as pool:
        stream = pool.stream(hang)
        await anext(stream)
        sys.stdout.write(" ".join(map(str, pool.pids)) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def read_ranges(cancelled: Cancelled, video: Video, ranges: list[tuple[int, int]]) -> Items:
    """Pieces of a video: from where, and how many bytes."""
    with opened(video) as file:
        for start, count in ranges:
            file.seek(start)
            yield file.read(count)


def read_on_and_on(cancelled: Cancelled, video: Video) -> Items:
    with opened(video) as file:
        while piece := file.read(1_000_000):
            yield piece[:1]


def read_too_much(cancelled: Cancelled, video: Video) -> Items:
    assert worker_video.fetch is not None
    yield worker_video.fetch(0, 2**40)


def read_nothing(cancelled: Cancelled) -> Items:
    with opened(Video(5)) as file:
        worker_video.fetch = None
        with opened(Video(5)) as other:
            yield other.read() + file.read()
