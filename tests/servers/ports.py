"""Ports to listen on, and waiting for something to come true."""

import random
import socket
import time
from contextlib import suppress
from pathlib import Path

_FIRST_EPHEMERAL = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
_given: set[int] = set()
# Not the shared generator: it is seeded alike for every test.
_numbers = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses, all different, and never the same twice in one test run.

    Below those that the system gives to outgoing connections: one of them might take such a port before its listener.
    """
    found: list[int] = []
    while len(found) < count:
        port = _numbers.randrange(10_000, _FIRST_EPHEMERAL)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                found.append(port)
    return found


def wait_for(condition: object, seconds: float = 30.0) -> None:
    """Ask a callable again and again until it is true.

    Raises:
        AssertionError: When it is not true in time.
    """
    assert callable(condition)
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not become true in time"
        time.sleep(0.02)
