"""A collector of traces that keeps what it is sent, by the real protocol."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


@dataclass(frozen=True)
class Span:
    """What the tests look at."""

    trace: str
    id: str
    parent: str
    service: str
    name: str


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes spans in and gives them out by trace."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Span] = []
        self.endpoint = ""

    def Export(self, request: trace_service_pb2.ExportTraceServiceRequest, context: Any) -> Any:
        with self._lock:
            for resource in request.resource_spans:
                names = [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"]
                self._spans += [
                    Span(span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), names[0], span.name)
                    for scope in resource.scope_spans
                    for span in scope.spans
                ]
        return trace_service_pb2.ExportTraceServiceResponse()

    def trace(self, identifier: str) -> list[Span]:
        """The spans of a trace that have come so far."""
        with self._lock:
            return [span for span in self._spans if span.trace == identifier]

    def edges(self, identifier: str) -> set[tuple[str, str, str, str]]:
        """Who called whom in a trace: service and span, then service and span of its child."""
        spans = {span.id: span for span in self.trace(identifier)}
        return {
            (spans[span.parent].service, spans[span.parent].name, span.service, span.name)
            for span in spans.values()
            if span.parent in spans
        }


@contextmanager
def running_collector() -> Iterator[Collector]:
    """A collector on a free port of the loopback."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()
