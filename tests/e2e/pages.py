"""What a person does on the pages, and what they see."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Page, Route, expect

from tests.e2e.visitor import Visitor

ANALYSIS_PAGE = re.compile(r"/analysis/\?id=[0-9a-f-]{36}$")
AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

# Notes every percentage that a progress bar of the given label shows, however short.
_RECORD = """label => {
  const seen = (window.__seen ??= []);
  const note = () => {
    for (const bar of document.querySelectorAll('[role=progressbar]')) {
      const now = bar.getAttribute('aria-valuenow');
      if (bar.getAttribute('aria-label').startsWith(label) && now !== null && seen.at(-1) !== Number(now)) {
        seen.push(Number(now));
      }
    }
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


async def choose(page: Page, *files: Path) -> None:
    """Pick files in the file dialog."""
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Choose files").click()
    await (await chooser.value).set_files(list(files))


async def analyse(visitor: Visitor, file: Path) -> str:
    """Send one video and come to its page; gives the page's path."""
    await visitor.open("/")
    await choose(visitor.page, file)
    await visitor.page.wait_for_url(ANALYSIS_PAGE)
    return visitor.page.url.removeprefix(visitor.url)


async def record_percentages(page: Page, label: str) -> None:
    """Remember all percentages that bars show from now on; see `percentages`."""
    await page.evaluate(_RECORD, label)


async def percentages(page: Page) -> list[int]:
    """What `record_percentages` has seen."""
    return list(await page.evaluate("window.__seen ?? []"))


async def expect_dashboard(page: Page) -> None:
    """Wait for the result."""
    await expect(page.locator("h1#verdict")).to_be_visible(timeout=60_000)


def slowly(seconds: float) -> Callable[[Route], Awaitable[None]]:
    """For `page.route`: lets requests through after a while."""

    async def handle(route: Route) -> None:
        await asyncio.sleep(seconds)
        await route.continue_()

    return handle


async def violations(page: Page) -> list[str]:
    """What axe finds wrong with a page, for those who use it by keyboard or by ear: of any severity, tentative too."""
    # Not as a script tag: the content policy would refuse it, as it should.
    await page.evaluate(AXE.read_text())
    found = await page.evaluate(
        """axe.run(document, {
          resultTypes: ['violations'],
          rules: Object.fromEntries(axe.getRules(['experimental']).map(({ ruleId }) => [ruleId, { enabled: true }])),
        })"""
    )
    return [
        f"{item['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for item in found["violations"]
        for node in item["nodes"]
    ]


async def sideways_scroll(page: Page) -> int:
    """By how many pixels a page is wider than the window."""
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
