"""A server with a login, in a browser: signing in with a key, seeing one's own, a shared link, signing out."""

from pathlib import Path

import pytest
from notreally.v1 import access_pb2, access_pb2_grpc
from playwright.async_api import Browser, Page, expect

from cli.edge import BUILT_SITE
from client.channel import open_channel
from tests.e2e.visitor import visit
from tests.integration.login import running_login
from tests.integration.stack import Stack


async def _sign_in(page: Page, key: str) -> None:
    await page.get_by_label("API key").fill(key)
    await page.get_by_role("button", name="Sign in").click()


async def test_two_owners_at_one_server(laptop_stack: Stack, browser: Browser, tmp_path: Path) -> None:
    if not (BUILT_SITE / "account" / "index.html").is_file():
        pytest.skip("The browser UI has not been built: make ui")
    file = tmp_path / "of alice.mp4"
    file.write_bytes(b"neither a video nor sound")
    async with running_login(laptop_stack, tmp_path) as login:
        alice, bob = await login.key("alice"), await login.key("bob")
        async with login.client(alice) as client:
            analysis = await client.create_analysis((await client.upload(file)).name)
            async for _ in client.watch([analysis.name]):
                pass
        async with open_channel(login.target, alice) as channel:
            share = access_pb2.ShareAnalysisRequest(name=analysis.name)
            link = await access_pb2_grpc.AccessServiceStub(channel).ShareAnalysis(share)
        at_alice, at_bob, anybody = [await visit(browser, f"http://{login.target}") for _ in range(3)]

        await at_alice.open("/history/")
        await expect(at_alice.page).to_have_url(f"{at_alice.url}/account/?back=%2Fhistory%2F")
        await _sign_in(at_alice.page, "nr_of_nobody")
        await expect(at_alice.page.get_by_role("alert").filter(has_text="key")).to_contain_text("not known here")
        await at_alice.page.screenshot(path=tmp_path / "sign-in.png")
        await _sign_in(at_alice.page, alice)
        await expect(at_alice.page).to_have_url(f"{at_alice.url}/history/")
        await expect(at_alice.page.get_by_role("link", name="of alice.mp4")).to_be_visible()

        await at_bob.open("/history/")
        await _sign_in(at_bob.page, bob)
        await expect(at_bob.page.get_by_role("heading", name="History")).to_be_visible()
        await expect(at_bob.page.get_by_role("link", name="Account of bob")).to_be_visible()
        await expect(at_bob.page.get_by_text("of alice.mp4")).to_have_count(0)

        page = at_alice.page
        await page.get_by_role("link", name="Account of alice").click()
        await expect(page.get_by_role("heading", name="alice")).to_be_visible()
        await page.get_by_label("Name of a new key").fill("laptop")
        await page.get_by_role("button", name="Make a key").click()
        await expect(page.get_by_role("status")).to_contain_text("nr_")
        await page.screenshot(path=tmp_path / "account.png", full_page=True)
        await page.get_by_role("button", name="Revoke laptop").click()
        await expect(page.get_by_text("laptop", exact=True)).to_have_count(0)

        at = f"/analysis/?id={analysis.name.partition('/')[2]}"
        await anybody.open(f"{at}#share={link.secret}")
        await expect(anybody.page.get_by_text("of alice.mp4").first).to_be_visible()
        await anybody.open(at)  # without the end of the link there is no key
        await expect(anybody.page.get_by_role("heading", name="Sign in")).to_be_visible()

        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await at_alice.open("/history/")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        for visitor in (at_alice, at_bob, anybody):
            await visitor.context.close()
            visitor.may_complain = True  # of what was refused before somebody signed in
            visitor.check()


async def test_without_a_login_the_page_says_so_and_asks_nobody(stack: Stack, browser: Browser) -> None:
    if not (BUILT_SITE / "account" / "index.html").is_file():
        pytest.skip("The browser UI has not been built: make ui")
    visitor = await visit(browser, stack.url)
    await visitor.open("/account/")
    await expect(visitor.page.get_by_text("This server has no login")).to_be_visible()
    await visitor.open("/history/")
    await expect(visitor.page.get_by_role("heading", name="History")).to_be_visible()
    await expect(visitor.page.get_by_role("link", name="Account")).to_have_count(0)
    assert sum("AccessService" in url for url in visitor.requested) == 1  # the account's own page asked
    await visitor.context.close()
    visitor.check()
