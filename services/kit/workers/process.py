"""One worker process as seen by its service: start, task, answers, kill."""

import asyncio
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import grpc
import structlog
from google.rpc import status_pb2

from services.kit import metrics
from services.kit.errors import Refusal, refusal_of_status
from services.kit.limits import child_environment
from services.kit.workers.family import Family
from services.kit.workers.wire import ITEMS_AHEAD, MOST_RANGE_BYTES, RANGE, Kind, Setup, Task, framed, receive

log = structlog.get_logger()

_BUFFER_BYTES = 1024 * 1024
# Half a minute of compiling on a machine that has its hands full.
_WARM_UP_S = 300.0
# There are as many workers as should work at once, and the threads of a BLAS wait busily for each other:
# with two of them, the sound of a video took five times the processor time. Nor does anything start processes by
# joblib, which otherwise tries when it is imported whether it could.
_ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JOBLIB_MULTIPROCESSING": "0"}
# A sign of life, items, a question and an end: what waits here of a worker that has not been taken over is no more.
_MOST_UNHEARD = ITEMS_AHEAD + 3
_ENDED = frozenset({Kind.DONE, Kind.REFUSED, Kind.FAILED, Kind.EXHAUSTED, Kind.GONE})


Read: TypeAlias = Callable[[int, int], Awaitable[bytes]]
"""Gets a range of the task's video; raises `Refusal`."""


class WorkerFailed(Exception):  # noqa: N818 - says what happened
    """A task raised something that is no refusal: a defect. The message is the worker's trace."""


class WorkerProcess:
    """Use `start`."""

    def __init__(
        self,
        setup: Setup,
        process: "subprocess.Popen[bytes]",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        family: Family,
        folder: Path | None,
    ) -> None:
        """Begin to listen."""
        self.pid = process.pid
        self.folder = folder
        self.busy = False
        self.alive = True
        self._read: Read | None = None
        self._setup = setup
        self._process = process
        self._reader = reader
        self._writer = writer
        self._family = family
        self._inbox: asyncio.Queue[tuple[Kind, bytes]] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, setup: Setup, folder: Path | None = None) -> "WorkerProcess":
        """Start a process. It is of use once `warm` has returned.

        Must be called on a thread that lives as long as the worker should: Linux ends it with that thread. A `folder`
        is for what is lent to it; it goes when the worker has ended.

        Raises:
            OSError: When the machine cannot start another process.
        """
        ours, theirs = socket.socketpair()
        answering, asking = socket.socketpair()
        try:
            with theirs, asking:
                process = subprocess.Popen(  # noqa: ASYNC220 - as asyncio itself does it, without its watcher threads
                    (
                        *(sys.executable, "-P", "-m", "services.kit.workers.main"),
                        *(str(theirs.fileno()), str(asking.fileno()), str(os.getpid())),
                    ),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(), asking.fileno()),
                    env={**child_environment(), **_ALONE},
                    # A group of its own, so that what it has started (ffmpeg) can be killed with it.
                    process_group=0,
                )
        except BaseException:
            ours.close()
            answering.close()
            raise
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=_BUFFER_BYTES)
        except BaseException:
            answering.close()
            process.kill()
            process.wait()  # killed: at once
            raise
        writer.write(framed(Kind.SETUP, pickle.dumps(setup)))
        return cls(setup, process, reader, writer, Family(process.pid, answering), folder)

    async def warm(self) -> bool:
        """Wait until the worker can be given tasks; False when it ended before, or was killed for taking too long."""
        try:
            async with asyncio.timeout(_WARM_UP_S):
                kind, _ = await self._inbox.get()
        except TimeoutError:
            self._complain("worker did not warm up")
            self.kill()
            return False
        return kind is Kind.READY

    def begin(self, task: Task, read: Read | None = None) -> None:
        """Give it a task; the last one must have ended. `read` gets it the ranges of its video that it asks for.

        Raises:
            ValueError: When the arguments are too large to send.
        """
        self._write(Kind.TASK, pickle.dumps(task))
        self.busy = True
        self._read = read

    async def next_item(self) -> bytes | None:
        """The task's next item, or None at its end.

        Raises:
            Refusal: What the task refused with; UNAVAILABLE with WORKER_CRASHED, WORKER_STALLED or
                WORKER_OUT_OF_MEMORY; FAILED_PRECONDITION with TOO_MUCH_WORK.
            WorkerFailed: When the task raised anything else.
        """
        while True:
            try:
                async with asyncio.timeout(self._setup.limits.stall_s):
                    kind, payload = await self._inbox.get()
            except TimeoutError:
                self._complain("worker stalled")
                self.kill()
                raise _stalled() from None
            self.busy = kind not in _ENDED
            match kind:
                case Kind.ITEM:
                    return payload
                case Kind.READ:
                    await self._answer(payload)
                case Kind.DONE:
                    return None
                case Kind.REFUSED:
                    status = status_pb2.Status.FromString(payload)
                    raise refusal_of_status(status) or WorkerFailed(status.message)
                case Kind.FAILED:
                    raise WorkerFailed(payload.decode(errors="replace"))
                case Kind.EXHAUSTED:
                    self._complain("worker ran out of memory")
                    self.kill()
                    raise _exhausted()
                case Kind.GONE:
                    self._complain("worker ended", status=self._process.returncode)
                    raise _too_much_work() if self._process.returncode == -signal.SIGXCPU else _crashed()

    async def _answer(self, wanted: bytes) -> None:
        """Send a range of the task's video. While it is on its way the worker is not held to be stuck."""
        start, end = RANGE.unpack(wanted)
        try:
            if self._read is None or end - start > MOST_RANGE_BYTES:
                raise _crashed()  # it is not itself any more
            data = await self._read(start, end)
            metrics.MEDIA_READ_BYTES.inc(len(data))
        except Refusal as refusal:
            self._write(Kind.REFUSED_DATA, refusal.status().SerializeToString())
        else:
            self._write(Kind.DATA, data)

    def take(self) -> None:
        """Let one more item come: the last one has been taken."""
        self._write(Kind.TAKEN)

    async def settle(self) -> None:
        """End the running task, whose results are no longer wanted: let it stop, or kill it after the grace period."""
        self._write(Kind.CANCEL)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._setup.limits.grace_s):
                while self.busy:
                    kind, _ = await self._inbox.get()
                    self.busy = kind not in _ENDED
                    if kind is Kind.EXHAUSTED:  # about to end by itself, it would take the next task along
                        self._complain("worker ran out of memory")
                        self.kill()
                return
        self._complain("worker did not stop")
        self.kill()

    def kill(self) -> None:
        """End it, and what it has started, at once."""
        if self.alive:
            self.alive = False
            # Its id is not given to another process before `_listen` has collected it.
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for the end; gives the exit code, or minus the number of the signal that ended it."""
        await asyncio.shield(self._listening)
        return self._process.returncode

    def _write(self, kind: Kind, payload: bytes = b"") -> None:
        # A worker that is gone is noticed where its answers are waited for.
        if self.alive:
            self._writer.write(framed(kind, payload))

    def _complain(self, event: str, **facts: object) -> None:
        metrics.WORKERS_LOST.labels(event).inc()
        log.warning(event, worker=self.pid, **facts)

    async def _listen(self) -> None:
        """Sort what the worker says, until it is silent for ever; then collect it."""
        try:
            while True:
                kind, payload = await receive(self._reader)
                if kind is Kind.LINE:
                    with suppress(OSError):  # who reads our log may be gone; the worker's task is not
                        sys.stdout.write(payload.decode(errors="replace") + "\n")
                        sys.stdout.flush()
                elif kind is not Kind.ALIVE or self._inbox.empty():  # what waits there says that it lives, too
                    if self._inbox.qsize() >= _MOST_UNHEARD:
                        raise ValueError("a worker says more than anybody asked for")
                    self._inbox.put_nowait((kind, payload))
        except (EOFError, OSError):
            pass
        except ValueError:
            self._complain("worker talks nonsense")
        finally:
            # It may live on with its end of the connection closed, and its children may outlive it.
            self.kill()
            self._writer.close()
            self._family.close()
            await asyncio.to_thread(self._process.wait)
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
            self._inbox.put_nowait((Kind.GONE, b""))


_ANEW = "Save the video again with another program, and send the new file."
_SMALLER = "Send the video at a lower resolution."


def _crashed() -> Refusal:
    return _unsafe("WORKER_CRASHED", f"what reads it crashed. {_ANEW}")


def _stalled() -> Refusal:
    return _unsafe("WORKER_STALLED", f"what reads it got stuck. {_ANEW}")


def _exhausted() -> Refusal:
    return _unsafe("WORKER_OUT_OF_MEMORY", f"it takes more memory than is allowed. {_SMALLER}")


def _unsafe(reason: str, why: str) -> Refusal:
    # It may have been bad luck: UNAVAILABLE invites to ask again.
    return Refusal(grpc.StatusCode.UNAVAILABLE, reason, f"The video could not be decoded safely: {why}")


def _too_much_work() -> Refusal:
    return Refusal(
        grpc.StatusCode.FAILED_PRECONDITION,
        "TOO_MUCH_WORK",
        f"The video takes more computing time than is allowed. {_SMALLER}",
    )
