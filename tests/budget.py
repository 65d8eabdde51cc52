"""A test takes half a minute at most, or is marked as long; so the whole run stays as short as it is.

Counted are the test itself and what was made for it, fixtures of its module included; not what is made once for all,
such as the running system. A busy or slow machine must fail no test, and the processor time that a test causes in
servers that were running already cannot be told from that of its neighbours. So what counts is wall time, on a clock
that goes slower the more the machine has to do, and the slower it computes. That errs on the kind side: what fails here
is too long on an idle machine too.
"""

import os
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

_shared = pytest.StashKey[float]()
_prepared = pytest.StashKey[float]()

_EVERY_S = 0.5
# Processor time of `_compute` on the machine whose half minute is meant.
_REFERENCE_S = 0.05


@dataclass(frozen=True)
class Reading:
    """What the machine is doing."""

    at: float
    """Seconds since 1970."""
    wanting: int
    """Processes that run, wait for a core or wait for a disk."""
    stolen_s: float
    """Seconds of its cores that other machines on the same hardware had, so far."""

    @classmethod
    def now(cls) -> "Reading":
        """Of this machine."""
        lines = dict(line.split(" ", 1) for line in Path("/proc/stat").read_text().splitlines())
        stolen_s = int(lines["cpu"].split()[7]) / os.sysconf("SC_CLK_TCK")
        return cls(time.time(), int(lines["procs_running"]) + int(lines["procs_blocked"]), stolen_s)


class Clock:
    """Tells how long something would have taken had it had the machine to itself.

    Args:
        read: Looks at the machine.
        cores: That the machine has.
    """

    def __init__(self, read: Callable[[], Reading] = Reading.now, cores: int = len(os.sched_getaffinity(0))) -> None:
        self._read, self._cores = read, cores
        self._lock = threading.Lock()
        self._last = read()
        self._spans: list[tuple[float, float, float]] = []

    def look(self) -> None:
        """Note what the machine is doing."""
        with self._lock:
            last, now = self._last, self._read()
            if (passed_s := now.at - last.at) <= 0:
                return
            own = max(0.05, 1 - (now.stolen_s - last.stolen_s) / (passed_s * self._cores))
            self._spans.append((last.at, now.at, own / max(1.0, now.wanting / self._cores)))
            self._last = now

    def seconds(self, start: float, stop: float) -> float:
        """From one time to another, by this clock."""
        self.look()
        since = takewhile(lambda span: span[1] > start, reversed(self._spans))
        return sum(pace * max(0.0, min(stop, ended) - max(start, began)) for began, ended, pace in since)

    def run(self) -> None:
        """Look again and again."""
        while True:
            time.sleep(_EVERY_S)
            self.look()


_clock = Clock()
threading.Thread(target=_clock.run, daemon=True).start()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The limit, which tests of this module change."""
    parser.addini("longest_test_s", "seconds that a test may take unless it is marked as long", default="30")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Note how long something took that all tests share."""
    began = time.time()
    try:
        return (yield)
    finally:
        if fixturedef.scope == "session":
            stash = request.config.stash
            stash[_shared] = stash.get(_shared, 0.0) + _clock.seconds(began, time.time())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what passed too late."""
    report = yield
    if call.when == "setup":
        item.stash[_prepared] = _clock.seconds(call.start, call.stop) - item.config.stash.get(_shared, 0.0)
        item.config.stash[_shared] = 0.0
    elif call.when == "call" and report.passed and item.get_closest_marker("long") is None:
        limit_s = float(item.config.getini("longest_test_s"))
        took_s = item.stash[_prepared] + _clock.seconds(call.start, call.stop)
        if took_s > limit_s and (took_s := took_s / _slowness()) > limit_s:
            report.outcome = "failed"
            report.longrepr = (
                f"It would take {took_s:.1f} s on an idle machine, more than the {limit_s:g} s that a test may take. "
                "Give it less to do, or a short form and a long one: see docs/testing.md."
            )
    return report


def _slowness() -> float:
    """How many times slower this machine computes than the reference; 1 if it is faster."""
    return max(1.0, max(_compute() for _ in range(3)) / _REFERENCE_S)


def _compute() -> float:
    began = time.process_time()
    sum(number * number % 7 for number in range(500_000))
    return time.process_time() - began
