"""Ports to listen on, and waiting for something to come true."""

import socket
import time
from contextlib import ExitStack


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Ports nobody listens on right now, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((host, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def wait_for(condition: object, seconds: float = 10.0) -> None:
    """Ask a callable again and again until it is true.

    Raises:
        AssertionError: When it is not true in time.
    """
    assert callable(condition)
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not become true in time"
        time.sleep(0.02)
