"""Unary calls as a browser makes them: grpc-web through the edge, over a bare HTTP connection."""

import base64
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

from google.protobuf.message import Message
from google.rpc import status_pb2

from services.kit.errors import Refusal, refusal_of_status
from tests.integration.edge import exchange

_HEADERS = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"}
_SERVICE = "notreally.v1.AnalysisService"

Response = TypeVar("Response", bound=Message)


async def call(
    port: int, method: str, request: Message, response: type[Response], more: Mapping[str, str] | None = None
) -> Response:
    """One call, with `more` headers.

    Raises:
        Refusal: What the server refused with.
    """
    body = request.SerializeToString()
    framed = b"\0" + len(body).to_bytes(4, "big") + body
    headers = {**_HEADERS, "content-length": str(len(framed)), **(more or {})}
    message: bytes | None = None
    async with exchange(port, "POST", f"/{_SERVICE}/{method}", headers) as open_exchange:
        open_exchange.writer.write(framed)
        head = await open_exchange.head()
        assert head.status == 200
        trailers = head.headers
        while "grpc-status" not in trailers:
            flag, content = await open_exchange.grpc_web_frame()
            if flag & 0x80:
                trailers = _fields(content)
            else:
                message = content
    if trailers["grpc-status"] != "0":
        raise _refusal(trailers)
    assert message is not None
    answer = response()
    answer.ParseFromString(message)
    return answer


def _fields(block: bytes) -> dict[str, str]:
    pairs = (line.partition(":")[::2] for line in block.decode().split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _refusal(trailers: dict[str, Any]) -> Refusal:
    details = trailers["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(base64.b64decode(details + "=" * (-len(details) % 4)))
    assert status.message == unquote(trailers["grpc-message"])
    refusal = refusal_of_status(status)
    assert refusal is not None
    return refusal
