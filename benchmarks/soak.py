"""Many analyses, one after the other and four at a time: does anything grow?

`python -m benchmarks.soak [analyses]`: starts everything, warms it up, notes what each process holds, runs so many
analyses (200 by default), and prints what each holds then. Ends with 1 when a process has grown by more than a tenth or
temporary files are left.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.footprint import Footprint, by_name, footprints
from client import NotReally, Patience
from tests.integration.stack import Stack, running_stack
from tests.synthetic.videos import FaceVideo, make_face_video, syllables

ALLOWED_GROWTH = 0.10
_AT_ONCE = 4
_WARM_UP = 24
_SETTLE_S = 3.0
"""For workers to end and logs to be written, after the last answer."""


def main() -> int:
    """Run, print the table, and say whether everything stayed as it was."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder, temporary = Path(name), Path(name) / "tmp"
        temporary.mkdir()
        videos = [make_face_video(folder / f"{number}.mp4", video) for number, video in enumerate(_videos())]
        with running_stack(folder / "data", TMPDIR=str(temporary)) as stack:
            asyncio.run(_analyze(stack, videos, _WARM_UP))
            warm, warm_files = _look(stack), _files(temporary)
            began = time.monotonic()
            asyncio.run(_analyze(stack, videos, count))
            seconds = time.monotonic() - began
            final, left = _look(stack), _files(temporary) - warm_files
            left |= _files(folder / "data" / "media" / "uploads") | _files(folder / "data" / "media" / "incoming")
            database = sum(path.stat().st_size for path in (folder / "data").glob("notreally.db*"))
    print(f"{count} analyses in {seconds:.0f} s; sizes in MiB")
    print(f"{'process':<12} {'warm':>7} {'final':>7} {'growth':>7} {'files':>11}")
    grown = False
    for process, now in by_name(final).items():
        before = by_name(warm).get(process, [])
        was, held = _rss(before), _rss(now)
        growth = held / was - 1 if was else float("inf")
        grown |= growth > ALLOWED_GROWTH
        files = f"{sum(f.open_files for f in before)} > {sum(f.open_files for f in now)}"
        print(f"{process:<12} {was / 2**20:7.1f} {held / 2**20:7.1f} {100 * growth:6.1f}% {files:>11}")
    print(f"database {database / 2**20:.1f} MiB, {database / 1024 / (count + _WARM_UP):.0f} KiB an analysis")
    print("left behind:", ", ".join(sorted(map(str, left))) or "nothing")
    print("limit 10 %:", "BROKEN" if grown or left else "kept")
    return 1 if grown or left else 0


def _videos() -> list[FaceVideo]:
    """Long and short, with sound and without, large and small."""
    return [
        FaceVideo(seconds=2.0, size=(320, 240), iod=60.0, mouth=syllables, sound=syllables),
        FaceVideo(seconds=1.0, size=(480, 360), iod=80.0),
        FaceVideo(seconds=3.0, size=(480, 360), iod=80.0, blinks=(1.0,), sound=syllables),
        FaceVideo(seconds=1.0, size=(960, 720), iod=120.0, sound=syllables),
    ]


async def _analyze(stack: Stack, videos: list[Path], count: int) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)
    async with NotReally(stack.target, Patience(attempts=30)) as client:

        async def one(number: int) -> None:
            async with turn:
                assert (await client.analyze(videos[number % len(videos)])).result.summary

        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(one(number))
    await asyncio.sleep(_SETTLE_S)


def _look(stack: Stack) -> list[Footprint]:
    return footprints(stack.process.pid)


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def _rss(processes: list[Footprint]) -> int:
    return sum(process.rss for process in processes)


if __name__ == "__main__":
    sys.exit(main())
