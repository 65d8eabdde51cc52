"""A test that takes too long fails, unless it says that it is long."""

import subprocess
import sys
from pathlib import Path

import pytest

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
