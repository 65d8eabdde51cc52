"""A camera judged while it runs, in a browser whose camera plays a clip."""

import dataclasses
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.browser import launch
from tests.e2e.visitor import Visitor, visit
from tests.integration.stack import Stack
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import LIVELY

JUDGED = re.compile(r"(\d+(?:\.\d)?)\s*s judged")


@pytest.fixture(scope="session")
def camera(face_video: MakeFaceVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera shows."""
    clip = face_video(dataclasses.replace(LIVELY, size=(320, 240), iod=60.0, seconds=6.0))
    pictures = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(clip), "-an", "-q:v", "4", "-f", "mjpeg", pictures], check=True)
    return pictures


@pytest.fixture(scope="session")
async def filmed(camera: Path) -> AsyncIterator[Browser]:
    """A browser with that camera, which it may use."""
    async with async_playwright() as playwright:
        browser = await launch(
            playwright,
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        )
        yield browser
        await browser.close()


@pytest.fixture
async def visitor(site: str, filmed: Browser) -> AsyncIterator[Visitor]:
    visiting = await visit(filmed, site, permissions=["camera", "microphone"], viewport={"width": 390, "height": 844})
    yield visiting
    await visiting.context.close()
    visiting.check()


async def judged(visitor: Visitor, more_than_s: float = 0.0) -> float:
    """Waits until more of the recording is judged, and says how much."""
    pattern = "|".join(str(seconds) for seconds in range(int(more_than_s) + 1, int(more_than_s) + 60))
    facts = visitor.page.get_by_text(re.compile(rf"\b({pattern})(\.\d)?\s*s judged"))
    await expect(facts).to_be_visible()
    found = JUDGED.search(await facts.inner_text())
    assert found is not None
    return float(found[1])


async def test_a_camera_is_judged_over_a_reload_and_without_a_network_and_nothing_is_left(
    visitor: Visitor, stack: Stack
) -> None:
    page = visitor.page
    await visitor.open("/live/")
    # What happens is said before the browser is asked.
    await expect(page.get_by_text("Nothing is kept: no picture, no sound, no result.")).to_be_visible()
    await page.get_by_role("button", name="Use the camera").click()
    seen = await judged(visitor)
    await expect(page.locator("[data-face='1']")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    await page.reload()
    seen = await judged(visitor, seen + 2)
    visitor.may_complain = True  # what fails is one to the console
    await visitor.context.set_offline(True)
    await expect(page.get_by_text("The server does not answer.").first).to_be_visible()
    await visitor.context.set_offline(False)
    seen = await judged(visitor, seen + 2)

    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("The session has ended, and nothing of it is kept.")).to_be_visible()
    folder = Path(stack.home.media_url.removeprefix("file://")) / "live"
    assert {path.parent.name for path in folder.rglob("*") if path.is_file()} <= {"events"}


async def test_a_gateway_killed_in_the_middle_goes_on_when_it_is_back(visitor: Visitor, stack: Stack) -> None:
    visitor.may_complain = True
    await visitor.open("/live/")
    await visitor.page.get_by_role("button", name="Use the camera").click()
    seen = await judged(visitor)
    gateway = next(child for child in psutil.Process(stack.process.pid).children() if child.cmdline()[-1] == "gateway")
    gateway.kill()
    await judged(visitor, seen + 5)
    await visitor.page.get_by_role("button", name="Stop").click()
    await expect(visitor.page.get_by_text("The session has ended, and nothing of it is kept.")).to_be_visible()
