"""Watching analyses, and what is kept of them, in a browser."""

import asyncio
import re
import uuid
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Browser, Route, expect

from tests.e2e.pages import analyse, choose, expect_dashboard, percentages, record_percentages, violations
from tests.e2e.visitor import Visitor, visit
from tests.integration.stack import Stack

PERCENT = re.compile(r"[1-9]\d?%")


async def test_a_reload_does_not_disturb_the_work(visitor: Visitor, longer: Path) -> None:
    path = await analyse(visitor, longer)
    progress = visitor.page.get_by_role("region", name="Progress")
    await expect(progress).to_contain_text(PERCENT)
    await visitor.page.reload()
    assert visitor.page.url == f"{visitor.url}{path}"
    await expect_dashboard(visitor.page)


async def test_a_gateway_killed_in_the_middle_goes_on_when_it_is_back(
    visitor: Visitor, longer: Path, stack: Stack
) -> None:
    visitor.may_complain = True
    page = visitor.page
    await analyse(visitor, longer)
    await record_percentages(page, "Analysis of")
    await expect(page.get_by_role("region", name="Progress")).to_contain_text(PERCENT)
    gateway = next(child for child in psutil.Process(stack.process.pid).children() if child.cmdline()[-1] == "gateway")
    gateway.kill()
    await expect_dashboard(page)
    seen = await percentages(page)
    assert seen == sorted(seen)


async def test_an_analysis_can_be_cancelled(visitor: Visitor, longer: Path) -> None:
    await analyse(visitor, longer)
    await visitor.page.get_by_role("button", name="Cancel").click()
    await expect(visitor.page.get_by_role("heading", name="This analysis was cancelled")).to_be_visible()
    await visitor.open("/history/?show=cancelled")
    await expect(visitor.page.get_by_role("listitem").filter(has_text="longer.mp4").first).to_contain_text("Cancelled")


async def test_what_is_deleted_is_gone_and_the_page_says_so(visitor: Visitor, silent: Path) -> None:
    page = visitor.page
    path = await analyse(visitor, silent)
    await expect_dashboard(page)
    await visitor.open("/history/")
    entry = page.get_by_role("listitem").filter(has=page.locator(f"a[href='{path}']"))
    await entry.get_by_role("button", name="Delete silent.mp4").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("the file itself unless another analysis still uses it")
    visitor.may_complain = True  # what fails is one to the console
    deletions = "**/notreally.v1.AnalysisService/DeleteAnalysis"
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route(deletions, held.put)
    for _ in range(2):
        await dialog.get_by_role("button", name="Delete").click()
        deletion = await held.get()
        # A problem that stayed in view would not be read aloud a second time.
        await expect(dialog.get_by_role("alert")).to_have_count(0)
        await deletion.abort()
        await expect(dialog.get_by_role("alert")).to_be_visible()
    await page.unroute(deletions)
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("status").filter(has_text="silent.mp4 was removed on")).to_be_visible()
    await expect(entry).to_have_count(0)
    await visitor.open(path)
    await expect(page.get_by_role("heading", name="There is no such analysis")).to_be_visible()


@pytest.mark.parametrize("identifier", [str(uuid.UUID(int=1)), "nonsense"])
async def test_an_analysis_nobody_knows(visitor: Visitor, identifier: str) -> None:
    await visitor.open(f"/analysis/?id={identifier}")
    await expect(visitor.page.get_by_role("heading", name="There is no such analysis")).to_be_visible()


async def test_an_address_without_an_analysis(visitor: Visitor) -> None:
    await visitor.open("/analysis/")
    await expect(visitor.page.get_by_role("heading", name="No analysis named")).to_be_visible()


async def test_a_server_that_does_not_answer_is_waited_for(visitor: Visitor) -> None:
    visitor.may_complain = True
    page = visitor.page
    calls = "**/notreally.v1.AnalysisService/*"
    await page.route(calls, lambda route: route.abort())
    await visitor.open(f"/analysis/?id={uuid.UUID(int=1)}")
    await expect(page.get_by_role("heading", name="The server does not answer")).to_be_visible()
    await page.unroute(calls)
    await expect(page.get_by_role("heading", name="There is no such analysis")).to_be_visible()


async def test_the_history_has_pages_filters_and_a_comparison(visitor: Visitor, silent: Path, longer: Path) -> None:
    page = visitor.page
    for file in (silent, longer):
        await analyse(visitor, file)
        await expect_dashboard(page)
    await page.get_by_role("link", name="History").click()
    done = page.get_by_role("link", name="Done", exact=True)
    await done.click()
    # Until then, all are listed, and what is chosen of them is forgotten.
    await expect(done).to_have_attribute("aria-current", "true")
    boxes = page.get_by_role("checkbox")
    await expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    await boxes.nth(0).check()
    await boxes.nth(1).check()
    await page.get_by_role("button", name="Compare").click()
    await page.wait_for_url(re.compile(r"/compare/\?a=[0-9a-f-]{36}&b=[0-9a-f-]{36}$"))
    await expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Side by side")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page(
    site: str, browser: Browser, silent: Path, longer: Path, theme: str
) -> None:
    visitor = await visit(browser, site, color_scheme=theme, reduced_motion="reduce")
    page = visitor.page
    found: dict[str, list[str]] = {}

    async def look(name: str) -> None:
        found[name] = await violations(page)

    await visitor.open("/")
    assert await page.evaluate("document.documentElement.dataset.theme") == theme
    await look("upload")
    path = await analyse(visitor, longer)
    await expect(page.get_by_role("region", name="Progress")).to_contain_text(PERCENT)
    await look("running")
    await expect_dashboard(page)
    await asyncio.sleep(1)
    await look("dashboard")
    identifier = path.rpartition("=")[2]
    await visitor.open(f"/compare/?a={identifier}&b={identifier}")
    await expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    await asyncio.sleep(1)
    await look("compare")
    await visitor.open("/history/")
    await expect(page.get_by_role("checkbox").first).to_be_visible()
    await look("history")
    await page.get_by_role("button", name=re.compile("^Delete ")).first.click()
    await look("dialog")
    visitor.may_complain = True  # a 404 is one to the console
    await visitor.open("/nowhere/")
    await look("nowhere")
    for name in ("model", "account", "live", "batch"):
        await visitor.open(f"/{name}/")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await look(name)
    await visitor.open("/")
    await choose(page, silent, longer)
    await expect(page.get_by_role("button", name=re.compile("^Cancel ")).first).to_be_visible()
    await look("list")
    await expect(page.get_by_role("link", name="See why: silent.mp4")).to_be_visible(timeout=60_000)
    await look("list with a result")
    await visitor.context.close()
    assert {name: each for name, each in found.items() if each} == {}
    visitor.check()
