"""A bounded pool of worker processes, with a warm spare for when one is lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self

import grpc
import structlog

from services.kit import metrics, requests
from services.kit.errors import Refusal
from services.kit.limits import WorkerLimits
from services.kit.media.seekable import Video
from services.kit.media.store import StoredVideo
from services.kit.settings import WorkerSettings
from services.kit.workers.process import Read, WorkerProcess
from services.kit.workers.wire import Cancelled, Setup, Task

log = structlog.get_logger()

P = ParamSpec("P")

# Runs of windows take seconds. Another replica may have room at once, and is asked first.
_RETRY_AFTER_S = 0.5
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0


class WorkersDidNotStart(Exception):  # noqa: N818 - says what happened
    """A worker ended while it was warming up, before there was ever a warm one in its place."""


class WorkerProcesses:
    """Runs functions in processes of their own, so that nothing a file does to one can reach the service.

    An async context manager: entered, it has `count` warm workers; a spare warms up behind. Left, all are gone.

    Args:
        name: The service's name, for the logs.
        count: How many functions may run at once. A call beyond that waits its turn.
        warm_up: Loads and compiles what the functions need. Like them it must be at the top level of a module, and
            that module should import heavy things only inside: the service itself has no use for them.
        limits: What each worker may use.
        log_level: Of the workers' log lines, which the service writes.
        spares: Warm workers beyond `count`, to take the place of one that is lost.
        max_waiting: Calls that may wait for their turn; None for any number.
    """

    def __init__(
        self,
        name: str,
        count: int,
        warm_up: Callable[[], None],
        limits: WorkerLimits | None = None,
        *,
        log_level: str = "INFO",
        spares: int = 1,
        max_waiting: int | None = None,
    ) -> None:
        """Start nothing yet."""
        self._spares = spares
        self._max_waiting = max_waiting
        self._waiting = 0
        self._setup = Setup(name, log_level, warm_up, limits or WorkerLimits())
        self._count = count
        self._slots = asyncio.Semaphore(count)
        # Last in, first out: the spare is touched only when it is needed.
        self._idle: asyncio.LifoQueue[WorkerProcess] = asyncio.LifoQueue()
        self._all: set[WorkerProcess] = set()
        self._keeping: list[asyncio.Task[None]] = []
        self._settling: set[asyncio.Task[None]] = set()

    @classmethod
    def of_service(cls, name: str, count: int, warm_up: Callable[[], None], settings: WorkerSettings) -> Self:
        """`count` workers of a service, all else as it is set."""
        return cls(
            name,
            count,
            warm_up,
            settings.worker_limits,
            log_level=settings.log_level,
            spares=settings.worker_spares,
            max_waiting=settings.max_waiting,
        )

    async def __aenter__(self) -> Self:
        """Start the workers and wait until they are warm.

        Raises:
            WorkersDidNotStart: When one ended while it was warming up.
        """
        try:
            await self._warm_places(self._count)
        except BaseException:
            await self._close()
            raise
        self._keeping += [asyncio.create_task(self._keep(None)) for _ in range(self._spares)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill all workers, and wait until they are gone."""
        await self._close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers there are right now: warm, busy or warming up."""
        return sorted(worker.pid for worker in self._all)

    async def stream(
        self,
        function: Callable[Concatenate[Cancelled, P], Generator[bytes, None, None]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> AsyncGenerator[bytes, None]:
        """Run a generator function in a worker and give its items in order.

        The worker is at most a few items ahead of the reader. When the reader leaves (its call was cancelled, or it
        stopped iterating), ``cancelled()`` turns true; a worker that has not stopped 0.9 s later is killed. Either way
        its slot is free within a second. A function that neither yields nor asks ``cancelled()`` for as long as
        `WorkerLimits.stall_s` is taken for stuck.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, BUSY, when too many wait already; see also `WorkerProcess.next_item`.
            WorkerFailed: The function raised something that is no refusal.
        """
        task = Task(function, args, kwargs, requests.current())
        async with aclosing(self._stream(nullcontext(task))) as items:
            async for item in items:
                yield item

    async def stream_file(
        self,
        file: AbstractAsyncContextManager[Path],
        function: Callable[Concatenate[Cancelled, Path, P], Generator[bytes, None, None]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> AsyncGenerator[bytes, None]:
        """As `stream`, for a function of a file, which is entered when it is this call's turn: it may be a copy."""

        @asynccontextmanager
        async def opened() -> AsyncIterator[Task]:
            async with file as path:
                yield Task(function, (path, *args), kwargs, requests.current())

        async with aclosing(self._stream(opened())) as items:
            async for item in items:
                yield item

    async def stream_video(
        self,
        stored: StoredVideo,
        function: Callable[Concatenate[Cancelled, Video, P], Generator[bytes, None, None]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> AsyncGenerator[bytes, None]:
        """As `stream`, for a function of a video, which it opens by `services.kit.workers.video.opened`."""
        task = Task(function, (stored.video, *args), kwargs, requests.current())
        async with aclosing(self._stream(nullcontext(task), stored.read)) as items:
            async for item in items:
                yield item

    async def _stream(
        self, ready: AbstractAsyncContextManager[Task], read: Read | None = None
    ) -> AsyncGenerator[bytes, None]:
        await self._turn()
        worker = None
        try:
            async with ready as task:
                worker = await self._warm_worker()
                worker.begin(task, read)
                while (item := await worker.next_item()) is not None:
                    yield item
                    worker.take()
        finally:
            if worker is not None and worker.busy:
                settling = asyncio.create_task(self._settle(worker))
                self._settling.add(settling)
                settling.add_done_callback(self._settling.discard)
            else:
                self._give_back(worker)

    async def _turn(self) -> None:
        if self._slots.locked() and self._max_waiting is not None and self._waiting >= self._max_waiting:
            raise _busy()
        self._waiting += 1
        metrics.CALLS_WAITING.set(self._waiting)
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
            metrics.CALLS_WAITING.set(self._waiting)
        metrics.WORKERS_BUSY.inc()

    async def _warm_worker(self) -> WorkerProcess:
        while not (worker := await self._idle.get()).alive:
            pass
        return worker

    async def _settle(self, worker: WorkerProcess) -> None:
        try:
            await worker.settle()
        finally:
            self._give_back(worker)

    def _give_back(self, worker: WorkerProcess | None) -> None:
        metrics.WORKERS_BUSY.dec()
        self._slots.release()
        if worker is not None and worker.alive:
            self._idle.put_nowait(worker)

    async def _warm_places(self, count: int) -> None:
        """Keep `count` more workers from now on; they are warm for the first time when this returns."""
        warm: list[asyncio.Future[None]] = [asyncio.get_running_loop().create_future() for _ in range(count)]
        self._keeping += [asyncio.create_task(self._keep(place)) for place in warm]
        await asyncio.gather(*warm)

    async def _keep(self, warm: "asyncio.Future[None] | None") -> None:
        """See that there always is a worker in one place: start another whenever one ends."""
        pause_s = _PAUSE_S
        while True:
            try:
                await self._one_life(warm)
                pause_s = _PAUSE_S
            except (OSError, WorkersDidNotStart) as error:
                log.error("no warm worker", explanation=str(error))
                if warm is not None and not warm.done():
                    warm.set_exception(error)
                await asyncio.sleep(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)

    async def _one_life(self, warm: "asyncio.Future[None] | None") -> None:
        """Start a worker, offer it for work once it is warm, and wait for its end."""
        worker = await WorkerProcess.start(self._setup)
        self._all.add(worker)
        became_warm = await worker.warm()
        if became_warm:
            self._idle.put_nowait(worker)
            metrics.WORKERS.inc()
            if warm is not None and not warm.done():
                warm.set_result(None)
        status = await worker.ended()
        self._all.discard(worker)
        if became_warm:
            metrics.WORKERS.dec()
        else:
            raise WorkersDidNotStart(f"a worker ended with {status} while it was warming up")

    async def _close(self) -> None:
        for task in (*self._keeping, *self._settling):
            task.cancel()
        await asyncio.gather(*self._keeping, *self._settling, return_exceptions=True)
        for worker in self._all:
            worker.kill()
        await asyncio.gather(*(worker.ended() for worker in self._all))


def _busy() -> Refusal:
    text = "This service is analysing as many videos as it can. Try again in a moment."
    return Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY", text, retry_after_s=_RETRY_AFTER_S)
