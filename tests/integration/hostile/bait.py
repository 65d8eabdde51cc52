"""What no input may make a service touch: a file that tells when it is opened, and an address that counts callers."""

import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_IN_ACCESS, _IN_OPEN = 0x1, 0x20
_EVENT = struct.Struct("iIII")


class Canary:
    """A file, watched by the kernel."""

    def __init__(self, path: Path, content: bytes) -> None:
        """Write it and begin to watch."""
        path.write_bytes(content)
        self.path = path
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watch = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._watch < 0 or self._libc.inotify_add_watch(self._watch, bytes(path), _IN_ACCESS | _IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), "the file cannot be watched")

    def opened(self) -> int:
        """How often it was opened or read since this was last asked."""
        try:
            events = os.read(self._watch, 64 * 1024)
        except BlockingIOError:
            return 0
        count = place = 0
        while place < len(events):
            place += _EVENT.size + _EVENT.unpack_from(events, place)[3]
            count += 1
        return count

    def close(self) -> None:
        """Stop watching."""
        os.close(self._watch)


class Listener:
    """A port on loopback that counts who connects, and hangs up on them."""

    def __init__(self) -> None:
        """Listen."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._callers = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._callers += 1
            connection.close()

    def callers(self) -> int:
        """How many connected since this was last asked."""
        count, self._callers = self._callers, 0
        return count

    def close(self) -> None:
        """Stop listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@dataclass(frozen=True)
class Bait:
    """Both, for inputs to name."""

    canary: Canary
    listener: Listener

    @property
    def path(self) -> str:
        """Absolute path of the file."""
        return str(self.canary.path)

    @property
    def url(self) -> str:
        """Address of the listener."""
        return f"http://127.0.0.1:{self.listener.port}/bait.mp4"

    def taken(self) -> list[str]:
        """What was touched since this was last asked; empty when nothing was."""
        names = ["the file was opened"] if self.canary.opened() else []
        return names + (["somebody connected"] if self.listener.callers() else [])


@contextmanager
def laid_bait(path: Path, content: bytes) -> Iterator[Bait]:
    """Bait for as long as the block lasts.

    Args:
        path: Where the file goes.
        content: What is in it: a real video, so that a reader who follows a reference would go on reading.
    """
    canary, listener = Canary(path, content), Listener()
    try:
        yield Bait(canary, listener)
    finally:
        canary.close()
        listener.close()
