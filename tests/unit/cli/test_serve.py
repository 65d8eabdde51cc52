"""Where things listen and are reached."""

import pytest

from cli.environment import Environment
from cli.serve import own_address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "127.0.0.1:8080"),  # noqa: S104 - not bound
        ("192.0.2.1", "192.0.2.1:8080"),
        ("::", "[::1]:8080"),
        ("2001:db8::1", "[2001:db8::1]:8080"),
    ],
)
def test_the_edge_is_asked_where_it_listens(host: str, address: str) -> None:
    assert own_address(Environment.read({"NOTREALLY_EDGE_HOST": host, "PORT": "8080"})) == address
