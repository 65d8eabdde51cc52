"""The protocol between a service and its worker processes: short messages over a socket.

Only the service's own words are pickled. What comes back from a worker, which reads files that nobody vouches for, is
bytes, text or a protobuf, so that a worker somebody has taken over cannot make the service run anything.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from services.kit.limits import WorkerLimits
from services.kit.sandbox.confinement import Confinement

Cancelled = Callable[[], bool]
"""Asked by a task between small pieces of work; True means: return now."""

_HEADER = struct.Struct("!BI")
_LARGEST_BYTES = 64 * 1024 * 1024

RANGE = struct.Struct("!QQ")

MOST_RANGE_BYTES = 16 * 1024 * 1024
"""No worker has a reason to ask for more at once."""

ITEMS_AHEAD = 4
"""Maximum number of items a worker has sent that are not consumed yet."""


class Kind(IntEnum):
    """What a message says."""

    # To the worker.
    SETUP = 1
    """A pickled `Setup`; once, before all else."""
    TASK = 2
    """A pickled `Task`; never before the last one ended."""
    TAKEN = 3
    """The reader has taken an item: one more may come."""
    CANCEL = 4
    """Nobody waits for the task any more."""

    DATA = 5
    """The range of the video that was asked for."""
    REFUSED_DATA = 6
    """Why the range that was asked for does not come: a `google.rpc.Status`."""

    # From the worker.
    READY = 10
    """Warm: may be given tasks."""
    ITEM = 11
    """One item of the task under way."""
    ALIVE = 12
    """Heartbeat: the task is running, even though there is no item yet."""
    LINE = 13
    """A line for the log."""
    DONE = 14
    """The task has ended."""
    REFUSED = 15
    """The task has ended with a refusal: a `google.rpc.Status`."""
    FAILED = 16
    """The task has ended with another error: its trace."""
    EXHAUSTED = 17
    """The task has ended because there was no more memory, and so does the worker."""
    READ = 19
    """The task waits for a range of its video: a first position and one past the last, as in `RANGE`."""
    GONE = 18
    """Never sent: stands for the worker's end."""


@dataclass(frozen=True)
class Setup:
    """The first message to a worker. `warm_up` is a function at the top level of a module, as in `Task`."""

    name: str
    log_level: str
    warm_up: Callable[[], None]
    limits: WorkerLimits
    confinement: Confinement | None = None


@dataclass(frozen=True)
class Task:
    """A generator function to run, and the id of the request it is run for."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    request_id: str


def framed(kind: Kind, payload: bytes = b"") -> bytes:
    """A message as it travels.

    Raises:
        ValueError: When it is larger than 64 MiB.
    """
    if len(payload) > _LARGEST_BYTES:
        raise ValueError(f"a message of {len(payload)} bytes is too large")
    return _HEADER.pack(kind, len(payload)) + payload


async def receive(reader: asyncio.StreamReader) -> tuple[Kind, bytes]:
    """The next message from a worker.

    Raises:
        EOFError: When there is none any more.
        OSError: When the connection broke.
        ValueError: When what came is no message.
    """
    kind, size = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    if size > _LARGEST_BYTES:
        raise ValueError("a worker announced a message that is too large")
    return Kind(kind), await reader.readexactly(size)


class WorkerEnd:
    """The worker's end of the connection: blocking, and safe to send on from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        """Talk over a connected stream socket."""
        self._connection = connection
        self._incoming = connection.makefile("rb")
        self._sending = threading.Lock()

    def send(self, kind: Kind, payload: bytes = b"") -> None:
        """Send a message; waits while the service is slow to read.

        Raises:
            OSError: When the service is gone.
            ValueError: When the payload is too large.
        """
        message = framed(kind, payload)
        with self._sending:
            self._connection.sendall(message)

    def receive(self) -> tuple[Kind, bytes]:
        """Wait for the next message.

        Raises:
            EOFError: When the service is gone.
        """
        kind, size = _HEADER.unpack(self._exactly(_HEADER.size))
        return Kind(kind), self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = self._incoming.read(size)
        if len(data) < size:
            raise EOFError
        return data
