"""`make bench`: NotReally against the plain pipeline, in the same run, both warm, medians of several rounds.

Writes docs/performance.json and docs/performance.svg, and prints the table of docs/performance.md. In its last row of
each workload: wall time as a multiple of the plain pipeline's, frames a second likewise, and how many times cheaper a
frame is.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from benchmarks.comparison import Comparison, Round
from benchmarks.plain import Seen
from benchmarks.plot import plot
from benchmarks.processes import usage
from benchmarks.workloads import Workload, all_workloads
from client import NotReally
from tests.integration.stack import running_stack

DOCS = Path(__file__).parents[1] / "docs"


class Plain:
    """One process that runs the plain pipeline again and again."""

    def __init__(self) -> None:
        """Start it; it is warm after its first video."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.plain"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def analyze(self, video: Path) -> Seen:
        """Run it on one video."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(video, file=self.process.stdin, flush=True)
        return Seen(**json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def main() -> None:
    """Run all workloads and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="name of one workload; nothing is written then")
    parser.add_argument("--print", action="store_true", help="print what was written last; nothing is measured")
    arguments = parser.parse_args()
    if arguments.print:
        rows = json.loads((DOCS / "performance.json").read_text())
        _print([Comparison(**{**row, "plain": Round(**row["plain"]), "ours": Round(**row["ours"])}) for row in rows])
        return
    workloads = [w for w in all_workloads() if arguments.only in (None, w.name)]
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder)) as stack:
        plains = [Plain(), Plain()]
        try:
            warm = workloads[0].videos[0]
            for plain in plains:
                plain.analyze(warm)
            asyncio.run(_ours(stack.target, (warm,)))
            root = psutil.Process(stack.process.pid)
            found = [_compare(w, plains, stack.target, root, arguments.rounds) for w in workloads]
        finally:
            for plain in plains:
                plain.close()
    _print(found)
    if arguments.only is None:
        (DOCS / "performance.json").write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")
        plot(found, DOCS / "performance.svg")


def _compare(workload: Workload, plains: list[Plain], target: str, root: psutil.Process, rounds: int) -> Comparison:
    # Many videos at once: the plain pipeline gets a process for each of this machine's two cores.
    used = plains if len(workload.videos) > 1 else plains[:1]
    plain_rounds, our_rounds = [], []
    for _ in range(rounds):
        plain_rounds.append(
            _measured([psutil.Process(p.process.pid) for p in used], lambda: _plain_side_by_side(used, workload))
        )
        our_rounds.append(_measured([root], lambda: asyncio.run(_ours(target, workload.videos, workload.duration_s))))
    return Comparison(workload.name, workload.title, len(workload.videos), _median(plain_rounds), _median(our_rounds))


def _plain_side_by_side(plains: list[Plain], workload: Workload) -> dict[str, float]:
    videos, seen, lock = list(workload.videos), [], threading.Lock()

    def work(plain: Plain) -> None:
        while True:
            with lock:
                if not videos:
                    return
                video = videos.pop(0)
            found = plain.analyze(video)
            with lock:
                seen.append(found)

    threads = [threading.Thread(target=work, args=(plain,)) for plain in plains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "frames": statistics.mean(s.frames for s in seen),
        "face_share": statistics.mean(s.faces / s.frames for s in seen),
        "seen_share": statistics.mean(min(1.0, s.last_s / workload.duration_s) for s in seen),
    }


async def _ours(target: str, videos: tuple[Path, ...], duration_s: float = 1.0) -> dict[str, float]:
    """Upload, analyse and fetch the result of every video, all at once, as `notreally analyze` does."""
    async with NotReally(target) as client:
        done = await asyncio.gather(*(client.analyze(video) for video in videos))
    results = [analysis.result for analysis in done]
    return {
        "frames": statistics.mean(r.quality.frames_analyzed for r in results),
        "face_share": statistics.mean(r.quality.face_coverage for r in results),
        "seen_share": statistics.mean(max(s.end_s for s in r.timeline) / duration_s for r in results),
    }


def _measured(roots: list[psutil.Process], work: Callable[[], dict[str, float]]) -> Round:
    def total() -> tuple[float, int]:
        each = [usage(root) for root in roots]
        return sum(u.cpu_s for u in each), sum(u.memory_bytes for u in each)

    with _peak(lambda: total()[1]) as peak:
        cpu_s, began = total()[0], time.monotonic()
        seen = work()
        wall_s = time.monotonic() - began
        cpu_s = total()[0] - cpu_s
    return Round(wall_s=wall_s, cpu_s=cpu_s, peak_bytes=max(peak), **seen)


@contextlib.contextmanager
def _peak(memory: Callable[[], int]) -> Iterator[list[int]]:
    seen, stop = [memory()], threading.Event()

    def watch() -> None:
        while not stop.wait(0.25):
            seen.append(memory())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def _median(rounds: list[Round]) -> Round:
    columns: dict[str, Any] = {
        name: statistics.median(getattr(r, name) for r in rounds) for name in Round.__dataclass_fields__
    }
    return Round(**columns)


def _print(found: list[Comparison]) -> None:
    columns = ["workload", "wall, s", "frames a second", "CPU, s", "CPU a frame, ms", "frames", "film seen"]
    print("|", " | ".join([*columns, "face found", "peak, MB"]), "|")
    print("|---|---|---|---|---|---|---|---|---|")
    for one in found:
        for name, r in (("plain", one.plain), ("NotReally", one.ours)):
            cells = [f"{one.title}, {name}", f"{r.wall_s:.2f}", f"{_frames_per_s(one, r):.0f}", f"{r.cpu_s:.2f}"]
            cells += [f"{_cpu_per_frame(one, r):.1f}", f"{r.frames:.0f}", f"{r.seen_share:.0%}"]
            print("|", " | ".join([*cells, f"{r.face_share:.0%}", f"{r.peak_bytes / 1e6:.0f}"]), "|")
        longer = one.ours.wall_s / one.plain.wall_s
        more = _frames_per_s(one, one.ours) / _frames_per_s(one, one.plain)
        cheaper = _cpu_per_frame(one, one.plain) / _cpu_per_frame(one, one.ours)
        print(f"| **ratio** | **{longer:.2f}** | **{more:.2f}** | | **{cheaper:.2f}** | | | | |")
    print("\n`peak`: the resident sizes of all processes added up, in which what they share counts once in each.")


def _frames_per_s(one: Comparison, r: Round) -> float:
    return r.frames * one.videos / r.wall_s


def _cpu_per_frame(one: Comparison, r: Round) -> float:
    return 1000 * r.cpu_s / (r.frames * one.videos)


if __name__ == "__main__":
    main()
