"""One log out of many."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.logview import json_log, parse_line, terminal_log


@given(st.text(alphabet=st.characters(exclude_characters="\r\n"), min_size=1))
def test_whatever_a_child_writes_becomes_one_json_line(line: str) -> None:
    written: list[str] = []
    json_log(written.append)("face", line)
    (text,) = written
    record = json.loads(text)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert "service" in record


def test_records_pass_as_they_are() -> None:
    line = '{"service": "gateway", "event": "call", "seconds": 0.5}'
    assert parse_line("face", line) == {"service": "gateway", "event": "call", "seconds": 0.5}
    assert parse_line("face", "Traceback") == {"service": "face", "level": "info", "event": "Traceback"}
    assert parse_line("face", "[1]")["event"] == "[1]"


def test_a_person_sees_name_event_and_details() -> None:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    log = terminal_log(console)
    log("face", '{"event": "serving [now]", "port": 50052, "timestamp": "2026-01-01T00:00:00Z", "level": "info"}')
    log("face", "")
    assert isinstance(console.file, io.StringIO)
    (line,) = console.file.getvalue().splitlines()
    assert line.endswith("face       serving [now] port=50052")
