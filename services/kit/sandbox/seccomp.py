"""seccomp: which system calls this process, and what it starts, may make from now on.

The filter is a program for the kernel's packet filter, put together here: it is short, and no kept package does it
without a library of the system.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from enum import Enum, auto

from services.kit.sandbox import calls
from services.kit.sandbox.calls import Numbers
from services.kit.sandbox.landlock import no_new_privileges

_SET_MODE_FILTER, _ALL_THREADS, _NEW_LISTENER = 1, 1, 8
_ASK_FOR_ACTION = 2

_ALLOW, _ASK, _KILL, _ERROR = 0x7FFF0000, 0x7FC00000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _ANY_BIT, _GREATER, _RETURN = 0x20, 0x15, 0x45, 0x25, 0x06
# Where the number of the call, the architecture and the lower halves of the arguments are.
_NUMBER, _ARCHITECTURE = 0, 4
_FIRST_ARGUMENT, _SECOND_ARGUMENT = 16, 24

_CLONE_THREAD, _CLONE_NAMESPACES = 0x00010000, 0x7E020000
# Typing into a terminal for whoever reads from it.
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_PR_SET_PDEATHSIG = 1

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_libc = ctypes.CDLL(None, use_errno=True)


def is_there() -> bool:
    """Whether this kernel and processor can filter calls."""
    machine = platform.machine()
    if machine not in _AUDIT:
        return False
    action = ctypes.c_uint32(_ERROR)
    number = ctypes.c_long(_number(calls.SECCOMP, machine) or -1)
    return bool(_libc.syscall(number, _ASK_FOR_ACTION, 0, ctypes.byref(action)) == 0)


def restrict(*, may_start_programs: bool) -> int | None:
    """Refuse every thread of this process, and all that it starts, what nothing that reads a video needs; for good.

    Args:
        may_start_programs: Whether it may have children, and they be other programs.

    Returns:
        With programs, a descriptor for somebody who answers whether another may be started, and whether another
        process may be ended or limited: these calls wait for the answer. None where the kernel cannot ask, or there
        are no programs.

    Raises:
        OSError: The kernel cannot, or did not accept this.
    """
    machine = platform.machine()
    if machine not in _AUDIT:
        raise OSError(errno.EOPNOTSUPP, f"there is no filter for {machine}")
    no_new_privileges()
    if may_start_programs:
        try:
            return _install(machine, Births.ASKED, _NEW_LISTENER)
        except OSError:  # before Linux 5.5
            _install(machine, Births.FREE, _ALL_THREADS)
            return None
    _install(machine, Births.NONE, _ALL_THREADS)
    return None


class Births(Enum):
    """Whether a process may start others."""

    NONE = auto()
    ASKED = auto()
    FREE = auto()


def _install(machine: str, births: Births, flags: int) -> int:
    steps = list(program(machine, births, os.getpid()))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    described = struct.pack("@HP", len(steps), ctypes.addressof(code))
    number = ctypes.c_long(_number(calls.SECCOMP, machine) or -1)
    result: int = _libc.syscall(number, _SET_MODE_FILTER, flags, described)
    if result < 0:
        failure = ctypes.get_errno()
        raise OSError(failure, os.strerror(failure))
    return result


Step = tuple[int, int, int, int]
"""An instruction: code, how far to jump when it holds and when not, and a number."""


def program(machine: str, births: Births, own: int) -> Iterator[Step]:
    """The filter, instruction by instruction.

    Args:
        machine: ``x86_64`` or ``aarch64``.
        births: Whether it may start other processes.
        own: Its process id.
    """
    refuse, unknown = _error(errno.EPERM), _error(errno.ENOSYS)
    # What is about other processes. Those of its own group it may end and limit: whoever answers looks.
    others = {Births.NONE: refuse, Births.ASKED: _ASK, Births.FREE: _ALLOW}[births]
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_EQUAL, 1, 0, _AUDIT[machine])
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    # Among them all of x32, the other numbers by which the same processor takes calls.
    yield (_GREATER, 0, 1, calls.LAST_KNOWN)
    yield (_RETURN, 0, 0, unknown)
    # Its flags lie where no filter can see them; C libraries then do with the older one.
    yield from _on(calls.CLONE3, machine, unknown)
    for numbers in calls.REFUSED.values():
        yield from _on(numbers, machine, refuse)
    if births is Births.NONE:
        yield from _on(calls.EXECVE, machine, refuse)
    for numbers in (calls.FORK, calls.VFORK, calls.KILL):
        yield from _on(numbers, machine, others)
    yield from _when(
        calls.CLONE,
        machine,
        [
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_ANY_BIT, 0, 1, _CLONE_NAMESPACES),
            (_RETURN, 0, 0, refuse),
            (_ANY_BIT, 0, 1, _CLONE_THREAD),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, others),
        ],
    )
    # Of itself: to end by a signal, and to ask for its limits.
    for numbers, itself in ((calls.TGKILL, own), (calls.PRLIMIT64, 0)):
        yield from _when(
            numbers,
            machine,
            [
                (_LOAD, 0, 0, _FIRST_ARGUMENT),
                (_EQUAL, 0, 1, itself),
                (_RETURN, 0, 0, _ALLOW),
                (_RETURN, 0, 0, others),
            ],
        )
    for numbers, argument, values in (
        (calls.IOCTL, _SECOND_ARGUMENT, (_TIOCSTI, _TIOCLINUX)),
        # To outlive the service.
        (calls.PRCTL, _FIRST_ARGUMENT, (_PR_SET_PDEATHSIG,)),
    ):
        checks = [step for value in values for step in ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, refuse))]
        yield from _when(numbers, machine, [(_LOAD, 0, 0, argument), *checks, (_RETURN, 0, 0, _ALLOW)])
    yield (_RETURN, 0, 0, _ALLOW)


def _on(numbers: Numbers, machine: str, action: int) -> list[Step]:
    return _when(numbers, machine, [(_RETURN, 0, 0, action)])


def _when(numbers: Numbers, machine: str, steps: list[Step]) -> list[Step]:
    """The steps for one call, which end in an action; none where the machine has no such call."""
    number = _number(numbers, machine)
    return [] if number is None else [(_EQUAL, 0, len(steps), number), *steps]


def _number(numbers: Numbers, machine: str) -> int | None:
    return numbers.x86_64 if machine == "x86_64" else numbers.aarch64


def _error(number: int) -> int:
    return _ERROR | number
