"""What gateway and edge add to the work of the services, on an idle machine.

`python -m benchmarks.overhead [runs]`: starts everything, analyses a short clip again and again, and says for how much
of each run's wall time (from the first byte of the upload to the result in hand) no service was working. Ends with 1
when the median is over the limit.
"""

import asyncio
import datetime as dt
import itertools
import json
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.footprint import footprints
from client import NotReally
from tests.integration.stack import Stack, running_stack
from tests.synthetic.videos import FaceVideo, make_face_video

LIMIT_S = 0.1
_SERVICES = frozenset({"face", "audio", "metadata", "classifier"})
_WARM_UP_RUNS = 3
"""The first runs fill caches, and mesh models are loaded on the first face."""


@dataclass(frozen=True)
class Run:
    """Wall times of one analysis, in seconds."""

    upload: float
    create: float
    watch: float
    result: float
    services: float
    """During which some service was answering a call, by its own log."""
    cpu: float
    """CPU time that gateway and edge have spent on it, which a busy machine changes least."""

    @property
    def wall(self) -> float:
        """From beginning to end."""
        return self.upload + self.create + self.watch + self.result

    @property
    def overhead(self) -> float:
        """What is left when the services' time is taken off."""
        return self.wall - self.services


async def measure(stack: Stack, video: Path, runs: int) -> list[Run]:
    """Analyse a video so many times, one after the other."""
    measured = []
    async with NotReally(stack.target) as client:
        for _ in range(_WARM_UP_RUNS + runs):
            cpu_before = _cpu(stack)
            began, at = time.time(), [time.perf_counter()]
            upload = await client.upload(video)
            at.append(time.perf_counter())
            analysis = await client.create_analysis(upload.name)
            at.append(time.perf_counter())
            async for _event in client.watch([analysis.name]):
                pass
            at.append(time.perf_counter())
            await client.result(analysis.name)
            at.append(time.perf_counter())
            ended, cpu = time.time(), _cpu(stack) - cpu_before
            # A service writes its line after it has answered.
            await asyncio.sleep(0.3)
            upload_s, create_s, watch_s, result_s = (end - start for start, end in itertools.pairwise(at))
            measured.append(Run(upload_s, create_s, watch_s, result_s, _busy(stack.log, began, ended), cpu))
    return measured[_WARM_UP_RUNS:]


def _cpu(stack: Stack) -> float:
    return sum(each.cpu_s for each in footprints(stack.process.pid) if each.name in ("gateway", "envoy"))


def _busy(log: list[str], began: float, ended: float) -> float:
    """Seconds between two times during which at least one service was answering a call, by the services' own logs."""
    spans = []
    for line in list(log):
        with suppress(ValueError):
            record = json.loads(line)
            if record.get("event") == "call" and record.get("service") in _SERVICES:
                end = dt.datetime.fromisoformat(record["timestamp"]).timestamp()
                spans.append((max(end - record["seconds"], began), min(end, ended)))
    busy, until = 0.0, began
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy


def main() -> int:
    """Measure, print a table, and say whether it is within the limit."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory(prefix="notreally-") as folder:
        video = make_face_video(Path(folder) / "clip.mp4", FaceVideo(seconds=1.0, size=(320, 240), iod=60.0))
        with running_stack(Path(folder) / "data") as stack:
            measured = asyncio.run(measure(stack, video, runs))
    print("milliseconds, median (least - most) of", len(measured), "runs")
    for name in ("upload", "create", "watch", "result", "wall", "services", "overhead", "cpu"):
        values = [1000 * getattr(run, name) for run in measured]
        print(f"{name:>10}  {statistics.median(values):7.1f}  ({min(values):.1f} - {max(values):.1f})")
    overhead = statistics.median(run.overhead for run in measured)
    print("limit", f"{1000 * LIMIT_S:.0f} ms:", "kept" if overhead <= LIMIT_S else "BROKEN")
    return 0 if overhead <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
