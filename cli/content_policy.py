"""The Content-Security-Policy of our pages, derived from the pages themselves.

Next.js writes scripts into its pages. Rather than allowing any such script, the policy names the hash of each one that
the build holds; it is computed from the very files that are served, so the two cannot disagree.
"""

import base64
import hashlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit


def content_security_policy(site: Path, api_origin: str = "") -> str:
    """The policy for all pages under `site`.

    Args:
        site: Folder of the pages.
        api_origin: Address of the server the pages call, when it is not the one that serves them.

    Raises:
        ValueError: `api_origin` is not an http address.
    """
    scripts = sorted({_hash(text) for page in site.rglob("*.html") for text in inline_scripts(page.read_text())})
    connect = ("'self'", *((_origin(api_origin),) if api_origin else ()))
    directives = {
        "default-src": ("'none'",),
        "script-src": ("'self'", *scripts),
        # Style sheets alone; scripts may still set the style of an element, which cannot load anything.
        "style-src": ("'self'",),
        # Pictures and videos from memory: the picked file, thumbnails inside a result.
        "img-src": ("'self'", "blob:"),
        "media-src": ("blob:",),
        "connect-src": connect,
        "base-uri": ("'none'",),
        "form-action": ("'none'",),
        "frame-ancestors": ("'none'",),
    }
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def inline_scripts(html: str) -> list[str]:
    """The scripts written into a page, each exactly as a browser hashes it."""
    parser = _Scripts()
    parser.feed(html)
    parser.close()
    return parser.found


class _Scripts(HTMLParser):
    """Gathers what stands between script tags without a source."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and not any(name == "src" for name, _ in attrs):
            self._inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _origin(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"NEXT_PUBLIC_API_BASE_URL must be an http address, not {address!r}.")
    return f"{parts.scheme}://{parts.netloc}"
