"""A video as large as the server takes, through the browser: nobody holds it, and the bar tells the truth."""

import os
from pathlib import Path

import psutil
from playwright.async_api import Locator, expect

from benchmarks.footprint import Footprint, footprints, forget_peaks
from tests.e2e.pages import ANALYSIS_PAGE, choose
from tests.e2e.visitor import Visitor
from tests.integration.stack import Stack

SIZE = 100_000_000 - 1000
CHUNK = 2**20
MAX_GROWTH = 48_000_000
"""Bytes, of any process: what a browser has not yet collected of chunks that were sent, and buffers on the way."""


async def test_a_large_upload_is_held_by_nobody_and_its_bar_is_true(
    visitor: Visitor, stack: Stack, tmp_path: Path
) -> None:
    page = visitor.page
    # No video, so that what is measured is the way in and not an analysis.
    warm, large = tmp_path / "warm.mp4", tmp_path / "large.mp4"
    warm.write_bytes(os.urandom(8_000_000))
    with large.open("wb") as file:
        for _ in range(SIZE // 1000):
            file.write(os.urandom(1000))
    await visitor.open("/")
    await choose(page, warm)
    await page.wait_for_url(ANALYSIS_PAGE)
    await page.get_by_role("link", name="Analyse", exact=True).click()
    await page.get_by_role("button", name="Take warm.mp4 off the list").click()
    before = {each.pid: each for each in involved(stack)}
    forget_peaks(os.getpid())
    others = set(stack.home.stored("uploads"))
    await choose(page, large)
    bar = page.get_by_role("progressbar", name="Upload of large.mp4")
    await expect(bar).to_be_visible()
    compared = 0
    while "/analysis/" not in page.url and (shown := await bytes_shown(bar)) is not None and shown < 0.95 * SIZE:
        stored = sum(size for key, size in stack.home.stored("uploads").items() if key not in others)
        later = await bytes_shown(bar)
        if later is None or later > 0.95 * SIZE:
            break
        # Whole percents on the bar, and one chunk on its way.
        assert shown - SIZE / 100 <= stored <= later + SIZE / 100 + 2 * CHUNK
        compared += 1
    assert compared >= 5
    await page.wait_for_url(ANALYSIS_PAGE)
    grown = {
        f"{each.name} {each.pid}": each.peak_rss - before[each.pid].rss
        for each in involved(stack)
        if each.pid in before
    }
    assert {"gateway", "envoy", "chromium"} <= {name.split()[0] for name in grown}
    assert {name: by for name, by in grown.items() if by > MAX_GROWTH} == {}


async def bytes_shown(bar: Locator) -> float | None:
    """What the bar says has arrived; None once it is gone."""
    values = await bar.evaluate_all("bars => bars.map(bar => Number(bar.ariaValueNow))")
    return SIZE * values[0] / 100 if values else None


def involved(stack: Stack) -> list[Footprint]:
    """The system's processes and the browser's."""
    browsers = [child.pid for child in psutil.Process().children(recursive=True) if "chrom" in child.name()]
    ours = footprints(stack.process.pid)
    return [*ours, *(each for each in footprints(os.getpid()) if each.pid in browsers)]
