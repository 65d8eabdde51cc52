"""Who may call through Envoy: by which names, and from which pages."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.edge import fetch, running_edge
from tests.integration.test_edge import GRPC_WEB, Rest, peer, rest
from tests.unit.client.peer import Peer

__all__ = ["peer", "rest"]

LIST = "/notreally.v1.AnalysisService/ListAnalyses"


@pytest.fixture(scope="module")
async def port(peer: Peer, rest: Rest) -> AsyncIterator[int]:
    async with running_edge(peer.address, NOTREALLY_ALLOWED_HOSTS="media-desk,notreally.example") as listening:
        yield listening


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:52513",
        "127.0.0.1:52513",
        "192.168.1.20",
        "[::1]:8080",
        "media-desk",
        "notreally.example:80",
    ],
)
async def test_addresses_localhost_and_the_names_that_are_set_are_answered(port: int, host: str) -> None:
    assert (await fetch(port, "GET", "/api/health", {"host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "localhost.attacker.example",
        "127.0.0.1.attacker.example",
        "xmedia-desk",
        "10.attacker.example:52513",
    ],
)
@pytest.mark.parametrize("path", ["/api/health", "/", "/api/results/1"])
async def test_a_name_that_somebody_else_has_resolve_here_is_refused(port: int, host: str, path: str) -> None:
    reply = await fetch(port, "GET", path, {"host": host})
    assert reply.status == 403
    assert "NOTREALLY_ALLOWED_HOSTS" in reply.json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://attacker.example"},
        {"origin": "https://localhost.attacker.example"},
        {"origin": "null"},
    ],
)
async def test_a_page_from_elsewhere_changes_nothing(port: int, rest: Rest, headers: dict[str, str]) -> None:
    rest.pieces = []
    form = {"content-type": "multipart/form-data; boundary=xyz", **headers}
    refused = await fetch(port, "POST", "/api/analyze", form, b"--xyz--\r\n")
    assert refused.status == 403
    assert refused.json()["message"] == "A page from elsewhere may not do that."
    called = await fetch(port, "POST", LIST, {**GRPC_WEB, **headers}, b"\0\0\0\0\0")
    assert called.headers.get("grpc-status", "0") != "0" or called.status == 403
    assert rest.pieces == []


@pytest.mark.parametrize(
    "headers",
    [
        {},  # curl, or a program
        {"sec-fetch-site": "same-origin", "origin": "http://localhost:52513"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:3000"},  # a development server beside it
        {"sec-fetch-site": "none"},
        {"origin": "https://notreally.example"},
    ],
)
async def test_its_own_page_and_programs_may(port: int, headers: dict[str, str]) -> None:
    form = {"content-type": "multipart/form-data; boundary=xyz", **headers}
    body = b'--xyz\r\ncontent-disposition: form-data; name="file"; filename="a.mp4"\r\n\r\nvideo\r\n--xyz--\r\n'
    assert (await fetch(port, "POST", "/api/analyze", form, body)).status == 200


async def test_a_link_from_elsewhere_opens_the_page(port: int) -> None:
    reply = await fetch(port, "GET", "/", {"sec-fetch-site": "cross-site", "accept": "text/html"})
    assert reply.status == 200


async def test_where_a_proxy_decides_any_name_is_answered(peer: Peer, rest: Rest) -> None:
    async with running_edge(peer.address, NOTREALLY_ALLOWED_HOSTS="*") as listening:
        assert (await fetch(listening, "GET", "/api/health", {"host": "anything.example"})).status == 200
        refused = await fetch(listening, "POST", "/api/analyze", {"sec-fetch-site": "cross-site"}, b"x")
        assert refused.status == 403
