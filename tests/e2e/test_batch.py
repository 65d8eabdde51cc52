"""Many files at once, in a real browser: dropped, counted, sorted, looked through with the keys, deleted."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.pages import choose, violations
from tests.e2e.visitor import Visitor


@pytest.fixture
def files(silent: Path, tmp_path: Path) -> list[Path]:
    """Two videos that differ in their last bytes alone, and four files that are none."""
    made = [
        tmp_path / f"{kind} {number}.mp4" for kind, count in (("broken", 4), ("clip", 2)) for number in range(count)
    ]
    for number, path in enumerate(made):
        # What follows the last atom of an MP4 is passed over.
        end = bytes([0, 0, 0, 9]) + b"free" + bytes([number])
        path.write_bytes((silent.read_bytes() if path.name.startswith("clip") else b"no video") + end)
    return made


async def test_a_batch_is_looked_through(visitor: Visitor, files: list[Path]) -> None:
    page = visitor.page
    await visitor.open("/")
    await choose(page, *files)
    await page.wait_for_url("**/batch/?id=*")
    await expect(page.get_by_role("status").filter(has_text="6 files: ")).to_be_visible()
    rows = page.get_by_role("row").filter(has=page.get_by_role("link"))
    await expect(rows).to_have_count(6)
    await expect(page.get_by_text("4 failed or cancelled")).to_be_visible()
    await expect(rows.locator("img").first).to_be_visible()
    assert await violations(page) == []

    await page.get_by_role("columnheader", name="File").get_by_role("button").click()
    await expect(rows.first).to_contain_text("broken 0.mp4")
    await page.get_by_role("button", name="Failed", exact=True).click()
    await expect(rows).to_have_count(4)
    await page.get_by_role("button", name="All", exact=True).click()
    await page.get_by_role("searchbox").fill("CLIP 1")
    await expect(rows).to_have_count(1)
    await page.get_by_role("searchbox").fill("")
    await expect(rows).to_have_count(6)

    # With the keys alone: down twice, reviewed, a note, opened.
    await rows.first.get_by_role("link").focus()
    await page.keyboard.press("j")
    await page.keyboard.press("r")
    await expect(rows.nth(1).get_by_role("button", name="was reviewed")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("n")
    await page.get_by_role("textbox").fill("Seen before.")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(rows.nth(1)).to_contain_text("Seen before.")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    table = await asyncio.to_thread(Path(await (await download.value).path()).read_text)
    assert table.count("completed") == 2
    assert "Seen before." in table

    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.wait_for_url("**/batch/")
    await expect(page.get_by_role("heading", name="Batches")).to_be_visible()
