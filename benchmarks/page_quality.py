"""What Lighthouse says of the upload page and of a dashboard: performance, accessibility and best practices.

`python -m benchmarks.page_quality [--runs N]`: starts everything, has a made-up video analysed, and lets Lighthouse
open both pages as a desktop and as a phone would, N times each (3 by default). Prints the median of each category and
ends with 1 when one is below 95. Run it on a quiet machine: performance is measured in seconds.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from client import NotReally
from tests.integration.stack import Stack, running_stack
from tests.synthetic.videos import LIVELY, make_face_video

ENOUGH = 0.95
CATEGORIES = ("performance", "accessibility", "best-practices")
TIMES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")

_LIGHTHOUSE = Path(__file__).parent / "lighthouse" / "node_modules" / ".bin" / "lighthouse"
_CHROMIUM = "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-background-networking"
_DEVICES = {"desktop": ("--preset=desktop",), "phone": ()}
_TALKING = replace(LIVELY, size=(640, 480), iod=100.0)


def main() -> int:
    """Look, print, and say whether it is good enough."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    runs: int = parser.parse_args().runs
    good = True
    with tempfile.TemporaryDirectory(prefix="lighthouse-") as name, running_stack(Path(name) / "data") as stack:
        print(f"{'page':<10} {'as a':<8} {'  '.join(CATEGORIES)}   {'  '.join(TIMES)}")
        for page, address in _pages(stack, Path(name)):
            for device, options in _DEVICES.items():
                reports = [_report(address, *options) for _ in range(runs)]
                scores = {
                    each: median(report["categories"][each]["score"] for report in reports) for each in CATEGORIES
                }
                typical = sorted(reports, key=lambda report: report["categories"]["performance"]["score"])[runs // 2]
                times = [typical["audits"][each]["displayValue"] for each in TIMES]
                marks = [f"{100 * scores[each]:>{len(each)}.0f}" for each in CATEGORIES]
                print(f"{page:<10} {device:<8} {'  '.join(marks)}   {'  '.join(times)}", flush=True)
                good &= all(score >= ENOUGH for score in scores.values())
    print("limit 95:", "kept" if good else "BROKEN")
    return 0 if good else 1


def _pages(stack: Stack, folder: Path) -> Iterator[tuple[str, str]]:
    yield "upload", f"{stack.url}/"
    video = make_face_video(folder / "video.mp4", _TALKING)

    async def analyse() -> str:
        async with NotReally(stack.target) as client:
            return (await client.analyze(video)).name.removeprefix("analyses/")

    yield "dashboard", f"{stack.url}/analysis/?id={asyncio.run(analyse())}"


def _report(address: str, *options: str) -> dict[str, Any]:
    command = [
        str(_LIGHTHOUSE),
        address,
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={_CHROMIUM}",
        *options,
    ]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=180)
    if done.returncode != 0:
        raise SystemExit(f"Lighthouse gave no report of {address}:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


if __name__ == "__main__":
    sys.exit(main())
