"""Sending videos from a browser."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, FileChooser, Page, Route, expect

from tests.e2e.pages import (
    ANALYSIS_PAGE,
    analyse,
    choose,
    expect_dashboard,
    percentages,
    record_percentages,
    sideways_scroll,
    slowly,
)
from tests.e2e.visitor import Visitor, visit
from tests.integration.edge import running_edge
from tests.integration.stack import Stack, free_ports, running_process

CHUNKS = "**/notreally.v1.AnalysisService/UploadChunk"
UPLOAD_PERCENT = re.compile(r"[1-9]\d?%")

BUDGET_BYTES = 210_000


async def test_one_video_from_the_file_dialog_to_its_verdict(visitor: Visitor, longer: Path) -> None:
    page = visitor.page
    await visitor.open("/")
    await record_percentages(page, "Analysis of")
    await choose(page, longer)
    await page.wait_for_url(ANALYSIS_PAGE)
    await expect_dashboard(page)
    seen = await percentages(page)
    assert len(set(seen)) >= 5, seen
    assert seen == sorted(seen)
    assert "longer.mp4" in await page.title()
    # Playing, from the file that was picked: nothing was fetched for it.
    await expect(page.locator("video")).to_have_count(1)
    assert visitor.calls("DownloadMedia") == 0


async def test_the_bar_of_an_upload_tells_what_the_server_has(visitor: Visitor, silent: Path) -> None:
    page = visitor.page
    await visitor.open("/")
    await page.route(CHUNKS, slowly(0.3))
    await record_percentages(page, "Upload of silent.mp4")
    await choose(page, silent)
    await expect(page.get_by_text(re.compile(r"MB of 1\.3.MB · .*/s · .* left"))).to_be_visible()
    await page.wait_for_url(ANALYSIS_PAGE)
    seen = await percentages(page)
    assert len(set(seen)) >= 3, seen
    assert seen == sorted(seen)


async def test_several_videos_stay_in_view_until_all_have_a_verdict(
    visitor: Visitor, longer: Path, silent: Path
) -> None:
    page = visitor.page
    await visitor.open("/")
    await choose(page, longer, silent)
    await expect(page.get_by_role("listitem").filter(has_text=".mp4")).to_have_count(2)
    for name in ("longer.mp4", "silent.mp4"):
        card = page.get_by_role("listitem").filter(has_text=name)
        await expect(card.get_by_role("link", name=f"See why: {name}")).to_have_text("See why", timeout=60_000)
        await expect(card.get_by_text(re.compile("Inconclusive|Likely|Not enough to judge"))).to_be_visible()
    # One stream for both.
    assert page.url == f"{visitor.url}/"
    await page.get_by_role("link", name="See why: silent.mp4").click()
    await expect_dashboard(page)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [("notes.txt", b"no video", "not a video"), ("empty.mp4", b"", "empty")],
)
async def test_what_is_no_video_is_refused_before_anything_is_sent(
    visitor: Visitor, tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    await visitor.open("/")
    await choose(visitor.page, tmp_path / name)
    card = visitor.page.get_by_role("listitem").filter(has_text=name)
    await expect(card).to_contain_text(complaint)
    assert visitor.calls("CreateUpload") == 0
    await card.get_by_role("button", name=f"Remove {name} from the list").click()
    await expect(card).to_have_count(0)


async def test_what_only_calls_itself_a_video_fails_with_the_servers_reason(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "fake.mp4").write_bytes(b"no video at all" * 100)
    await visitor.open("/")
    await choose(visitor.page, tmp_path / "fake.mp4")
    await expect(visitor.page.get_by_role("heading", name="This file could not be analysed")).to_be_visible()
    await expect(visitor.page.locator("main")).to_contain_text("fake.mp4")


@pytest.fixture
async def small_site(stack: Stack, site: str, tmp_path: Path) -> AsyncIterator[str]:
    """The same pages in front of a gateway that takes no more than a megabyte."""
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    environment = stack.gateway(tmp_path, port, NOTREALLY_MAX_UPLOAD_MB="1")
    with running_process("gateway", address, **environment):
        async with running_edge(address) as edge:
            yield f"http://127.0.0.1:{edge}"


async def test_what_is_too_large_is_refused_before_anything_is_sent(
    small_site: str, browser: Browser, silent: Path
) -> None:
    visitor = await visit(browser, small_site)
    await visitor.open("/")
    await expect(visitor.page.get_by_text("Up to 1")).to_be_visible()
    await choose(visitor.page, silent)
    await expect(visitor.page.get_by_role("listitem").filter(has_text="silent.mp4")).to_contain_text("at most 1")
    assert visitor.calls("CreateUpload") == 0
    await visitor.context.close()
    visitor.check()


async def half_sent(visitor: Visitor, file: Path) -> None:
    """An upload of which some chunks have arrived, each taking its time."""
    await visitor.open("/")
    await visitor.page.route(CHUNKS, slowly(0.5))
    await choose(visitor.page, file)
    await expect(upload_card(visitor.page)).to_contain_text(UPLOAD_PERCENT)


def upload_card(page: Page):  # type: ignore[no-untyped-def]
    """The one video on the page."""
    return page.get_by_role("listitem").filter(has_text="silent.mp4")


async def test_an_upload_goes_on_by_itself_after_a_reload(visitor: Visitor, silent: Path) -> None:
    await half_sent(visitor, silent)
    await visitor.page.reload()
    await visitor.page.wait_for_url(ANALYSIS_PAGE)
    await expect_dashboard(visitor.page)
    assert visitor.calls("CreateUpload") == 1


async def test_an_upload_whose_file_the_browser_lost_goes_on_once_it_is_chosen_again(
    visitor: Visitor, silent: Path, longer: Path
) -> None:
    page = visitor.page
    await half_sent(visitor, silent)
    await page.evaluate("new Promise(done => { indexedDB.deleteDatabase('notreally').onsuccess = done })")
    await page.reload()
    card = upload_card(page)
    await expect(card).to_contain_text("Choose the file again, and the upload resumes where it stopped")
    await expect(card).to_contain_text(UPLOAD_PERCENT)
    for file in (longer, silent):
        async with page.expect_file_chooser() as chooser:
            await card.get_by_role("button", name="Choose silent.mp4").click()
        await (await chooser.value).set_files(file)
        if file == longer:
            await expect(card.get_by_role("alert")).to_contain_text("not the file")
    await page.wait_for_url(ANALYSIS_PAGE)
    assert visitor.calls("CreateUpload") == 1


async def test_an_upload_can_be_paused_and_goes_on(visitor: Visitor, silent: Path) -> None:
    page = visitor.page
    await half_sent(visitor, silent)
    await page.get_by_role("button", name="Pause the upload of silent.mp4").click()
    await expect(upload_card(page)).to_contain_text("Paused")
    chunks = visitor.calls("UploadChunk")
    await page.wait_for_timeout(1200)
    assert visitor.calls("UploadChunk") == chunks
    # A reload does not end the pause.
    await page.reload()
    await expect(upload_card(page)).to_contain_text("Paused")
    await page.get_by_role("button", name="Resume the upload of silent.mp4").click()
    await page.wait_for_url(ANALYSIS_PAGE)


async def test_an_upload_can_be_cancelled(visitor: Visitor, silent: Path) -> None:
    page = visitor.page
    await half_sent(visitor, silent)
    await page.get_by_role("button", name="Cancel silent.mp4").click()
    await expect(upload_card(page)).to_contain_text("Cancelled")
    await page.reload()
    await expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    await expect(upload_card(page)).to_have_count(0)


async def test_an_upload_outlives_a_broken_connection(visitor: Visitor, silent: Path) -> None:
    visitor.may_complain = True
    page = visitor.page
    await half_sent(visitor, silent)
    await visitor.context.set_offline(True)
    await expect(upload_card(page)).to_contain_text("The server does not answer")
    await visitor.context.set_offline(False)
    await page.wait_for_url(ANALYSIS_PAGE)
    assert visitor.calls("CreateUpload") == 1


async def test_a_chunk_damaged_on_its_way_is_sent_again(visitor: Visitor, silent: Path) -> None:
    visitor.may_complain = True
    damaged: list[Route] = []

    async def damage(route: Route) -> None:
        body = bytearray(route.request.post_data_buffer or b"")
        if not damaged and len(body) > 1000:
            damaged.append(route)
            body[500] ^= 0xFF
            await route.continue_(post_data=bytes(body))
        else:
            await route.continue_()

    await visitor.open("/")
    await visitor.page.route(CHUNKS, damage)
    await choose(visitor.page, silent)
    await visitor.page.wait_for_url(ANALYSIS_PAGE)
    assert len(damaged) == 1


async def test_dropped_and_pasted_files_count_too(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.open("/")
    # Asked for once the page listens.
    await expect(page.get_by_text("Up to 100 MB each")).to_be_visible()
    for event, field in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        await page.evaluate(
            """([event, field]) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File(["x"], `${event}.txt`, { type: "text/plain" }));
                const make = field === "dataTransfer" ? DragEvent : ClipboardEvent;
                document.querySelector("main").dispatchEvent(new make(event, { [field]: transfer, bubbles: true }));
            }""",
            [event, field],
        )
        await expect(page.get_by_role("listitem").filter(has_text=f"{event}.txt")).to_contain_text("not a video")


async def test_the_upload_page_stays_light(visitor: Visitor) -> None:
    await visitor.open("/")
    await visitor.page.wait_for_load_state("networkidle")
    sizes: list[int] = await visitor.page.evaluate(
        "performance.getEntriesByType('resource').filter(r => r.name.endsWith('.js')).map(r => r.encodedBodySize)"
    )
    assert len(sizes) > 3
    assert sum(sizes) <= BUDGET_BYTES, sizes


async def test_by_keyboard_alone(visitor: Visitor, silent: Path) -> None:
    page = visitor.page
    # From the start: a key arrives sooner than a request to be told of file choosers that is made just before it.
    choosers: asyncio.Queue[FileChooser] = asyncio.Queue()
    page.on("filechooser", choosers.put_nowait)
    await visitor.open("/")
    # A key pressed before the page's scripts have run does nothing.
    await page.wait_for_load_state("networkidle")
    await tab_to(page, "Skip to the content")
    await page.keyboard.press("Enter")
    await tab_to(page, "Choose files")
    await page.keyboard.press("Enter")
    async with asyncio.timeout(30):
        await (await choosers.get()).set_files(silent)
    await page.wait_for_url(ANALYSIS_PAGE)
    await expect_dashboard(page)
    await tab_to(page, "History", backwards=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="History")).to_be_visible()
    await tab_to(page, "Delete silent.mp4")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    # Back where one was.
    assert await focused(page) == "Delete silent.mp4"


async def tab_to(page: Page, name: str, *, backwards: bool = False) -> None:
    """Press Tab until something of this name has the focus, which must be seen."""
    for _ in range(80):
        await page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if await focused(page) == name:
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    raise AssertionError(f"{name} cannot be reached")


async def focused(page: Page) -> str:
    """What a screen reader calls the element with the focus."""
    return str(
        await page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
    ).strip()


async def test_a_small_phone_need_not_scroll_sideways(
    site: str, browser: Browser, silent: Path, tmp_path: Path
) -> None:
    visitor = await visit(browser, site, viewport={"width": 320, "height": 640})
    path = await analyse(visitor, Path(shutil.copy(silent, tmp_path / f"{'one_long_word' * 9}.mp4")))
    assert await sideways_scroll(visitor.page) <= 0
    await expect_dashboard(visitor.page)
    for place in ("/", path, "/history/"):
        await visitor.open(place)
        await visitor.page.wait_for_load_state("networkidle")
        assert await sideways_scroll(visitor.page) <= 0, place
    await visitor.context.close()
    visitor.check()
