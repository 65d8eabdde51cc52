"""The browser that the tests drive: the machine's own Chromium."""

import shutil

from playwright.async_api import Browser, Playwright


async def launch(playwright: Playwright, *options: str) -> Browser:
    """Start it, with further options of its command line.

    Raises:
        FileNotFoundError: It is not installed.
    """
    executable = shutil.which("chromium")
    if executable is None:
        raise FileNotFoundError("Chromium is not installed: deploy/system-packages.sh chromium")
    return await playwright.chromium.launch(
        executable_path=executable,
        args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", *options],
    )
