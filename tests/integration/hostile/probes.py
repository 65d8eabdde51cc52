"""What somebody who has taken over a worker would try. Run in workers, which find functions by name."""

import ctypes
import errno
import hashlib
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

from services.kit.media.seekable import Video
from services.kit.workers.video import opened
from services.kit.workers.wire import Cancelled

DONE = "done"
# Which does not stop whom it traces.
_PTRACE_SEIZE, _PR_SET_PDEATHSIG = 0x4206, 1
_MEMFD_CREATE = {"x86_64": 319, "aarch64": 279}
_libc = ctypes.CDLL(None, use_errno=True)


def face_warm_up() -> None:
    from services.face.work import warm_up

    warm_up()


def audio_warm_up() -> None:
    from services.audio.voice.shipped import SHIPPED_VOICE_NETWORK
    from services.audio.work import warm_up

    warm_up(SHIPPED_VOICE_NETWORK)


def metadata_warm_up() -> None:
    from services.metadata.work import warm_up

    warm_up()


def everything(
    cancelled: Cancelled, own: Path, others: list[Path], service: int, port: int, scratch: Path
) -> Generator[bytes, None, None]:
    """Gives, as JSON, what each attempt came to: `DONE`, or the name of the error.

    Args:
        cancelled: Unused.
        own: The video of this task.
        others: Files that are none of its business.
        service: Process id of what started it.
        port: One of this machine that listens.
        scratch: A folder to write in.
    """
    attempts: dict[str, Callable[[], object]] = {
        "a socket over IP": lambda: socket.create_connection(("127.0.0.1", port)).close(),
        "a socket in the file system": lambda: socket.socket(socket.AF_UNIX).close(),
        "a pair of sockets": socket.socketpair,
        "an address": lambda: socket.getaddrinfo("localhost", port),
        "tracing the service": lambda: _called(_libc.ptrace, _PTRACE_SEIZE, service, 0, 0),
        "the service's memory": Path(f"/proc/{service}/mem").open,
        "the service's environment": Path(f"/proc/{service}/environ").read_bytes,
        "a signal to the service": lambda: os.kill(service, 0),
        "a limit for the service": lambda: _limit(service),
        "a priority for the service": lambda: os.setpriority(
            os.PRIO_PROCESS, service, os.getpriority(os.PRIO_PROCESS, service)
        ),
        "a shell": lambda: _run("/bin/sh", "-c", "exit 0"),
        "a shell by the loader": lambda: _run("/lib64/ld-linux-x86-64.so.2", "/bin/sh", "-c", "exit 0"),
        "Python": lambda: _run("/proc/self/exe", "-c", "exit()"),
        "a program in memory": _program_in_memory,
        "300 children": lambda: _children(300),
        "a session of its own": _session,
        "outliving the service": lambda: _called(_libc.prctl, _PR_SET_PDEATHSIG, 0, 0, 0, 0),
        "a file": lambda: (scratch / "file").write_text("x"),
        "a file beside the video": lambda: own.with_name("file").write_text("x"),
        "the video itself": lambda: own.open("ab").close(),
        "a folder": (scratch / "folder").mkdir,
        "a right to its own video": lambda: own.chmod(0o777),
        "a name less": lambda: others[0].rename(others[0].with_name("moved")).rename(others[0]),
        "another user": lambda: os.setuid(os.getuid()),
        **{f"reading {path}": path.read_bytes for path in others},
    }
    found = {name: _outcome(attempt) for name, attempt in attempts.items()}
    # What it needs goes on.
    found["its own video"] = _outcome(own.read_bytes)
    found["a thread"] = _outcome(lambda: _threads(4))
    yield json.dumps(found).encode()


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return DONE


def _called(function: Callable[..., int], *arguments: int) -> None:
    if function(*map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _limit(process: int) -> None:
    """Set a limit to what it is."""
    resource.prlimit(process, resource.RLIMIT_NOFILE, resource.prlimit(process, resource.RLIMIT_NOFILE))


def _run(*command: str) -> None:
    if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
        raise PermissionError(errno.EACCES, "it ran, and could do nothing")


def _program_in_memory() -> None:
    descriptor = _libc.syscall(_MEMFD_CREATE[os.uname().machine], b"program", 0)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "refused")
    with os.fdopen(descriptor, "wb") as file:
        file.write(Path("/bin/true").read_bytes())
        file.flush()
        # Nobody may be writing to what is executed.
        program = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
    subprocess.run([f"/proc/self/fd/{program}"], check=True, pass_fds=(program,))


def _children(count: int) -> None:
    # The children wait for the end of this; each keeps the others' counting exact.
    with ExitStack() as ended:
        for _ in range(count):
            child = os.fork()
            if not child:
                signal.pause()
                os._exit(0)
            ended.callback(os.waitpid, child, 0)
            ended.callback(os.kill, child, signal.SIGKILL)


def _session() -> None:
    """A child's: what leads a group cannot leave it."""
    shared = mmap.mmap(-1, 4)
    child = os.fork()
    if not child:
        try:
            os.setsid()
        except OSError as error:
            shared[:4] = (error.errno or 0).to_bytes(4, "little")
        os._exit(0)
    os.waitpid(child, 0)
    if failed := int.from_bytes(shared[:4], "little"):
        raise OSError(failed, "refused")


def _threads(count: int) -> None:
    threads = [threading.Thread(target=bytes) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def children(cancelled: Cancelled, own: Path) -> Generator[bytes, None, None]:
    """As JSON, how many children it could have at a time, and one after the other."""
    born: list[int] = []
    try:
        while len(born) < 100:
            child = os.fork()
            if not child:
                signal.pause()
            born.append(child)
    except BlockingIOError:
        pass
    at_a_time = len(born)
    for child in born:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    in_the_end = 0
    while in_the_end < 3 * (at_a_time + 1):
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
        in_the_end += 1
    yield json.dumps({"at a time": at_a_time, "in the end": in_the_end}).encode()


def hashed(cancelled: Cancelled, video: Video) -> Generator[bytes, None, None]:
    with opened(video) as file:
        yield hashlib.sha256(file.read()).hexdigest().encode()
