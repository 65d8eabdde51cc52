"""Resource limits that a worker process sets on itself at start-up and that Linux enforces."""

import ctypes
import math
import os
import re
import resource
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_MEBIBYTE = 1024 * 1024
# A worker writes no files. Some, in case a library wants to keep something for its next start.
_LARGEST_FILE_BYTES = 16 * _MEBIBYTE
# When memory runs out, Linux should end a worker, which costs a window, and not the service.
_SACRIFICE = "500"
# What programs and libraries need to be found, to speak and to compute as they are told to. A process that reads
# untrusted files gets nothing else: credentials come under any name.
_PASSED_ON = frozenset(
    {"HOME", "LANG", "LANGUAGE", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "ORT_DISABLE_TELEMETRY", "PATH", "TMPDIR", "TZ"}
)
_PASSED_ON_BY_BEGINNING = ("GLIBC_", "LC_", "LD_", "MALLOC_", "PYTHON")


@dataclass(frozen=True)
class WorkerLimits:
    """What one worker may use.

    Attributes:
        memory_mib: Private memory of the process, MiB: its data, heap and stacks. Mapped libraries are left out.
        cpu_s: Processor time of one task, seconds.
        stall_s: Longest a task may give no sign of life, seconds.
        grace_s: How long a task that was cancelled may take to notice, seconds.
    """

    memory_mib: int = 2048
    cpu_s: float = 900.0
    stall_s: float = 30.0
    grace_s: float = 0.9


def limit_this_process(limits: WorkerLimits) -> None:
    """Bound memory and written files, leave no core dumps, and be the first to go when the machine runs short."""
    memory_bytes = limits.memory_mib * _MEBIBYTE
    # RLIMIT_AS would also count what is only reserved or mapped, which differs from machine to machine.
    for kind, value in (
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))
    with suppress(OSError):  # not in every container
        Path("/proc/self/oom_score_adj").write_text(_SACRIFICE)


def memory_left() -> float:
    """Private memory this process may still take, bytes; infinity where nothing bounds it, or no Linux tells."""
    bound, _ = resource.getrlimit(resource.RLIMIT_DATA)
    status = Path("/proc/self/status")
    if bound == resource.RLIM_INFINITY or not status.exists():
        return math.inf
    taken = re.search(r"^VmData:\s*(\d+) kB$", status.read_text(), re.MULTILINE)
    return math.inf if taken is None else bound - 1024 * int(taken[1])


def allow_cpu(seconds: float) -> None:
    """Let this process use that much processor time from now on, before SIGXCPU ends it.

    Linux counts from the start of the process, so each task of a long-lived worker moves the limit.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def end_with(parent: int) -> None:
    """Have Linux kill this process when its parent ends, however that happens."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the request was in place
        os._exit(1)


def keep_to_itself() -> None:
    """Close its files to other users, and its memory and first environment, in /proc, to other processes of its own.

    What `child_environment` leaves out could otherwise be read there. Children that execute a program are as open as
    ever. It does not hold against root.
    """
    os.umask(0o077)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0)


def child_environment() -> dict[str, str]:
    """The little of the environment that workers and decoders are given."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_BY_BEGINNING)
    }
