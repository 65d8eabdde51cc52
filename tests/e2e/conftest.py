"""A real browser, in front of the running system."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from cli.edge import BUILT_SITE
from tests.e2e.browser import launch
from tests.e2e.visitor import Visitor, visit
from tests.integration.stack import Stack
from tests.synthetic.fixtures import MakeFaceVideo, face_video
from tests.synthetic.videos import LIVELY, SILENT, TALKING

__all__ = ["face_video"]

# Five seconds are too few for an analysis on a busy machine.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        launched = await launch(playwright)
        yield launched
        await launched.close()


@pytest.fixture
def site(stack: Stack) -> str:
    """Where the browser UI is served."""
    if not (BUILT_SITE / "index.html").is_file():
        pytest.skip("The browser UI has not been built: make ui")
    return stack.url


@pytest.fixture
async def visitor(site: str, browser: Browser) -> AsyncIterator[Visitor]:
    """A visitor in whose browser nothing may go wrong."""
    visiting = await visit(browser, site)
    yield visiting
    await visiting.context.close()
    visiting.check()


@pytest.fixture(scope="session")
def silent(face_video: MakeFaceVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of a face, without sound."""
    return _named(face_video(SILENT), tmp_path_factory.mktemp("clips") / "silent.mp4")


@pytest.fixture(scope="session")
def longer(face_video: MakeFaceVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of a face that speaks."""
    return _named(face_video(TALKING), tmp_path_factory.mktemp("clips") / "longer.mp4")


@pytest.fixture(scope="session")
def lively(face_video: MakeFaceVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same at thirty frames a second, of which all ten features can be measured."""
    return _named(face_video(LIVELY), tmp_path_factory.mktemp("clips") / "lively.mp4")


def _named(made: Path, name: Path) -> Path:
    shutil.copyfile(made, name)
    return name
