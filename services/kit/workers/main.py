"""A worker process: `python -m services.kit.workers.main DESCRIPTOR FAMILY PARENT`, started by `worker_process`.

It is a program of its own, not a fork: it has nothing of the service's threads, sockets and gRPC state, and imports
only what its tasks need.
"""

import faulthandler
import io
import os
import pickle
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import closing
from typing import TextIO, cast

from google.rpc import status_pb2

from services.kit import logs, requests
from services.kit.errors import Refusal, refusal_of_status
from services.kit.limits import allow_cpu, end_with, limit_this_process
from services.kit.sandbox.confinement import confine
from services.kit.workers import video as worker_video
from services.kit.workers.wire import ITEMS_AHEAD, RANGE, Kind, Setup, Task, WorkerEnd

_ALIVE_EVERY_S = 1.0
_TRACE_CHARACTERS = 20_000


class _Running:
    """The task under way."""

    def __init__(self, task: Task, service: WorkerEnd, alive_every_s: float) -> None:
        self.task = task
        self._service = service
        self._alive_every_s = alive_every_s
        self._cancelled = threading.Event()
        self._room = threading.Semaphore(ITEMS_AHEAD)
        self._ranges: queue.SimpleQueue[tuple[Kind, bytes]] = queue.SimpleQueue()
        self._reading = threading.Lock()
        self._heard_of_at = time.monotonic()

    def cancelled(self) -> bool:
        """Whether to stop. Asking counts as a heartbeat, and now and then one is sent to the service."""
        now = time.monotonic()
        if now - self._heard_of_at >= self._alive_every_s:
            self._heard_of_at = now
            self._service.send(Kind.ALIVE)
        return self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()
        self._room.release()
        self._ranges.put((Kind.CANCEL, b""))

    def fetch(self, start: int, end: int) -> bytes:
        """A range of the task's video, through the service; on whichever thread reads it."""
        with self._reading:
            if self._cancelled.is_set():
                raise worker_video.cancelled()
            self._service.send(Kind.READ, RANGE.pack(start, end))
            kind, payload = self._ranges.get()
        if kind is Kind.DATA:
            return payload
        if kind is Kind.REFUSED_DATA:
            raise refusal_of_status(status_pb2.Status.FromString(payload)) or worker_video.cancelled()
        raise worker_video.cancelled()

    def answered(self, kind: Kind, payload: bytes) -> None:
        self._ranges.put((kind, payload))

    def taken(self) -> None:
        self._room.release()

    def hand_over(self, item: bytes) -> bool:
        """Send an item once the reader is near enough; False when it has left."""
        self._room.acquire()
        if self._cancelled.is_set():
            return False
        self._service.send(Kind.ITEM, item)
        return True


class _LogLines(io.TextIOBase):
    """Sends what is written to it to the service's log, line by line."""

    def __init__(self, service: WorkerEnd) -> None:
        self._service = service
        self._begun = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
            for line in lines:
                self._service.send(Kind.LINE, line.encode())
        return len(text)


class _Worker:
    def __init__(self, service: WorkerEnd, setup: Setup) -> None:
        self._service = service
        self._setup = setup
        self._tasks: queue.SimpleQueue[_Running] = queue.SimpleQueue()
        self._running: _Running | None = None

    def live(self) -> None:
        """Warm up, then work until killed."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        self._setup.warm_up()
        self._service.send(Kind.READY)
        while True:
            running = self._tasks.get()
            allow_cpu(self._setup.limits.cpu_s)
            requests.adopt(running.task.request_id)
            kind, payload = _outcome(running)
            self._service.send(kind, payload)
            if kind is Kind.EXHAUSTED:
                os._exit(1)  # what is left of the heap may be too small for anything

    def _listen(self) -> None:
        """Hear what the service says. When it is gone there is nothing left to live for."""
        try:
            while True:
                kind, payload = self._service.receive()
                if kind is Kind.TASK:
                    alive_every_s = min(_ALIVE_EVERY_S, self._setup.limits.stall_s / 4)
                    self._running = _Running(pickle.loads(payload), self._service, alive_every_s)  # noqa: S301 - ours
                    self._tasks.put(self._running)
                elif self._running is not None:
                    if kind in (Kind.DATA, Kind.REFUSED_DATA):
                        self._running.answered(kind, payload)
                    else:
                        (self._running.cancel if kind is Kind.CANCEL else self._running.taken)()
        except (EOFError, OSError):
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)  # deaf, it would never do anything again


def _outcome(running: _Running) -> tuple[Kind, bytes]:
    """Run a task to its end: how it ended, as a message."""
    task = running.task
    worker_video.fetch = running.fetch
    try:
        with closing(task.function(running.cancelled, *task.args, **task.kwargs)) as items:
            for item in items:
                if not running.hand_over(item):
                    break
    except Refusal as refusal:
        return Kind.REFUSED, refusal.status().SerializeToString()
    except MemoryError:
        return Kind.EXHAUSTED, b""
    except Exception:
        return Kind.FAILED, traceback.format_exc()[-_TRACE_CHARACTERS:].encode()
    return Kind.DONE, b""


def main() -> None:
    """Be a worker of the process PARENT, at the other end of the sockets DESCRIPTOR and FAMILY."""
    descriptor, family, parent = (int(argument) for argument in sys.argv[1:])
    end_with(parent)
    # Where a crash happened is all that is ever known of it.
    faulthandler.enable()
    # Only the service decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    service = WorkerEnd(socket.socket(fileno=descriptor))
    try:
        _, payload = service.receive()
        setup: Setup = pickle.loads(payload)  # noqa: S301 - ours
        logs.configure(setup.name, setup.log_level, cast("TextIO", _LogLines(service)))
        limit_this_process(setup.limits)
        with socket.socket(fileno=family) as answering:
            if setup.confinement is not None and (questions := confine(setup.confinement)) is not None:
                socket.send_fds(answering, [b"?"], [questions])
                os.close(questions)
        _Worker(service, setup).live()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)  # the service is gone


if __name__ == "__main__":
    main()
