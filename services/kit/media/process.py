"""Running ffmpeg and ffprobe on untrusted files, with limits on time, memory and written files."""

import math
import os
import resource
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from services.kit.limits import child_environment
from services.kit.sandbox.confinement import started

_POLL_S = 0.05
_CHUNK_BYTES = 64 * 1024
_COMPLAINT_BYTES = 4 * 1024


@dataclass(frozen=True)
class ProcessLimits:
    """What one process may use: seconds of wall clock, and bytes of address space."""

    seconds: float
    memory_bytes: int


class ProcessTimedOut(Exception):  # noqa: N818 - says what happened
    """The process was killed because its time was up."""


class ProcessCancelled(Exception):  # noqa: N818 - says what happened
    """The process was killed because its call was cancelled."""


class MediaProcess:
    """A child process whose output is read piece by piece; leaving the block kills it.

    `subprocess.run` is not used because it would hold the whole output and could not be cancelled.

    Args:
        command: Program and arguments. The program may write no file.
        limits: See `ProcessLimits`.
        cancelled: Asked at least every 50 ms while the process is waited for.
        file: The one that it reads: where the process that starts it is confined, it can open no other.
    """

    def __init__(
        self, command: Sequence[str], limits: ProcessLimits, cancelled: Callable[[], bool], *, file: Path
    ) -> None:
        """Start nothing yet."""
        self._command = list(command)
        self._file = file
        self._limits = limits
        self._cancelled = cancelled
        self._complaint = b""

    def __enter__(self) -> "MediaProcess":
        """Start the process.

        Raises:
            FileNotFoundError: When the program is not installed.
        """
        self._ends_at = time.monotonic() + self._limits.seconds
        self._process = started(self._start, self._command[0], self._file)
        # A limit put on the running child needs no code between fork and exec, which threads would make unsafe.
        for kind, value in (
            (resource.RLIMIT_AS, self._limits.memory_bytes),
            (resource.RLIMIT_CPU, math.ceil(self._limits.seconds) + 1),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            with suppress(ProcessLookupError):
                resource.prlimit(self._process.pid, kind, (value, value))
        return self

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(),
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the process if it still runs, and collect it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    @property
    def complaint(self) -> str:
        """The last 4 KiB the process wrote to its standard error; for logs, never for a caller: it names the file."""
        return self._complaint.decode("utf-8", "replace")

    def chunks(self) -> Iterator[bytes]:
        """Standard output as it comes, in pieces of at most 64 KiB.

        Raises:
            ProcessTimedOut: When the time is up.
            ProcessCancelled: When ``cancelled()`` turned true.
        """
        stdout, stderr = self._process.stdout, self._process.stderr
        if stdout is None or stderr is None:
            raise RuntimeError("the process was not started by this object")
        with selectors.DefaultSelector() as ready:
            ready.register(stdout, selectors.EVENT_READ)
            ready.register(stderr, selectors.EVENT_READ)
            while ready.get_map():
                self.check()
                for key, _ in ready.select(_POLL_S):
                    piece = os.read(key.fd, _CHUNK_BYTES)
                    if not piece:
                        ready.unregister(key.fileobj)
                    elif key.fileobj is stdout:
                        yield piece
                    else:
                        self._complaint = (self._complaint + piece)[-_COMPLAINT_BYTES:]

    def exit_status(self) -> int:
        """Wait for the end: the exit code, or minus the number of the signal that killed the process.

        Raises:
            ProcessTimedOut: When the time is up.
            ProcessCancelled: When ``cancelled()`` turned true.
        """
        while True:
            self.check()
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(_POLL_S)

    def check(self) -> None:
        """Whether to continue; for work done alongside the process, within its time.

        Raises:
            ProcessTimedOut: When the time is up.
            ProcessCancelled: When ``cancelled()`` turned true.
        """
        if self._cancelled():
            raise ProcessCancelled
        if time.monotonic() >= self._ends_at:
            raise ProcessTimedOut
