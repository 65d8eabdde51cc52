"""Latency of live sessions, and how many one machine carries.

python -m benchmarks.live SERVER CLIP [SESSIONS] [SECONDS]

Each session is sent fragments of two seconds as fast as time goes by. What is printed is how long after a fragment was
handed over its verdict was heard, and how many windows were left out. Other work on the machine counts as well: the
load is printed beside it.
"""

import asyncio
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from client import NotReally
from client.live import ENDED, Live
from tests.integration.live_clips import Fragments, fragments

FRAGMENT_S = 2.0


@dataclass
class Measured:
    """One session: seconds from handing a fragment over to its verdict, and windows."""

    latencies_s: list[float] = field(default_factory=list)
    analyzed: int = 0
    skipped: int = 0


async def session(client: NotReally, found: Fragments, seconds: float, delay_s: float) -> Measured:
    """Send a clip again and again as one stream that never ends, and listen."""
    await asyncio.sleep(delay_s)
    live = await client.live()
    measured = Measured()
    handed_over: list[tuple[float, float]] = []  # until which second of the recording, and when
    listening = asyncio.create_task(_listen(live, measured, handed_over))
    began = time.monotonic()
    count = int(seconds / FRAGMENT_S)
    for number in range(count):
        await asyncio.sleep(max(0.0, began + (number + 1) * FRAGMENT_S - time.monotonic()))
        handed_over.append(((number + 1) * FRAGMENT_S, time.monotonic()))
        fragment = found.fragments[number % len(found.fragments)]
        await live.send(found.header + fragment, number * FRAGMENT_S, len(found.header))
    await live.end()
    await listening
    return measured


async def _listen(live: Live, measured: Measured, handed_over: list[tuple[float, float]]) -> None:
    heard_s = 0.0
    async for event in live.events():
        measured.analyzed, measured.skipped = event.windows_analyzed, event.windows_skipped
        if event.state in ENDED:
            return
        if event.through_s > heard_s + 0.1:
            heard_s = event.through_s
            at = next((at for end_s, at in reversed(handed_over) if end_s <= heard_s + 0.2), None)
            if at is not None:
                measured.latencies_s.append(time.monotonic() - at)


async def main(server: str, clip: Path, sessions: int, seconds: float) -> None:
    """Measure, and print."""
    found = fragments(clip, FRAGMENT_S)
    async with NotReally(server) as client:
        runs = [session(client, found, seconds, number * FRAGMENT_S / sessions) for number in range(sessions)]
        measured = await asyncio.gather(*runs)
    latencies = sorted(value for one in measured for value in one.latencies_s)
    analyzed, skipped = sum(one.analyzed for one in measured), sum(one.skipped for one in measured)
    p95 = latencies[min(len(latencies) - 1, int(0.95 * len(latencies)))]
    median = statistics.median(latencies)
    print(
        f"{sessions} sessions of {seconds:.0f} s: median {median:.2f} s, 95th percentile {p95:.2f} s, "
        f"longest {latencies[-1]:.2f} s from a fragment to its verdict; {analyzed} windows judged, {skipped} left out; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    address, name, *rest = sys.argv[1:]
    how_many = int(rest[0]) if rest else 1
    how_long = float(rest[1]) if len(rest) > 1 else 40.0
    asyncio.run(main(address, Path(name), how_many, how_long))
