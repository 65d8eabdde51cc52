"""A bounded pool of worker processes, with a warm spare for when one is lost."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Concatenate, Literal, ParamSpec, Self

import grpc
import structlog

from services.kit import metrics, requests
from services.kit.errors import Refusal
from services.kit.limits import WorkerLimits
from services.kit.media.seekable import Video
from services.kit.media.store import MediaStore, StoredVideo
from services.kit.sandbox import landlock
from services.kit.sandbox.confinement import Confinement, missing
from services.kit.settings import WorkerSettings
from services.kit.workers.lending import Lending, lent
from services.kit.workers.process import Read, WorkerProcess
from services.kit.workers.wire import Cancelled, Setup, Task

log = structlog.get_logger()

P = ParamSpec("P")

# Runs of windows take seconds. Another replica may have room at once, and is asked first.
_RETRY_AFTER_S = 0.5
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True)
class Rules:
    """How the workers of a service are confined.

    Attributes:
        confinement: What they may do, beyond reading the video that is their turn.
        store: The folder of videos, if they are in one.
        mode: As far as the kernel can, or not at all, or starting nothing where it cannot do all of it.
    """

    confinement: Confinement
    store: Path | None
    mode: Literal["on", "require", "off"] = "on"


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
        rules: How workers are confined; None for not at all.
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
        rules: Rules | None = None,
    ) -> None:
        """Start nothing yet."""
        self._rules = rules
        self._lending: Lending | None = None
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
    def of_service(
        cls,
        name: str,
        count: int,
        warm_up: Callable[[], None],
        settings: WorkerSettings,
        store: MediaStore,
        *,
        reads: Sequence[Path] = (),
        programs: Sequence[str] = (),
    ) -> Self:
        """`count` workers of a service, all else as it is set.

        Args:
            name: See the class.
            count: Likewise.
            warm_up: Likewise.
            settings: All else.
            store: Where videos are.
            reads: Files that workers read beside code and videos.
            programs: Those that workers start.
        """
        rules = Rules(Confinement(tuple(reads), tuple(programs)), store.folder, settings.sandbox)
        return cls(
            name,
            count,
            warm_up,
            settings.worker_limits,
            log_level=settings.log_level,
            spares=settings.worker_spares,
            max_waiting=settings.max_waiting,
            rules=rules,
        )

    async def __aenter__(self) -> Self:
        """Start the workers and wait until they are warm.

        Raises:
            WorkersDidNotStart: When one ended while it was warming up.
            SystemExit: When they must be confined, and this kernel cannot do it; the log says so.
        """
        self._confine()
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
        request_id = requests.current()

        def made(_: Path | None) -> Task:
            return Task(function, args, kwargs, request_id)

        async with aclosing(self._stream(nullcontext(), made)) as items:
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
        request_id = requests.current()

        def made(path: Path | None) -> Task:
            return Task(function, (path, *args), kwargs, request_id)

        async with aclosing(self._stream(file, made)) as items:
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
        request_id = requests.current()
        # Where it can have no second name for this worker alone, it is read as one in a bucket is.
        path = None if self._is_confined and self._lending is None else stored.video.path

        def made(path: Path | None) -> Task:
            return Task(function, (replace(stored.video, path=path), *args), kwargs, request_id)

        async with aclosing(self._stream(nullcontext(path), made, stored.read)) as items:
            async for item in items:
                yield item

    async def _stream(
        self,
        file: AbstractAsyncContextManager[Path | None],
        made: Callable[[Path | None], Task],
        read: Read | None = None,
    ) -> AsyncGenerator[bytes, None]:
        await self._turn()
        worker = None
        try:
            async with file as path:
                worker = await self._warm_worker()
                with nullcontext() if path is None else lent(path, worker.folder) as name:
                    worker.begin(made(name), read)
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

    def _confine(self) -> None:
        """Settle by what means workers are confined, and say so."""
        if self._rules is None:
            return
        if self._rules.mode == "off":
            log.warning("workers are not confined", explanation="NOTREALLY_SANDBOX is off.")
            return
        if lacking := missing():
            explanation = f"This kernel has no {' and no '.join(lacking)}: see docs/security.md."
            if self._rules.mode == "require":
                log.critical("workers cannot be confined", explanation=explanation)
                raise SystemExit(1)
            log.warning("workers are confined in part", explanation=explanation)
        else:
            log.info("workers are confined", landlock=landlock.version())
        confinement = self._rules.confinement
        self._lending = Lending.begin(self._rules.store)
        if self._lending is None and self._rules.store is not None and confinement.programs:
            # Programs need a name, and there is none but in the store.
            log.warning("workers can read all videos", explanation="The media store takes no second names for files.")
            confinement = replace(confinement, reads=(*confinement.reads, self._rules.store / "media"))
        self._setup = replace(self._setup, confinement=confinement)

    @property
    def _is_confined(self) -> bool:
        return self._setup.confinement is not None

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
        folder = self._lending.for_worker() if self._lending is not None else None
        setup = self._setup
        if folder is not None and setup.confinement is not None:
            confinement = replace(setup.confinement, reads=(*setup.confinement.reads, folder))
            setup = replace(setup, confinement=confinement)
        worker = await WorkerProcess.start(setup, folder)
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
        if self._lending is not None:
            self._lending.close()
            self._lending = None


def _busy() -> Refusal:
    text = "This service is analysing as many videos as it can. Try again in a moment."
    return Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY", text, retry_after_s=_RETRY_AFTER_S)
