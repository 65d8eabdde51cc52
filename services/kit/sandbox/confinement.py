"""What a worker, and a program that it starts, may do: the rules that Landlock and seccomp enforce."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TypeVar

import notreally

import services
from services.kit.sandbox import landlock, seccomp
from services.kit.sandbox.landlock import Right, union

T = TypeVar("T")

# Libraries, and how they find each other.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
# What C, Python and numeric libraries ask about time and the machine.
_ABOUT_THE_MACHINE = (
    *("/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/bus/pci", "/sys/class/drm", "/sys/devices"),
)
_NULL = (Path("/dev/null"), Right.READ | Right.WRITE)
# Linux executes it in the place of every program that is linked to libraries.
_LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")

_confined: "Confinement | None" = None


@dataclass(frozen=True)
class Confinement:
    """What one worker may do beyond reading its code and the system's libraries.

    Attributes:
        reads: Files and folders.
        programs: Names of those it may start; each reads a single file.
    """

    reads: tuple[Path, ...] = ()
    programs: tuple[str, ...] = ()


def missing() -> list[str]:
    """What this kernel lacks of the sandbox, each as a name; empty when all is there."""
    parts = {"Landlock": landlock.version() > 0, "seccomp": seccomp.is_there()}
    return [name for name, there in parts.items() if not there]


def confine(confinement: Confinement) -> int | None:
    """Confine this process, as far as the kernel can; for good. It must not have more than one thread yet.

    Returns:
        What `seccomp.restrict` does, for `services.kit.workers.family`.

    Raises:
        OSError: The kernel can, and did not accept this.
        RuntimeError: There are other threads, which would be free.
    """
    global _confined
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError("a process with several threads cannot be confined")
    if landlock.version():
        landlock.restrict(
            union(
                _readable(_code()),
                _readable(_libraries()),
                _readable(map(Path, _ABOUT_THE_MACHINE)),
                _readable(confinement.reads),
                [_NULL],
                *(_executable(name) for name in confinement.programs),
            )
        )
    _confined = confinement
    return seccomp.restrict(may_start_programs=bool(confinement.programs)) if seccomp.is_there() else None


def started(start: Callable[[], T], program: str, file: Path) -> T:
    """What `start` gives, which starts a program; in a confined process it may open nothing but that file.

    Raises:
        OSError: The kernel did not accept this, or `start` raised it.
    """
    if _confined is None or not landlock.version():
        return start()
    # Of a thread alone, with what it starts: this one must be able to start the next program.
    given: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            landlock.restrict(union(_readable(_libraries()), _readable([file]), [_NULL], _executable(program)))
            given.append(start())
        except BaseException as error:  # raised below
            failed.append(error)

    thread = Thread(target=run, name=f"start {program}")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return given[0]


def _code() -> Iterator[Path]:
    for package in (services, notreally):
        yield from map(Path, package.__path__)
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield Path(sysconfig.get_path(name))
    for prefix in (sys.prefix, sys.base_prefix):
        yield from (Path(prefix, "lib"), Path(prefix, "lib64"))


def _libraries() -> Iterator[Path]:
    yield from map(Path, _LIBRARIES)
    yield from (Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder)


def _readable(paths: Iterable[Path]) -> Iterator[tuple[Path, Right]]:
    return ((path, Right.READ) for path in paths)


def _executable(program: str) -> Iterator[tuple[Path, Right]]:
    found = shutil.which(program)
    for path in (found, *_LOADERS):
        if path is not None:
            yield Path(path).resolve(), Right.READ | Right.EXECUTE
