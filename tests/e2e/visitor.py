"""Somebody with a browser, and what goes wrong in it."""

from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

# React keeps what an element does on the element.
_TAKES_FILES = """() => [...document.querySelectorAll("button")].some(
  button => button.textContent === "Choose files"
    && Object.keys(button).some(key => key.startsWith("__reactProps")))"""


@dataclass
class Visitor:
    """Somebody with a browser of their own, and what went wrong in it."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings on the console, among them violations of the content policy."""
    requested: list[str] = field(default_factory=list)
    """Addresses of all requests."""
    may_complain: bool = False
    """Browsers write failed requests to the console; a test that makes them fail says so."""

    async def open(self, path: str) -> None:
        """Go to a page of the site; the one that takes files is of no use before its scripts have run."""
        await self.page.goto(f"{self.url}{path}")
        if path == "/":
            await self.page.wait_for_function(_TAKES_FILES)

    def calls(self, method: str) -> int:
        """How often a method of the service was called."""
        return sum(url.endswith(f"/notreally.v1.AnalysisService/{method}") for url in self.requested)

    def check(self) -> None:
        """Nothing went wrong, and nobody else was asked for anything."""
        foreign = [url for url in self.requested if not url.startswith((self.url, "blob:", "data:"))]
        assert foreign == []
        assert self.may_complain or self.complaints == []


async def visit(browser: Browser, url: str, **options: object) -> Visitor:
    """A visitor with nothing remembered."""
    # A test cannot answer in the server's place where a page's worker asks it.
    chosen = {"locale": "en-GB", "service_workers": "block", **options}
    context = await browser.new_context(**chosen)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(60_000)
    visitor = Visitor(context, page, url)

    def note(message: ConsoleMessage) -> None:
        blocked = "Service Worker registration blocked by Playwright" in message.text  # as asked for above
        if message.type in ("error", "warning") and not blocked:
            visitor.complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.on("request", lambda request: visitor.requested.append(request.url))
    return visitor
