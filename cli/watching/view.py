"""What a person or a program sees of a live session: a table that changes in place, or a line of JSON an event."""

import json
from typing import Any, Self, TextIO

from notreally.v1 import analysis_pb2, live_pb2
from rich.console import Console, Group
from rich.live import Live as Changing
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.outcome import result_fields
from cli.progress import printable
from cli.report import VERDICTS

_BAR = 30


class JsonLines:
    """One line of JSON for each event, for programs."""

    def __init__(self, out: TextIO, err: Console) -> None:
        """Write nothing yet."""
        self._out = out
        self._err = err

    def happened(self, event: live_pb2.LiveEvent) -> None:
        """See `cli.watching.watch.Viewer`."""
        print(json.dumps(event_fields(event), ensure_ascii=False), file=self._out, flush=True)

    def said(self, text: str) -> None:
        """See `cli.watching.watch.Viewer`."""
        self._err.print(printable(text), style="yellow", markup=False, highlight=False)


class LiveTable:
    """A panel that changes in place, for a terminal."""

    def __init__(self, console: Console, source: str) -> None:
        """Draw nothing before `with`."""
        self._source = printable(source)
        self._event = live_pb2.LiveEvent()
        self._note = "connecting"
        self._live = Changing(self._drawn(), console=console, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Start drawing."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing; what was drawn last stays."""
        self._live.stop()

    def happened(self, event: live_pb2.LiveEvent) -> None:
        """See `cli.watching.watch.Viewer`."""
        self._event, self._note = event, ""
        self._live.update(self._drawn())

    def said(self, text: str) -> None:
        """See `cli.watching.watch.Viewer`."""
        self._note = printable(text)
        self._live.update(self._drawn())

    def _drawn(self) -> Panel:
        event = self._event
        ended = event.state in (live_pb2.LIVE_STATE_ENDED, live_pb2.LIVE_STATE_FAILED)
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in ("", "verdict", "fake", ""):
            table.add_column(title, no_wrap=True)
        if not ended:
            table.add_row(*_row("last 30 s", event.recent))
            for face in event.recent.faces if len(event.recent.faces) > 1 else ():
                words, style = VERDICTS.get(face.verdict, ("…", "white"))
                table.add_row(f"  face {face.number}", Text(words, style=style), f"{face.prob_fake:.0%}", "")
        table.add_row(*_row("all of it" if ended else "so far", event.whole))
        parts: list[Any] = [table, Text()]
        parts += [Text(f"• {printable(remark.text)}", style="yellow") for remark in event.remarks]
        parts += [Text(f"• {self._note}", style="yellow")] if self._note else []
        if event.HasField("error"):
            parts.append(Text(printable(event.error.message), style="red"))
        facts = f"{event.through_s:.0f} s judged, {event.windows_analyzed} windows, {event.latency_s:.1f} s behind"
        skipped = f", {event.windows_skipped} left out" if event.windows_skipped else ""
        state = "ended" if ended else "collecting evidence" if event.state <= live_pb2.LIVE_STATE_COLLECTING else "live"
        parts.append(Text(f"{state} · {facts}{skipped}", style="dim"))
        return Panel(Group(*parts), title=Text(self._source, style="bold"), title_align="left")


def event_fields(event: live_pb2.LiveEvent) -> dict[str, Any]:
    """An event as JSON: the session's state, and both results as `notreally analyze --json` prints them."""
    fields: dict[str, Any] = {
        "sequence": event.sequence,
        "time": event.time.ToJsonString(),
        "state": live_pb2.LiveState.Name(event.state).removeprefix("LIVE_STATE_").lower(),
        "through_s": round(event.through_s, 3),
        "latency_s": round(event.latency_s, 3),
        "windows_analyzed": event.windows_analyzed,
        "windows_skipped": event.windows_skipped,
        "remarks": [{"reason": remark.reason, "text": remark.text} for remark in event.remarks],
        "faces": [
            {"number": face.number, "present": face.present, "box": [face.left, face.top, face.width, face.height]}
            for face in event.faces
        ],
    }
    for name in ("recent", "whole"):
        fields[name] = result_fields(getattr(event, name)) if event.HasField(name) else None
    if event.end:
        fields["end"] = live_pb2.LiveEnd.Name(event.end).removeprefix("LIVE_END_").lower()
    if event.HasField("error"):
        fields["error"] = event.error.message
    return fields


def _row(name: str, result: analysis_pb2.AnalysisResult) -> tuple[str, Text, str, Text]:
    words, style = VERDICTS.get(result.verdict, ("…", "dim"))
    if result.verdict in (analysis_pb2.VERDICT_INSUFFICIENT, analysis_pb2.VERDICT_UNSPECIFIED):
        return name, Text(words, style=style), "", Text()
    part = " (voice)" if result.headline == analysis_pb2.PART_VOICE else ""
    filled = round(_BAR * result.prob_fake)
    bar = Text.assemble(("█" * filled, style), ("░" * (_BAR - filled), "dim"))
    return name, Text(words + part, style=f"bold {style}"), f"{result.prob_fake:.0%}", bar
