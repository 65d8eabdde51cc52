"""A child process cannot outlive, outgrow or outwait the one who asked for it."""

import sys
import time
from pathlib import Path

import pytest

from services.kit.media.process import MediaProcess, ProcessCancelled, ProcessLimits, ProcessTimedOut

NOTHING = Path("/dev/null")
_ROOMY = ProcessLimits(seconds=20, memory_bytes=1 << 30)


def _python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def _never() -> bool:
    return False


def test_gives_output_status_and_complaint() -> None:
    code = "import sys; sys.stdout.write('o' * 200_000); sys.stderr.write('e' * 100_000 + 'end'); sys.exit(3)"
    with MediaProcess(_python(code), _ROOMY, _never, file=NOTHING) as process:
        pieces = list(process.chunks())
        assert process.exit_status() == 3
    assert b"".join(pieces) == b"o" * 200_000
    assert max(map(len, pieces)) <= 65_536
    assert process.complaint == "e" * 4093 + "end"


def test_is_killed_when_its_time_is_up() -> None:
    began = time.monotonic()
    with (
        MediaProcess(["sleep", "60"], ProcessLimits(0.2, 1 << 30), _never, file=NOTHING) as process,
        pytest.raises(ProcessTimedOut),
    ):
        list(process.chunks())
    assert time.monotonic() - began < 30


def test_is_killed_when_nobody_waits_any_more() -> None:
    cancelled = False
    code = "import time; print('ready', flush=True); time.sleep(60)"
    began = time.monotonic()
    with MediaProcess(_python(code), _ROOMY, lambda: cancelled, file=NOTHING) as process:
        pieces = process.chunks()
        assert next(pieces) == b"ready\n"
        cancelled = True
        with pytest.raises(ProcessCancelled):
            next(pieces)
    assert time.monotonic() - began < 30


def test_cannot_use_more_memory_than_allowed() -> None:
    # The child asks for memory only after its first output was read, by which time the limit is in force.
    code = "import sys; print('x', flush=True); sys.stdout.flush(); import time; time.sleep(0.2); bytearray(1 << 30)"
    with MediaProcess(_python(code), ProcessLimits(20, 512 << 20), _never, file=NOTHING) as process:
        list(process.chunks())
        assert process.exit_status() == 1
    assert "MemoryError" in process.complaint


def test_cannot_write_a_file(tmp_path: Path) -> None:
    code = f"import time; time.sleep(0.2); open({str(tmp_path / 'out')!r}, 'w').write('x' * 100_000)"
    with MediaProcess(_python(code), _ROOMY, _never, file=NOTHING) as process:
        list(process.chunks())
        assert process.exit_status() != 0
    assert (tmp_path / "out").stat().st_size == 0


def test_leaving_early_kills_it() -> None:
    began = time.monotonic()
    with MediaProcess(["sleep", "60"], _ROOMY, _never, file=NOTHING):
        pass
    assert time.monotonic() - began < 30
