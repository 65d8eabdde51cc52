"""What each process costs to start: processor and wall time until its health says that it serves.

`python -m benchmarks.startup [runs]`: starts each server by itself, as `notreally serve` does, with an empty data
folder, and the gateway again with the database it has made. The processor time is that of the server and of every
process it has started, such as its workers; least of the runs, which a busy machine changes least. Nothing is written.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.footprint import footprints
from tests.integration.stack import is_healthy
from tests.servers.home import laptop
from tests.servers.ports import free_ports

LIMIT_S = {"gateway": 1.5, "gateway, again": 1.5}
"""Processor seconds."""

_MODULES = {
    "gateway": "gateway",
    "gateway, again": "gateway",
    "face": "services.face",
    "audio": "services.audio",
    "metadata": "services.metadata",
    "classifier": "services.classifier",
}
_LONGEST_S = 120.0
_ASK_EVERY_S = 0.05


@dataclass(frozen=True)
class Start:
    """Seconds until it served."""

    cpu: float
    wall: float


def measure(module: str, folder: Path) -> Start:
    """Start one server with its data in a folder, and stop it as soon as it serves.

    Raises:
        RuntimeError: It does not come up.
    """
    address = f"127.0.0.1:{free_ports(1)[0]}"
    listen = f"NOTREALLY_{module.removeprefix('services.').upper()}_LISTEN"
    ours = {key: value for key, value in os.environ.items() if not key.startswith("NOTREALLY_")}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-P", "-u", "-m", module],
        cwd=Path(__file__).parents[1],
        env={**ours, **laptop(folder).settings, listen: address},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not is_healthy(address):
            if process.poll() is not None or time.perf_counter() - began > _LONGEST_S:
                raise RuntimeError(f"{module} does not start")
            time.sleep(_ASK_EVERY_S)
        return Start(sum(each.cpu_s for each in footprints(process.pid)), time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Measure, print a table, and say whether it is within the limits."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    kept = True
    print(f"least of {runs} runs, seconds       cpu    wall")
    with tempfile.TemporaryDirectory(prefix="notreally-") as name:
        for service, module in _MODULES.items():
            starts = [
                measure(module, Path(name) / module / ("0" if "again" in service else str(run))) for run in range(runs)
            ]
            least = Start(min(start.cpu for start in starts), min(start.wall for start in starts))
            limit = LIMIT_S.get(service)
            verdict = "" if limit is None else f"  limit {limit:g}: {'kept' if least.cpu <= limit else 'BROKEN'}"
            kept = kept and (limit is None or least.cpu <= limit)
            print(f"{service:>24}  {least.cpu:8.2f}{least.wall:8.2f}{verdict}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
