"""A video as large as the server takes, through the browser: nobody holds it, and the bar tells the truth."""

import os
from pathlib import Path

import psutil
from playwright.async_api import Locator, Page, expect

from benchmarks.footprint import Footprint, footprints, forget_peaks
from tests.e2e.pages import ANALYSIS_PAGE, choose
from tests.e2e.visitor import Visitor
from tests.integration.stack import Stack

SIZE = 100_000_000 - 1000
CHUNK = 2**20
MAX_GROWTH = 48_000_000
"""Bytes, of any process of ours: buffers on the way, and what allocators keep for later."""
MAX_BROWSER_GROWTH = 180_000_000
"""Bytes, of any process of the browser. 100 MB are not the page's: as long as somebody watches the requests, as this
test does, the browser keeps what they held, up to that much. A page that held the video would need as much again."""


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
    await page.get_by_role("button", name="Remove warm.mp4 from the list").click()
    before = {each.pid: each.rss for each in (*footprints(stack.process.pid), *browser_processes())}
    forget_peaks(os.getpid())
    others = set(stack.home.stored("uploads"))
    # On a fast machine there would not be time to look.
    await limit_uploads(page, SIZE / 12)
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
    servers, browsers = growth(footprints(stack.process.pid), before), growth(browser_processes(), before)
    assert {"gateway", "envoy"} <= {name.split()[0] for name in servers}
    assert {name: by for name, by in servers.items() if by > MAX_GROWTH} == {}
    assert len(browsers) >= 2
    assert {name: by for name, by in browsers.items() if by > MAX_BROWSER_GROWTH} == {}


async def limit_uploads(page: Page, bytes_a_second: float) -> None:
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    await (await page.context.new_cdp_session(page)).send("Network.emulateNetworkConditions", limits)


async def bytes_shown(bar: Locator) -> float | None:
    """What the bar says has arrived; None once it is gone."""
    values = await bar.evaluate_all("bars => bars.map(bar => Number(bar.ariaValueNow))")
    return SIZE * values[0] / 100 if values else None


def browser_processes() -> list[Footprint]:
    """Those of the browser that this process started."""
    pids = {child.pid for child in psutil.Process().children(recursive=True) if "chrom" in child.name()}
    return [each for each in footprints(os.getpid()) if each.pid in pids]


def growth(now: list[Footprint], before: dict[int, int]) -> dict[str, int]:
    """By how many bytes each process that there was before has grown at most."""
    return {f"{each.name[:40]} {each.pid}": each.peak_rss - before[each.pid] for each in now if each.pid in before}
