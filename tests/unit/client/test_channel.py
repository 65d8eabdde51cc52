"""Addresses of servers, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.channel import address_of


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("localhost:52513", ("localhost:52513", False)),
        ("127.0.0.1:1", ("127.0.0.1:1", False)),
        ("[::1]:52513", ("[::1]:52513", False)),
        ("http://localhost:52513/", ("localhost:52513", False)),
        ("http://notreally.example", ("notreally.example:80", False)),
        ("https://notreally.example", ("notreally.example:443", True)),
        ("https://notreally.example:8443/", ("notreally.example:8443", True)),
        ("https://[::1]", ("[::1]:443", True)),
        ("HTTPS://Notreally.Example", ("notreally.example:443", True)),
    ],
)
def test_an_address_or_a_url(server: str, address: tuple[str, bool]) -> None:
    assert address_of(server) == address


@pytest.mark.parametrize(
    "server",
    [
        *("", "localhost", ":52513", "localhost:", "localhost:port", "localhost:70000", "localhost:0", "[::1", "::1"),
        *("ftp://localhost:1", "https://", "https://a/api", "https://a?b", "https://me@a", "a:1#b"),
    ],
)
def test_anything_else_is_told_what_it_should_be(server: str) -> None:
    with pytest.raises(ValueError, match="Write host:port, or https://host"):
        address_of(server)


@given(st.text() | st.text().map("https://{}".format) | st.from_regex(r"[a-z.]*:[0-9]*"))
def test_no_text_gives_anything_but_a_host_and_a_port(server: str) -> None:
    try:
        address, _ = address_of(server)
    except ValueError:
        return
    host, _, port = address.rpartition(":")
    assert host
    assert 0 < int(port) < 65536
