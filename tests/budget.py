"""A test takes half a minute at most, or is marked as long; so the whole run stays as short as it is.

Counted are the test itself and what was made for it, fixtures of its module included; not what is made once for all,
such as the running system. On a busy machine wall time would fail innocent tests, and the processor time that a test
causes in servers that were running already cannot be told from that of its neighbours. So wall time is divided by the
number of processes for each core. That errs on the kind side: what fails here is too long on an idle machine too.
"""

import os
import time
from collections.abc import Generator
from typing import Any

import pytest

_shared = pytest.StashKey[float]()
_prepared = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The limit, which tests of this module change."""
    parser.addini("longest_test_s", "seconds that a test may take unless it is marked as long", default="30")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Note how long something took that all tests share."""
    began = time.perf_counter()
    try:
        return (yield)
    finally:
        if fixturedef.scope == "session":
            stash = request.config.stash
            stash[_shared] = stash.get(_shared, 0.0) + time.perf_counter() - began


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what passed too late."""
    report = yield
    if call.when == "setup":
        item.stash[_prepared] = call.duration - item.config.stash.get(_shared, 0.0)
        item.config.stash[_shared] = 0.0
    elif call.when == "call" and report.passed and item.get_closest_marker("long") is None:
        limit_s = float(item.config.getini("longest_test_s"))
        took_s = item.stash[_prepared] + call.duration
        if took_s / _processes_for_each_core() > limit_s:
            report.outcome = "failed"
            report.longrepr = (
                f"It took {took_s:.0f} s, more than the {limit_s:g} s that a test may take on an idle machine. Give it "
                "less to do, or a short form and a long one: see docs/testing.md."
            )
    return report


def _processes_for_each_core() -> float:
    return max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))
