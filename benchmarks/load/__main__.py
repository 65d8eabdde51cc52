"""`python -m benchmarks.load [seconds]`: a load on a whole system of its own, faults and all; prints tables.

Ends with 1 when something accepted was lost, a refusal did not say when to come back, or the greedy caller left the
honest one less than nine tenths of its requests.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.footprint import Footprint, by_name, footprints
from benchmarks.load.faults import all_in_turn
from benchmarks.load.files import files
from benchmarks.load.report import holds, table
from benchmarks.load.run import Load, Outcome, Plan
from tests.integration.stack import Stack, running_stack

_WARM_UP_S = 20.0
_PATIENCE_S = 600.0


def main() -> int:
    """Run, print, and say whether it held."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("seconds", nargs="?", type=float, default=900.0)
    arguments.add_argument("--watchers", type=int, default=200)
    arguments.add_argument("--uploaders", type=int, default=50)
    arguments.add_argument("--every", type=float, default=30.0, help="seconds between faults; 0 for none")
    told = arguments.parse_args()
    plan = Plan(told.seconds, told.watchers, told.uploaders)
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        made = files(Path(name))
        with running_stack(Path(name) / "data", NOTREALLY_TRUSTED_PROXIES="1") as stack:
            outcome, faults, warm, final = asyncio.run(_run(stack, plan, made, Path(name) / "data", told.every))
    print(table(plan, outcome))
    print("faults:", ", ".join(f"{name} {count}" for name, count in faults.items()) or "none")
    print(f"\n{'process':<12} {'start MiB':>9} {'end MiB':>9} {'growth':>7}")
    for process, now in by_name(final).items():
        was, held = _rss(by_name(warm).get(process, [])), _rss(now)
        print(f"{process:<12} {was / 2**20:9.0f} {held / 2**20:9.0f} {100 * (held / was - 1) if was else 0:6.1f}%")
    return 0 if holds(outcome) else 1


async def _run(
    stack: Stack, plan: Plan, made: list[bytes], data: Path, every_s: float
) -> tuple[Outcome, Counter[str], list[Footprint], list[Footprint]]:
    faults: Counter[str] = Counter()
    warm_up = Plan(min(_WARM_UP_S, plan.seconds), 20, 10)
    await Load(warm_up, stack.port, made).run(_PATIENCE_S)
    warm = footprints(stack.process.pid)
    breaking = None
    if every_s:
        breaking = asyncio.create_task(
            all_in_turn(stack, data / "notreally.db", every_s, lambda name: faults.update([name]))
        )
    outcome = await Load(plan, stack.port, made).run(_PATIENCE_S)
    if breaking is not None:
        breaking.cancel()
        await asyncio.gather(breaking, return_exceptions=True)
    return outcome, faults, warm, footprints(stack.process.pid)


def _rss(processes: list[Footprint]) -> int:
    return sum(process.rss for process in processes)


if __name__ == "__main__":
    sys.exit(main())
