"""Merges the logs of all processes: compact and coloured at a terminal, JSON lines otherwise."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

_COLOURS = {
    "metadata": "cyan",
    "classifier": "magenta",
    "face": "blue",
    "audio": "yellow",
    "gateway": "green",
    "envoy": "white",
}
_LEVEL_STYLES = {"warning": "yellow", "error": "bold red", "critical": "bold red", "exception": "bold red"}
_SHOWN_APART = frozenset({"timestamp", "level", "event", "service", "exception", "logger"})


def parse_line(name: str, line: str) -> dict[str, Any]:
    """A child's line as a log record: JSON objects as they are, anything else as an event of its own."""
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        record = {"level": "info", "event": line}
    return {"service": name, **record}


def json_log(write: Callable[[str], object]) -> Callable[[str, str], None]:
    """A log of one JSON object a line."""

    def log(name: str, line: str) -> None:
        if line:
            write(json.dumps(parse_line(name, line), ensure_ascii=False) + "\n")

    return log


def terminal_log(console: Console) -> Callable[[str, str], None]:
    """A log for people: time, service, what happened, then the rest dimmed."""

    def log(name: str, line: str) -> None:
        if line:
            console.print(_pretty(parse_line(name, line)), soft_wrap=True)

    return log


def _pretty(record: dict[str, Any]) -> Text:
    service = str(record["service"])
    level = str(record.get("level", "info"))
    text = Text(_clock(record.get("timestamp")), style="dim")
    text.append(f" {service:<10} ", style=_COLOURS.get(service, "white"))
    text.append(str(record.get("event", "")), style=_LEVEL_STYLES.get(level, ""))
    for key, value in record.items():
        if key not in _SHOWN_APART and value is not None:
            text.append(f" {key}={value}", style="dim")
    if "exception" in record:
        text.append(f"\n{record['exception']}", style="dim red")
    return text


def _clock(timestamp: object) -> str:
    """Local wall time of an ISO 8601 timestamp, or of now when there is none."""
    try:
        moment = datetime.fromisoformat(str(timestamp))
    except ValueError:
        moment = datetime.now().astimezone()
    return moment.astimezone().strftime("%H:%M:%S")
