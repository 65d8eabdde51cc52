"""The pictures of page and terminal in README and docs: `python -m tests.e2e.screenshots`, or `make screenshots`.

Starts everything and sends it NASA's portrait of Eileen Collins, made to blink and speak: public domain, and nobody's
clip. What the pictures show is what the shipped model says of it.
"""

import asyncio
import io
import re
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from cli.outcome import Outcome
from cli.report import print_report
from client import NotReally
from tests.e2e.browser import launch
from tests.e2e.pages import ANALYSIS_PAGE, choose, expect_dashboard
from tests.integration.stack import running_stack
from tests.synthetic.videos import FaceVideo, make_face_video, syllables

DOCS = Path(__file__).parents[2] / "docs"
SPEAKING = FaceVideo(
    seconds=15.0,
    size=(720, 540),
    iod=90.0,
    blinks=(2.0, 5.5, 9.0, 12.5),
    mouth=syllables,
    nod_px=(2.0, 4.0),
    noise=2.0,
    sound=syllables,
)


async def take(url: str, video: Path, folder: Path) -> None:
    """Write the pictures into `folder`.

    `screenshot.png` shows the verdict, `screenshot-moments.png` the video and its charts, `screenshot-phone.png` the
    work under way on a phone, in the dark.
    """
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        wide = await browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-GB")
        phone = await browser.new_page(
            viewport={"width": 390, "height": 844}, device_scale_factor=2, locale="en-GB", color_scheme="dark"
        )
        await phone.goto(url)
        await choose(phone, video)
        await phone.wait_for_url(ANALYSIS_PAGE)
        await expect(phone.get_by_role("figure").first).to_be_visible()
        await phone.screenshot(path=folder / "screenshot-phone.png")
        await expect_dashboard(phone)
        await wide.goto(phone.url)
        await expect_dashboard(wide)
        await expect(wide.get_by_role("heading", name="What was measured")).to_be_attached()
        await wide.screenshot(path=folder / "screenshot.png")
        await _show_moments(wide)
        await wide.screenshot(path=folder / "screenshot-moments.png")
        await browser.close()


async def _show_moments(page: Page) -> None:
    """The video at the place that looks most suspicious, with its charts drawn."""
    heading = page.get_by_role("heading", name="Video and charts")
    await heading.scroll_into_view_if_needed()
    await page.get_by_role("button", name="Load the video").click()
    await expect(page.locator("video")).to_be_visible()
    await expect(page.get_by_role("figure")).to_have_count(4)
    await page.get_by_role("button", name="Go to ").nth(1).click()
    await expect(page.locator("[data-face-lines]")).to_be_visible()
    # Where the browser has no screen, its own controls keep showing that they are loading.
    await page.locator("video").evaluate("video => video.removeAttribute('controls')")
    await heading.evaluate("heading => heading.scrollIntoView({ block: 'start' })")


async def type_out(server: str, video: Path, folder: Path) -> None:
    """Write `terminal.svg` into `folder`: what `notreally analyze` prints of a video."""
    async with NotReally(server) as client:
        analysis = await client.analyze(video)
    console = Console(record=True, file=io.StringIO(), width=96, force_terminal=True)
    console.print("$ notreally analyze talking.mp4", style="bold", highlight=False)
    print_report(console, Outcome("talking.mp4", analysis))
    # A picture asks no server for a font, and says nothing of who made it.
    bare = re.sub(r"@font-face {{.*?}}|<!--.*?-->", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    bare = bare.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
    console.save_svg(str(folder / "terminal.svg"), title="notreally", code_format=bare, unique_id="terminal")


def main() -> int:
    """Make the video, start everything, take the pictures."""
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        video = make_face_video(Path(name) / "portrait.mp4", SPEAKING)
        with running_stack(Path(name) / "data") as stack:
            asyncio.run(take(stack.url, video, DOCS))
            asyncio.run(type_out(f"localhost:{stack.port}", video, DOCS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
