"""Whether a live session ends with what an analysis of the same recording says.

`python -m benchmarks.clips.live_check folder [most]`: starts everything; of each clip of a folder (or so many of them,
spread over it) makes a recording of sixteen seconds with a keyframe every two, by repeating it; sends that as a live
session in fragments, and has the same fragments analysed as a file. Prints how far features are apart, and ends with 1
when one is over the limit, a verdict another, or a window was left out.
"""

import asyncio
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from notreally.v1 import live_pb2

from benchmarks.clips.field_check import Change, differences, report
from benchmarks.clips.folder import asked, clips_in
from client import NotReally
from client.live import Live
from tests.integration.live_clips import Fragments, fragments
from tests.integration.stack import running_stack

_FRAGMENT_S = 2.0
_RECORDING_S = 16.0
"""As a file it has four windows of four seconds, as it has live."""

_AHEAD_S = 2.1
"""How far sending may be ahead of the verdicts, so that a busy machine leaves nothing out."""


def record(clip: Path, to: Path) -> bool:
    """A clip over and over, as a camera that stands before it would send it; False where ffmpeg cannot read it."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-stream_loop",
        "-1",
        "-i",
        str(clip),
        "-t",
        f"{_RECORDING_S}",
    ]
    command += ["-map", "0:v:0", "-map", "0:a:0?", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]
    command += [
        "-pix_fmt",
        "yuv420p",
        "-force_key_frames",
        f"expr:gte(t,n_forced*{_FRAGMENT_S:g})",
        "-sc_threshold",
        "0",
    ]
    # A microphone pauses nowhere; a clip's sound may be shorter than its picture.
    command += ["-af", "aresample=async=1:min_hard_comp=0.001"]
    # Noise that a decoder makes up (PNS) depends on where it began.
    command += ["-c:a", "aac", "-b:a", "128k", "-aac_pns", "0", str(to)]
    return subprocess.run(command, check=False).returncode == 0


async def live_result(client: NotReally, found: Fragments) -> live_pb2.LiveEvent:
    """The last event of a session that is sent these fragments as they are used."""
    live = await client.live()
    judged = asyncio.Condition()
    events: list[live_pb2.LiveEvent] = []

    async def watch() -> None:
        async for event in live.events():
            async with judged:
                events.append(event)
                judged.notify_all()

    watching = asyncio.create_task(watch())
    await _send(live, found, events, judged)
    await live.end()
    await watching
    return events[-1]


async def _send(live: Live, found: Fragments, events: list[live_pb2.LiveEvent], judged: asyncio.Condition) -> None:
    for number, (fragment, start_s) in enumerate(zip(found.fragments, found.starts_s, strict=True), start=1):
        await live.send(found.header + fragment, start_s, len(found.header))
        async with judged:
            while not events or _FRAGMENT_S * number - events[-1].through_s >= _AHEAD_S:
                await judged.wait()


async def check(client: NotReally, clip: Path, folder: Path) -> list[Change]:
    """One clip live and as a file."""
    recording = folder / "recording.mp4"
    if not await asyncio.to_thread(record, clip, recording):
        return []
    found_in = fragments(recording, _FRAGMENT_S)
    recording.write_bytes(found_in.header + b"".join(found_in.fragments))
    last = await live_result(client, found_in)
    result = (await client.analyze(recording)).result
    found = list(differences(clip.name, "live", result, last.whole))
    return [*found, Change(clip.name, "live", "windows left out", float(last.windows_skipped))]


async def main(folder: Path, most: int | None) -> int:
    """Check all clips, and print what came of it."""
    found: list[Change] = []
    with tempfile.TemporaryDirectory() as own, running_stack(Path(own) / "data") as stack:
        async with NotReally(stack.target) as client:
            for clip in clips_in(folder, most):
                of_clip = await check(client, clip, Path(own))
                found += of_clip
                over = {change.feature: f"{change.share:.1e}" for change in of_clip if change.share > 1e-5}
                print(f"{clip.name}: {over or 'the same'}", flush=True)
    text, is_fine = report(found)
    print(text)
    return 0 if found and is_fine else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(main(*asked("live_check"))))
    sys.exit(130)
