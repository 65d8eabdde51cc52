"""Reading a result: the video beside its charts, several faces, none, paper and JSON."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from client import NotReally
from tests.e2e.pages import analyse, expect_dashboard, violations
from tests.e2e.visitor import Visitor
from tests.integration.stack import Stack
from tests.synthetic.credentials import GENERATED, sign, signer
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables

CHARTS = ["Opening of the eyes", "Nose jitter", "Opening of the mouth and loudness", "Sound"]


@pytest.fixture(scope="session")
async def analysed(laptop_stack: Stack, lively: Path) -> str:
    """Id of an analysis that ended before anybody looked."""
    async with NotReally(laptop_stack.target) as client:
        return (await client.analyze(lively)).name.removeprefix("analyses/")


@pytest.fixture
async def result(visitor: Visitor, analysed: str) -> Page:
    """The page of a result whose file the browser never had."""
    await visitor.open(f"/analysis/?id={analysed}")
    await expect_dashboard(visitor.page)
    await scroll_to_charts(visitor.page)
    return visitor.page


async def scroll_to_charts(page: Page) -> None:
    """Charts are drawn once they come near."""
    await page.get_by_role("heading", name="Video and charts").scroll_into_view_if_needed()


async def test_the_video_comes_on_demand_and_goes_where_the_timeline_says(result: Page, visitor: Visitor) -> None:
    assert visitor.calls("DownloadMedia") == 0
    await result.get_by_role("button", name=re.compile("^Load the video")).click()
    player = result.locator("video")
    await expect(player).to_be_visible()
    assert visitor.calls("DownloadMedia") == 1
    stretch = result.get_by_role("button", name=re.compile("^Go to ")).nth(1)
    start = re.match(r"Go to 0:(\d+\.\d)", await stretch.get_attribute("aria-label") or "")
    assert start is not None
    await stretch.click()
    await expect(result.locator("[data-face-box] rect").first).to_be_visible()
    assert await player.evaluate("player => player.currentTime") == pytest.approx(float(start[1]), abs=0.1)
    await expect_lines_on_the_face(result)
    lines = result.locator("[data-face-lines]")
    before = await lines.get_attribute("d")
    await player.evaluate("player => { player.muted = true; return player.play(); }")
    await expect(lines).not_to_have_attribute("d", before or "")
    await expect_lines_on_the_face(result)
    await player.evaluate("player => player.pause()")
    await result.get_by_label("Mark the face that was followed").uncheck()
    await expect(result.locator("[data-face-box]")).to_have_count(0)
    await expect(lines).to_have_count(0)


async def expect_lines_on_the_face(page: Page) -> None:
    """The contour of the face fills the box around it, and eyes and mouth are drawn within."""
    lines, box = await page.evaluate(
        """() => ["[data-face-lines]", "[data-face-box] rect"].map(
          selector => document.querySelector(selector).getBoundingClientRect().toJSON())"""
    )
    for side in ("left", "top", "right", "bottom"):
        assert lines[side] == pytest.approx(box[side], abs=3), side
    assert (await page.locator("[data-face-lines]").get_attribute("d") or "").count("M") == 9


async def test_a_link_to_a_result_names_the_tab_and_has_its_lower_half_at_once(visitor: Visitor, analysed: str) -> None:
    page = visitor.page
    await visitor.open(f"/analysis/?id={analysed}")
    # Charts and pictures are asked for later.
    await expect(page.get_by_role("heading", name="Model and timings")).to_be_attached(timeout=2500)
    await expect(page.get_by_role("button", name=re.compile("^Load the video"))).to_be_attached()
    await expect(page).to_have_title("lively.mp4 · NotReally")


async def test_charts_are_fetched_only_once_they_come_near(visitor: Visitor, analysed: str) -> None:
    page = visitor.page
    await visitor.open(f"/analysis/?id={analysed}")
    await expect_dashboard(page)
    await expect(page.get_by_role("heading", name="Model and timings")).to_be_attached()
    before = await scripts(page)
    await expect(page.get_by_role("figure")).to_have_count(0)
    await scroll_to_charts(page)
    await expect(page.get_by_role("figure")).to_have_count(len(CHARTS))
    assert await scripts(page) > before


async def scripts(page: Page) -> int:
    """How many scripts the page has fetched."""
    return int(
        await page.evaluate(
            "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).length"
        )
    )


async def test_pointing_at_one_chart_marks_the_time_in_all(result: Page) -> None:
    charts = result.get_by_role("figure")
    await expect(charts).to_have_count(len(CHARTS))
    assert [await chart.get_by_role("heading").inner_text() for chart in await charts.all()] == CHARTS
    await expect(result.locator("[data-crosshair]")).to_have_count(0)
    await charts.nth(1).locator("svg.recharts-surface").hover()
    await expect(result.locator("[data-crosshair]")).to_have_count(len(CHARTS))


async def test_every_chart_has_its_numbers_as_a_table(result: Page) -> None:
    for title in CHARTS:
        await result.get_by_text(f"Numbers of “{title}” as a table").click()
        await expect(result.get_by_role("region", name=f"Numbers of “{title}”").get_by_role("row")).to_have_count(13)
    assert await violations(result) == []


async def test_the_result_can_be_taken_along_as_json(result: Page, tmp_path: Path) -> None:
    async with result.expect_download() as download:
        await result.get_by_role("button", name="Download as JSON").click()
    saved = await download.value
    assert saved.suggested_filename == "lively.notreally.json"
    kept = tmp_path / saved.suggested_filename
    await saved.save_as(kept)
    answer = json.loads(kept.read_text())
    assert len(answer["results"]["contributions"]) == 10
    assert answer["results"]["features"]["blink_rate_per_min"] == pytest.approx(15, abs=1)


async def test_the_report_is_one_page(result: Page) -> None:
    paper = await result.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


async def test_several_faces_have_a_tab_each(visitor: Visitor, face_video: MakeFaceVideo) -> None:
    two = FaceVideo(seconds=4.0, fps=15, size=(720, 360), iod=80.0, faces=2, nod_px=(1.0, 3.0))
    await analyse(visitor, face_video(two))
    await expect_dashboard(visitor.page)
    tabs = visitor.page.get_by_role("tab")
    await expect(tabs).to_have_count(2)
    assert [(await tab.inner_text())[:6] for tab in await tabs.all()] == ["Face 1", "Face 2"]
    # The one that the verdict is about is shown first.
    first = 0 if await tabs.first.get_attribute("aria-selected") == "true" else 1
    await tabs.nth(first).focus()
    await visitor.page.keyboard.press("ArrowRight")
    await expect(tabs.nth(1 - first)).to_have_attribute("aria-selected", "true")
    await expect(
        visitor.page.get_by_role("tabpanel").get_by_text(re.compile(r"Verdict on face \d of 2"))
    ).to_be_visible()
    assert await violations(visitor.page) == []


async def test_without_a_face_the_voice_has_the_verdict_and_sound_is_to_be_seen(
    visitor: Visitor, face_video: MakeFaceVideo
) -> None:
    nobody = FaceVideo(seconds=4.0, fps=15, size=(480, 360), iod=80.0, absent=((0.0, 9.0),), noise=2.0, sound=syllables)
    await analyse(visitor, face_video(nobody))
    await expect(visitor.page.get_by_text("Verdict on the voice")).to_be_visible()
    await scroll_to_charts(visitor.page)
    await expect(visitor.page.get_by_role("figure")).to_have_count(1)
    face_and_voice = visitor.page.get_by_label("Face and voice")
    await expect(face_and_voice).to_contain_text("No face was found in the analysed frames")
    assert await violations(visitor.page) == []


async def test_what_a_file_is_signed_to_be_stands_beside_the_verdict(
    visitor: Visitor, silent: Path, tmp_path: Path
) -> None:
    await analyse(visitor, sign(silent, tmp_path / "signed.mp4", signer(), origin=GENERATED))
    said = visitor.page.get_by_role("region", name="Content Credentials")
    await expect(said).to_contain_text("generated by AI")
    await expect(said).to_contain_text("Camera 7")
    assert await violations(visitor.page) == []
