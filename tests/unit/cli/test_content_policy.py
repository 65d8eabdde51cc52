"""What browsers may load and run on our pages."""

import base64
import hashlib
from pathlib import Path

import pytest

from cli.content_policy import content_security_policy, inline_scripts


def directives(policy: str) -> dict[str, list[str]]:
    """The parts of a policy by name."""
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


def hashed(script: str) -> str:
    """As the policy names a script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def test_scripts_in_a_page_are_found_as_they_stand() -> None:
    page = """<!doctype html><html><head><script src="/a.js" async></script>
      <script>one("<b>&amp;</b>")</script></head><body><SCRIPT id="x">
      two < 3 && '<!--'
      </SCRIPT><p>three</p></body></html>"""
    assert inline_scripts(page) == ['one("<b>&amp;</b>")', "\n      two < 3 && '<!--'\n      "]


def test_every_script_of_the_site_may_run_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    (tmp_path / "index.html").write_text("<script>a</script><script>b</script>")
    (tmp_path / "history" / "index.html").write_text("<script>a</script><script>c é</script>")
    found = directives(content_security_policy(tmp_path))
    assert found["script-src"] == ["'self'", *sorted(hashed(script) for script in ("a", "b", "c é"))]
    assert found["default-src"] == ["'none'"]
    assert not any("unsafe" in source for sources in found.values() for source in sources)


def test_pages_call_where_they_came_from_unless_built_for_another_place(tmp_path: Path) -> None:
    assert directives(content_security_policy(tmp_path))["connect-src"] == ["'self'"]
    elsewhere = content_security_policy(tmp_path, "https://api.example:8443/base")
    assert directives(elsewhere)["connect-src"] == ["'self'", "https://api.example:8443"]


@pytest.mark.parametrize("address", ["api.example", "ftp://api.example", "*", "https:"])
def test_another_place_must_be_an_http_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValueError, match="NEXT_PUBLIC_API_BASE_URL"):
        content_security_policy(tmp_path, address)
