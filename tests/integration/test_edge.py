"""Envoy with our configuration, in front of a server that shows what reaches the gateway."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api import httpbody_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from notreally.v1 import analysis_pb2, rest_pb2, rest_pb2_grpc

from cli.edge import BUILT_SITE
from client import NotReally, Patience, ServiceError
from tests.integration.edge import exchange, fetch, running_edge
from tests.unit.client.peer import RUNNING, SUCCEEDED, Peer, events, running_peer, status

GRPC_WEB = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"}


class Rest(rest_pb2_grpc.RestServiceServicer):
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.callers: list[str] = []
        """Of the last question after health: every address that came with it."""
        self.pieces: list[rest_pb2.AnalyzeRequest] = []
        self.arrived = asyncio.Event()

    async def Analyze(self, request_iterator: Any, context: Any) -> httpbody_pb2.HttpBody:
        self.pieces = []
        async for piece in request_iterator:
            self.pieces.append(piece)
            self.arrived.set()
            if piece.filename == "refused.mp4":
                large = status(grpc.StatusCode.INVALID_ARGUMENT, "TOO_LARGE", "At most 100 MB.")
                await context.abort_with_status(rpc_status.to_status(large))
        return httpbody_pb2.HttpBody(content_type="application/json", data=b'{"job_id": "1"}')

    async def GetResults(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        gone = status(grpc.StatusCode.NOT_FOUND, "ANALYSIS_NOT_FOUND", "There is none.", job_id=request.job_id)
        await context.abort_with_status(rpc_status.to_status(gone))
        raise AssertionError

    async def GetHealth(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        self.callers = [value for key, value in context.invocation_metadata() if key == "x-forwarded-for"]
        return httpbody_pb2.HttpBody(content_type="application/json", data=b'{"status": "healthy"}')

    async def ListEndpoints(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        return httpbody_pb2.HttpBody(content_type="application/json", data=b'{"endpoints": {}}')

    async def ListResults(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        raise AssertionError("nobody asks for this")

    async def CancelResults(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        raise AssertionError("nobody asks for this")

    async def DeleteResults(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        raise AssertionError("nobody asks for this")

    async def GetMedia(self, request: Any, context: Any) -> AsyncIterator[httpbody_pb2.HttpBody]:
        yield httpbody_pb2.HttpBody()

    async def GetOpenApi(self, request: Any, context: Any) -> httpbody_pb2.HttpBody:
        raise AssertionError("nobody asks for this")

    @property
    def data(self) -> bytes:
        """The whole body."""
        return b"".join(piece.body.data for piece in self.pieces)


@pytest.fixture(scope="module")
async def peer() -> AsyncIterator[Peer]:
    async with running_peer() as running:
        yield running


@pytest.fixture(scope="module")
async def rest(peer: Peer) -> Rest:
    servicer = Rest()
    healthy = health.aio.HealthServicer()
    await healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    peer.also = [
        lambda server: rest_pb2_grpc.add_RestServiceServicer_to_server(servicer, server),
        lambda server: health_pb2_grpc.add_HealthServicer_to_server(healthy, server),
    ]
    await peer.restart()
    return servicer


@pytest.fixture(scope="module")
async def port(peer: Peer, rest: Rest) -> AsyncIterator[int]:
    async with running_edge(peer.address) as listening:
        yield listening


# --- REST ---------------------------------------------------------------------------------------------------------


async def test_a_raw_body_streams_in_pieces_with_its_name(port: int, rest: Rest) -> None:
    rest.arrived.clear()
    first, second = b"a" * 100_000, b"b" * 3_000_000
    headers = {"content-type": "video/mp4", "transfer-encoding": "chunked"}
    async with exchange(port, "POST", "/api/analyze?filename=my%20clip.mp4", headers) as upload:
        await upload.send(first)
        await rest.arrived.wait()  # the gateway has the beginning while the rest is still to come
        await upload.send(second)
        await upload.send(b"")
        head = await upload.head()
        body = await upload.body(head)
    assert (head.status, body) == (200, b'{"job_id": "1"}')
    assert rest.data == first + second
    assert max(len(piece.body.data) for piece in rest.pieces) <= 1024 * 1024
    assert rest.pieces[0].filename == "my clip.mp4"
    assert rest.pieces[0].body.content_type == "video/mp4"


async def test_a_form_arrives_with_its_boundary(port: int, rest: Rest) -> None:
    form = b'--xyz\r\ncontent-disposition: form-data; name="file"; filename="a.mp4"\r\n\r\nvideo\r\n--xyz--\r\n'
    reply = await fetch(port, "POST", "/api/analyze", {"content-type": "multipart/form-data; boundary=xyz"}, form)
    assert reply.status == 200
    assert rest.data == form
    assert rest.pieces[0].body.content_type == "multipart/form-data; boundary=xyz"


async def test_a_refusal_is_google_rpc_status_with_its_reason(port: int) -> None:
    reply = await fetch(port, "GET", "/api/results/42")
    assert reply.status == 404
    assert reply.headers["content-type"] == "application/json"
    assert reply.json() == {
        "code": 5,
        "message": "There is none.",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ANALYSIS_NOT_FOUND",
                "domain": "notreally",
                "metadata": {"job_id": "42"},
            }
        ],
    }


async def test_a_refusal_in_the_middle_of_an_upload_arrives(port: int) -> None:
    headers = {"content-type": "video/mp4", "transfer-encoding": "chunked"}
    async with exchange(port, "POST", "/api/analyze?filename=refused.mp4", headers) as upload:
        await upload.send(b"a" * 100_000)
        head = await upload.head()  # without waiting for an end of the body that may be far away
        head.body = await upload.body(head)
    assert head.status == 400
    assert head.json()["details"][0]["reason"] == "TOO_LARGE"


@pytest.mark.parametrize("path", ["/api/health", "/", "/api/results/42", "/api/nothing"])
async def test_a_question_for_the_head_is_answered_as_that_for_the_whole_without_a_body(port: int, path: str) -> None:
    whole = await fetch(port, "GET", path)
    async with exchange(port, "HEAD", path) as asked:
        head = await asked.head()
        rest = await asked.reader.read()
    assert (head.status, rest) == (whole.status, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["cache-control"] == whole.headers["cache-control"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/LD+JSON", "text/plain"]
)
async def test_a_body_that_says_it_is_no_video_is_refused_at_once(port: int, rest: Rest, content_type: str) -> None:
    rest.pieces = []
    body = b'{"url": "https://example.org/video.mp4"}'
    reply = await fetch(port, "POST", "/api/analyze", {"content-type": content_type}, body)
    assert reply.status == 415
    assert reply.json()["message"].endswith(".")
    assert "video" in reply.json()["message"]
    assert reply.json()["details"][0]["reason"] == "NOT_A_VIDEO_BODY"
    assert rest.pieces == []


@pytest.mark.parametrize("content_type", ["video/mp4", "application/octet-stream", "application/x-www-form-urlencoded"])
async def test_what_programs_say_of_a_video_is_accepted(port: int, content_type: str) -> None:
    assert (await fetch(port, "POST", "/api/analyze", {"content-type": content_type}, b"video")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/api/nothing", 404), ("POST", "/nothing", 404), ("GET", "/api/results/1?colour=red", 400)],
)
async def test_what_envoy_refuses_has_the_same_shape(port: int, method: str, path: str, code: int) -> None:
    reply = await fetch(port, method, path, body=b"" if method == "POST" else None)
    assert reply.status == code
    answer = reply.json()
    assert answer.keys() == {"code", "message", "details"}
    assert answer["message"].endswith(".")


async def test_a_gateway_that_is_away_is_said_in_a_sentence() -> None:
    async with running_edge("127.0.0.1:1") as port:
        reply = await fetch(port, "GET", "/api/health")
        async with NotReally(f"127.0.0.1:{port}", Patience(attempts=0)) as client:
            with pytest.raises(ServiceError) as raised:
                await client.server_info()
    assert reply.status == 503
    assert reply.json()["code"] == 14
    assert "Try again" in raised.value.message


@pytest.mark.parametrize(
    ("proxies", "claimed", "caller"),
    [
        ("0", "", "127.0.0.1"),
        ("0", "203.0.113.7", "127.0.0.1"),
        ("1", "192.0.2.1", "192.0.2.1"),
        ("1", "203.0.113.7, 192.0.2.1", "192.0.2.1"),
        ("2", "203.0.113.7, 192.0.2.1, 10.0.0.1", "192.0.2.1"),
        # It did not come through as many.
        ("2", "203.0.113.7", "127.0.0.1"),
    ],
)
async def test_the_gateway_hears_of_one_address_that_no_caller_can_choose(
    peer: Peer, rest: Rest, proxies: str, claimed: str, caller: str
) -> None:
    async with running_edge(peer.address, NOTREALLY_TRUSTED_PROXIES=proxies) as port:
        await fetch(port, "GET", "/api/health", {"x-forwarded-for": claimed} if claimed else {})
    assert rest.callers == [caller]


# --- files --------------------------------------------------------------------------------------------------------


async def test_the_first_page_depends_on_who_asks(port: int) -> None:
    browser = await fetch(port, "GET", "/", {"accept": "text/html,application/xhtml+xml"})
    assert browser.headers["content-type"].startswith("text/html")
    assert b"<title>NotReally</title>" in browser.body
    program = await fetch(port, "GET", "/", {"accept": "*/*"})
    assert program.json() == {"endpoints": {}}
    assert (await fetch(port, "GET", "/")).json() == {"endpoints": {}}


async def test_pages_are_told_what_they_may_do(port: int) -> None:
    for path in ("/", "/style.css", "/nowhere/"):
        headers = (await fetch(port, "GET", path, {"accept": "text/html"})).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("accepted", "used"), [("gzip, deflate, br", "br"), ("gzip, deflate", "gzip"), ("identity", None)]
)
async def test_text_is_as_small_as_a_browser_can_read_it(port: int, accepted: str, used: str | None) -> None:
    reply = await fetch(port, "GET", "/", {"accept": "text/html", "accept-encoding": accepted})
    assert reply.status == 200
    assert reply.headers.get("content-encoding") == used


@pytest.mark.skipif(not (BUILT_SITE / "index.txt").is_file(), reason="The browser UI has not been built: make ui")
async def test_what_a_page_loads_of_another_is_as_small(port: int) -> None:
    reply = await fetch(port, "GET", "/index.txt", {"accept-encoding": "gzip, deflate, br"})
    assert (reply.status, reply.headers.get("content-encoding")) == (200, "br")


async def test_a_page_that_is_not_there_is_a_page(port: int) -> None:
    reply = await fetch(port, "GET", "/nowhere/", {"accept": "text/html"})
    assert reply.status == 404
    assert b"Page not found" in reply.body


@pytest.mark.parametrize("up", ["..", "%2e%2e", "..%2f"])
async def test_nothing_outside_the_site_is_served(port: int, up: str) -> None:
    reply = await fetch(port, "GET", f"/{up}/envoy.template.yaml")
    assert reply.status in (400, 404)
    assert b"static_resources" not in reply.body


# --- gRPC ---------------------------------------------------------------------------------------------------------


async def test_the_client_works_through_the_edge(port: int, peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"x" * 2500)
    peer.on_create = lambda analysis, _content: peer.record.update({analysis.name: events(analysis.name, [SUCCEEDED])})
    async with NotReally(f"127.0.0.1:{port}") as client:
        upload = await client.upload(path)
        analysis = await client.create_analysis(upload.name)
        seen = [event.sequence async for event in client.watch([analysis.name])]
    assert upload.complete
    assert seen == [1]


async def test_health_is_for_everyone_and_the_rest_service_is_not(port: int) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        checked = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert checked.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await rest_pb2_grpc.RestServiceStub(channel).GetHealth(rest_pb2.GetHealthRequest())
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_grpc_web_events_arrive_one_by_one(port: int, peer: Peer) -> None:
    (first,) = events("analyses/live", [RUNNING])
    peer.record["analyses/live"] = [first]
    peer.hold.clear()
    request = analysis_pb2.WatchAnalysesRequest(targets=[analysis_pb2.WatchTarget(name="analyses/live")])
    framed = b"\0" + len(request.SerializeToString()).to_bytes(4, "big") + request.SerializeToString()
    headers = {**GRPC_WEB, "content-length": str(len(framed))}
    async with exchange(port, "POST", "/notreally.v1.AnalysisService/WatchAnalyses", headers) as watch:
        watch.writer.write(framed)
        head = await watch.head()
        flag, content = await watch.grpc_web_frame()
        # The first event is here while the call is held open: nothing on the way collects them.
        assert (head.status, flag) == (200, 0)
        assert analysis_pb2.AnalysisEvent.FromString(content) == first
        peer.hold.set()
        flag, content = await watch.grpc_web_frame()
    assert flag == 0x80
    assert b"grpc-status:0" in content.replace(b" ", b"")


async def test_a_page_from_a_development_server_may_call(port: int) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-grpc-web"}
    path = "/notreally.v1.AnalysisService/WatchAnalyses"
    allowed = await fetch(port, "OPTIONS", path, {"origin": "http://localhost:3000", **asked})
    assert allowed.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "x-grpc-web" in allowed.headers["access-control-allow-headers"]
    stranger = await fetch(port, "OPTIONS", path, {"origin": "https://example.com", **asked})
    assert "access-control-allow-origin" not in stranger.headers
