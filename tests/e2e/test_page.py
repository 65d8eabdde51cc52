"""What a person sees who opens the address in a browser."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.pages import violations
from tests.e2e.visitor import visit
from tests.integration.stack import Stack


@pytest.mark.parametrize("width", [320, 1440])
async def test_the_page_says_how_to_use_the_service(stack: Stack, browser: Browser, width: int) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    response = await page.goto(stack.url)
    assert response is not None
    assert response.status == 200
    assert "NotReally" in await page.title()
    assert "curl -F file=@" in await page.inner_text("body")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    assert all(url.startswith(stack.url) for url in requested)
    await page.close()


async def test_without_the_server_there_is_a_page_of_ours(stack: Stack, browser: Browser) -> None:
    visitor = await visit(browser, stack.url, service_workers="allow")
    page = visitor.page
    await visitor.open("/")
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await visitor.context.set_offline(True)
    visitor.may_complain = True  # what cannot be fetched is an error to the console
    await page.goto(f"{stack.url}/history/")
    await expect(page.get_by_role("heading", name="You are not connected")).to_be_visible()
    assert await page.title() == "Not connected · NotReally"
    assert await violations(page) == []
    await visitor.context.set_offline(False)
    await page.get_by_role("link", name="Try again").click()
    await expect(page.get_by_role("heading", name="History")).to_be_visible()
    await visitor.context.close()
    visitor.check()


async def test_an_address_without_a_page_says_so(stack: Stack, browser: Browser) -> None:
    page = await browser.new_page()
    response = await page.goto(f"{stack.url}/nowhere/")
    assert response is not None
    assert response.status == 404
    assert "There is no page at this address" in await page.inner_text("body")
    await page.close()
