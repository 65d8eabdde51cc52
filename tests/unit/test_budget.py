"""A test that takes too long fails, unless it says that it is long."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import budget
from tests.budget import Clock, Reading

ROOT = Path(__file__).parents[2]
_SLOW = """
import time
import pytest

@pytest.fixture(scope="session")
def shared():
    time.sleep(0.5)

@pytest.fixture(scope="module")
def own():
    time.sleep(0.5)

def test_shared(shared): ...
def test_own(own): ...
def test_itself(): time.sleep(0.5)
@pytest.mark.long
def test_long(): time.sleep(0.5)
"""


@pytest.mark.parametrize(("limit_s", "failed"), [("0.02", {"test_own", "test_itself"}), ("1000", set())])
def test_what_takes_too_long_fails(tmp_path: Path, limit_s: str, failed: set[str]) -> None:
    (tmp_path / "test_slow.py").write_text(_SLOW)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nlongest_test_s = {limit_s}\nmarkers = long")
    # In order: what is made for the first test that wants it is counted with that one.
    options = ("-p", "tests.budget", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:cloudcoil", "-rf")
    command = [sys.executable, "-m", "pytest", str(tmp_path), f"--rootdir={tmp_path}", *options]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = {line.partition("::")[2].partition(" ")[0] for line in run.stdout.splitlines() if line.startswith("FAILED")}
    assert found == failed, run.stdout
    assert ("more than the 0.02 s" in run.stdout) == bool(failed)


@pytest.mark.parametrize(
    ("wanting", "stolen_s", "counted_s"),
    [
        pytest.param(0, 0.0, 10.0, id="idle"),
        pytest.param(2, 0.0, 10.0, id="a process for each core"),
        pytest.param(8, 0.0, 2.5, id="four processes for each core"),
        pytest.param(1, 10.0, 5.0, id="half of it stolen"),
        pytest.param(4, 10.0, 2.5, id="both"),
    ],
)
def test_time_counts_less_the_busier_the_machine_is(wanting: int, stolen_s: float, counted_s: float) -> None:
    readings = iter(
        [Reading(100.0, 1, 5.0), Reading(110.0, wanting, 5.0 + stolen_s), Reading(120.0, 1, 5.0 + stolen_s)]
    )
    clock = Clock(lambda: next(readings), cores=2)
    clock.look()
    assert clock.seconds(100.0, 110.0) == pytest.approx(counted_s)


def test_only_what_lies_between_counts() -> None:
    readings = iter([Reading(float(at), wanting, 0.0) for at, wanting in ((0, 1), (10, 1), (20, 4), (30, 1))])
    clock = Clock(lambda: next(readings), cores=1)
    clock.look()
    clock.look()
    assert clock.seconds(5.0, 24.0) == pytest.approx(5.0 + 10.0 / 4 + 4.0)


def test_the_machine_tells_what_it_does() -> None:
    reading = Reading.now()
    assert reading.wanting >= 1  # this one
    assert reading.stolen_s >= 0.0


def test_a_slower_machine_takes_longer_and_a_faster_one_has_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "_compute", lambda: 3 * budget._REFERENCE_S)
    assert budget._slowness() == pytest.approx(3.0)
    monkeypatch.setattr(budget, "_compute", lambda: budget._REFERENCE_S / 2)
    assert budget._slowness() == 1.0
