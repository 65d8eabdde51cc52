"""Any request over HTTP gets a status that is meant, and soon."""

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.conftest import FUZZ
from tests.integration.edge import Reply, exchange

MEANT = {200, 202, 204, 400, 403, 404, 405, 408, 409, 412, 413, 415, 429, 431, 507}
TOKEN = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=" "), max_size=30)
PATHS = st.one_of(
    st.sampled_from(
        ["/api/analyze", "/api/analyze?filename=a.mp4", "/api/results/1", "/api/health", "/", "/api/batches"]
    ),
    TOKEN.map(lambda text: "/api/" + text),
    TOKEN.map(lambda text: "/api/analyze?" + text),
    TOKEN.map(lambda text: "/api/results/" + text),
)
TYPES = st.one_of(
    st.sampled_from(["video/mp4", "multipart/form-data; boundary=xyz", "multipart/form-data", "application/grpc", ""]),
    TOKEN.map(lambda text: "multipart/form-data; boundary=" + text),
)
PIECES = st.sampled_from(
    [
        b"--xyz\r\n",
        b"--xyz--\r\n",
        b"\r\n",
        b'content-disposition: form-data; name="file"; filename="a.mp4"\r\n',
        b"content-disposition: form-data; filename*=UTF-8''%ff%00\r\n",
        b"content-type: video/mp4\r\n",
        b"x" * 3000,
        b"\0",
    ]
)
BODIES = st.one_of(
    st.binary(max_size=300), st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=12).map(b"".join)
)


async def asked(port: int, method: str, path: str, kind: str, body: bytes) -> Reply:
    headers = {"content-length": str(len(body)), **({"content-type": kind} if kind else {})}
    async with asyncio.timeout(20), exchange(port, method, path, headers) as request:
        request.writer.write(body)
        reply = await request.head()
        if method != "HEAD":
            reply.body = await request.body(reply)
        return reply


@FUZZ
@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]), PATHS, TYPES, BODIES)
def test_any_request_gets_a_status_that_is_meant(edge: int, method: str, path: str, kind: str, body: bytes) -> None:
    reply = asyncio.run(asked(edge, method, path, kind, body))
    assert reply.status in MEANT, (reply.status, reply.body[:300])
    if reply.body and reply.headers.get("content-type") == "application/json":
        assert "Traceback" not in json.dumps(json.loads(reply.body))
    if reply.status in (429, 503):
        assert reply.headers["retry-after"]
