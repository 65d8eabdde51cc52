"""A worker and the programs that it starts: how many they may be, and that they meddle with nobody else.

Linux asks the service, by seccomp, before such a worker starts a process, or ends or limits one: limits of the system's
own count all processes of a user, and bind no root.
"""

import asyncio
import errno
import fcntl
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOST = 8
"""Processes of one worker, itself among them. It runs one program at a time, and what has ended may be there still."""

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_QUESTION = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")
_GO_ON = 1
# On x86-64 and elsewhere: what names another process in its first argument. All else that is asked is about a birth.
_ABOUT_ANOTHER = {0xC000003E: frozenset({62, 234, 302}), 0xC00000B7: frozenset({129, 131, 261})}


class Family:
    """Answers for one worker, on the loop that runs.

    Args:
        worker: Its process id, which is that of its group too.
        connection: Gives, once, the descriptor of `services.kit.sandbox.seccomp.restrict`, or ends.
    """

    def __init__(self, worker: int, connection: socket.socket) -> None:
        """Wait for the descriptor."""
        self._worker = worker
        self._connection = connection
        self._questions: int | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection, self._begin)

    def close(self) -> None:
        """Answer nothing more: what is asked then fails."""
        self._forget_connection()
        if self._questions is not None:
            self._loop.remove_reader(self._questions)
            socket.close(self._questions)
            self._questions = None

    def _forget_connection(self) -> None:
        if self._connection.fileno() >= 0:
            self._loop.remove_reader(self._connection)
            self._connection.close()

    def _begin(self) -> None:
        _, descriptors, _, _ = socket.recv_fds(self._connection, 1, 1)
        self._forget_connection()
        if descriptors:
            (self._questions,) = descriptors
            self._loop.add_reader(self._questions, self._answer)

    def _answer(self) -> None:
        if self._questions is None:
            return
        asked = bytearray(_QUESTION.size)
        try:
            fcntl.ioctl(self._questions, _RECEIVE, asked)
        except OSError:  # who asked is gone
            if not _is_alive(self._worker):
                self.close()
            return
        question, _, _, number, architecture, _, target, *_ = _QUESTION.unpack(asked)
        if number in _ABOUT_ANOTHER.get(architecture, ()):
            refused = 0 if _group(target) == self._worker else errno.EPERM
        else:
            refused = 0 if sum(1 for _ in _members(self._worker)) < MOST else errno.EAGAIN
        answer = _ANSWER.pack(question, 0, -refused, 0 if refused else _GO_ON)
        with suppress(OSError):  # likewise
            fcntl.ioctl(self._questions, _SEND, answer)


def _members(group: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and _group(int(entry.name)) == group:
            yield int(entry.name)


def _group(process: int) -> int | None:
    try:
        # After the name, which may hold anything: state, parent, group.
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[2])
    except (OSError, IndexError):
        return None


def _is_alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()
