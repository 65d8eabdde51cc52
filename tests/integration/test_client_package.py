"""The Python client as other people get it: built, installed where nothing else is, and used as its README says."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.integration.stack import Stack

ROOT = Path(__file__).parents[2]
README = (ROOT / "client" / "README.md").read_text()
EXAMPLES = dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL))


def done(*command: str | Path, folder: Path = ROOT) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment that holds the package, and what it asks for, alone."""
    folder = tmp_path_factory.mktemp("package")
    uv = shutil.which("uv") or ROOT / ".uv" / "bin" / "uv"
    done(sys.executable, ROOT / "deploy" / "packages" / "stage_client.py", folder / "source")
    done(uv, "build", "--quiet", "--wheel", "--out-dir", folder, folder / "source")
    (wheel,) = folder.glob("notreally_client-*.whl")
    done(uv, "venv", "--quiet", "--python", sys.executable, folder / "empty")
    python = folder / "empty" / "bin" / "python"
    # What was locked lies in the cache already.
    done(uv, "pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "requirements.lock", wheel)
    return python


@pytest.fixture
def desk(silent: Path, tmp_path: Path) -> Path:
    """A folder with the files that the README names."""
    shutil.copy(silent, tmp_path / "video.mp4")
    (tmp_path / "videos").mkdir()
    shutil.copy(silent, tmp_path / "videos" / "one.mp4")
    (tmp_path / "videos" / "two.mp4").write_bytes(b"this is no video")
    (tmp_path / "segments").mkdir()
    cut = ["-c", "copy", "-f", "segment", "-segment_time", "2", "-reset_timestamps", "1"]
    done("ffmpeg", "-v", "error", "-i", silent, *cut, tmp_path / "segments" / "%04d.mp4")
    return tmp_path


def ran(title: str, python: Path, stack: Stack, folder: Path) -> str:
    program = folder / "program.py"
    program.write_text(EXAMPLES[title].replace("localhost:52513", stack.target))
    assert stack.target in program.read_text()
    return done(python, "-W", "error", "-P", program, folder=folder)


def test_it_brings_what_it_needs_under_its_own_name_and_nothing_else(python: Path) -> None:
    listing = "from importlib.metadata import packages_distributions as p; print('\\n'.join(sorted(p())))"
    names = set(done(python, "-c", listing).split())
    assert "notreally_client" in names
    assert not names & {"client", "notreally", "cli", "gateway", "services"}
    assert names <= {
        "_cffi_backend",
        "google",
        "google_crc32c",
        "grpc",
        "grpc_status",
        "notreally_client",
        "typing_extensions",
    }


def test_one_video_without_asyncio(python: Path, stack: Stack, desk: Path) -> None:
    said = ran("One video", python, stack, desk)
    size = (desk / "video.mp4").stat().st_size
    assert f"sent {size} of {size} bytes" in said
    assert "100 %" in said
    assert re.search(r"^VERDICT_[A-Z_]+ \w+", said, re.MULTILINE)


def test_step_by_step_with_asyncio(python: Path, stack: Stack, desk: Path) -> None:
    said = ran("Step by step, with asyncio", python, stack, desk)
    assert re.search(r"^\d+ 100 %$", said, re.MULTILINE)
    assert re.search(r"^[01]\.\d+ \w+", said, re.MULTILINE)


def test_many_videos(python: Path, stack: Stack, desk: Path) -> None:
    said = ran("Many videos", python, stack, desk)
    assert sorted(said.split("\n")) == ["", "one.mp4 ANALYSIS_STATE_SUCCEEDED", "two.mp4 ANALYSIS_STATE_FAILED"]
    table = (desk / "results.csv").read_text()
    assert table.count("\n") == 3
    assert "NOT_A_VIDEO" in table


def test_a_camera(python: Path, stack: Stack, desk: Path) -> None:
    said = ran("A camera, a call or a stream", python, stack, desk)
    assert said.split("\n")[-2].endswith(" LIVE_STATE_ENDED"), said


def test_it_is_typed(python: Path, desk: Path) -> None:
    program = desk / "program.py"
    program.write_text(
        "from notreally_client import NotReallySync\n"
        "from notreally_client.v1 import analysis_pb2\n"
        "def found(server: NotReallySync) -> analysis_pb2.Analysis:\n"
        "    reveal_type(server.get_batch('').display_name)\n"
        "    return server.result('')\n"
    )
    cache = desk / "cache"
    types = "--ignore-missing-imports", "--follow-imports", "silent", "--cache-dir", str(cache)
    said = done(sys.executable, "-m", "mypy", *types, "--python-executable", python, program, folder=desk)
    assert re.search(r'Revealed type is "(builtins\.)?str"', said), said


def test_it_asks_for_what_the_server_does() -> None:
    own, whole = (tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"] for part in ("client", "."))
    assert own["dependencies"] == whole["dependencies"]
    assert own["version"] == whole["version"]
