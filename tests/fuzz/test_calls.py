"""Any message, and any bytes in the place of one, get an answer or a reason over the public port: never a defect."""

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import analysis_pb2, batch_pb2, live_pb2

from services.kit.errors import refusal_of
from tests.fuzz.conftest import FUZZ
from tests.fuzz.messages import messages

METHODS: dict[str, MethodDescriptor] = {
    f"/{service.full_name}/{method.name}": method
    for service in (
        analysis_pb2.DESCRIPTOR.services_by_name["AnalysisService"],
        batch_pb2.DESCRIPTOR.services_by_name["BatchService"],
        live_pb2.DESCRIPTOR.services_by_name["LiveService"],
    )
    for method in service.methods
    if not method.client_streaming
}
# What a refusal may be. DEADLINE_EXCEEDED is that of a watch over something that goes on.
EXPECTED = {
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "FAILED_PRECONDITION",
    "OUT_OF_RANGE",
    "ALREADY_EXISTS",
    "RESOURCE_EXHAUSTED",
}
CALLS = st.sampled_from(sorted(METHODS)).flatmap(
    lambda path: st.tuples(
        st.just(path),
        st.one_of(
            st.binary(max_size=400), messages(METHODS[path].input_type).map(lambda message: message.SerializeToString())
        ),
    )
)


def refused(channel: grpc.Channel, path: str, request: bytes) -> grpc.RpcError | None:
    """How a call was refused; None for an answer."""
    try:
        if METHODS[path].server_streaming:
            stream: Any = channel.unary_stream(path)
            for _ in stream(request, timeout=20):
                pass
        else:
            call: Any = channel.unary_unary(path)
            call(request, timeout=20)
    except grpc.RpcError as error:
        return error
    return None


def answer(channel: grpc.Channel, path: str, request: bytes) -> str:
    """The reason of a refusal; empty for an answer."""
    error: Any = refused(channel, path, request)
    if error is None:
        return ""
    refusal = refusal_of(error)
    assert refusal is not None, (path, request[:200], error.code(), error.details())
    assert refusal.code.name in EXPECTED, (path, request[:200], refusal.code, refusal.reason)
    assert "Error" not in refusal.message, refusal.message
    return refusal.reason


@pytest.fixture(scope="module")
def channel(edge: int) -> grpc.Channel:
    return grpc.insecure_channel(f"127.0.0.1:{edge}", [("grpc.enable_retries", 0)])


@FUZZ
@given(CALLS)
def test_any_call_gets_an_answer_or_a_reason(channel: grpc.Channel, call: tuple[str, bytes]) -> None:
    answer(channel, *call)


@pytest.mark.parametrize("path", sorted(METHODS))
def test_what_is_no_message_is_told_so(channel: grpc.Channel, path: str) -> None:
    assert answer(channel, path, b"\xff" * 9) in ("MALFORMED", "LIVE_OFF")
