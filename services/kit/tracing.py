"""Traces: a span for each call served, each call made and each step of work, sent by OTLP if a collector is set.

Without a collector nothing is recorded and nothing of the SDK is loaded. The context of a trace travels as W3C
``traceparent``, in metadata between processes and as a word in the arguments of a workflow.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import grpc
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import SpanKind, Status, StatusCode

Attribute = str | int | float | bool

_tracer = trace.get_tracer("notreally")
HEADER = "traceparent"


def configure(service: str, endpoint: str) -> None:
    """Send the traces of this process to an OTLP collector, once for the life of the process.

    Args:
        service: Short name, such as ``face``.
        endpoint: Where it takes OTLP over gRPC, such as ``http://collector:4317``; empty for no traces. The SDK's other
            settings (``OTEL_TRACES_SAMPLER`` and so on) are read from the environment by the SDK itself.
    """
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": f"notreally-{service}", "service.version": version("notreally")})
    # What is left over is sent when the interpreter ends.
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=not endpoint.startswith("https://"))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


@contextmanager
def served(method: str, metadata: Iterable[tuple[str, str | bytes]] | None) -> Iterator[trace.Span]:
    """The span of a call that is being served, a child of its caller's; current for as long as the block lasts."""
    carrier = {key: value for key, value in metadata or () if isinstance(value, str)}
    span = _tracer.start_span(_name(method), extract(carrier), SpanKind.SERVER, _rpc(method))
    # Attached and not detached: each call begins by attaching its own, and a stream that is given up may end elsewhere.
    contexts.attach(trace.set_span_in_context(span))
    try:
        yield span
    finally:
        span.end()


def failed(span: trace.Span, reason: str) -> None:
    """Note why a call or a step failed."""
    span.set_attribute("error.type", reason)
    span.set_status(Status(StatusCode.ERROR, reason))


@contextmanager
def step(name: str, parent: str = "", **attributes: Attribute) -> Iterator[None]:
    """A span for a piece of work; a child of `parent`, a ``traceparent``, or else of what is going on."""
    under = extract({HEADER: parent}) if parent else None
    with _tracer.start_as_current_span(name, under, attributes=_named(attributes)):
        yield


def current() -> str:
    """The ``traceparent`` of what is going on; empty when it is not traced."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get(HEADER, "")


@contextmanager
def made(method: str | bytes, details: grpc.aio.ClientCallDetails) -> Iterator["Outgoing"]:
    """A call that is about to be made; the block gives what goes along with it, and is left when it is under way."""
    name = method.decode() if isinstance(method, bytes) else method
    outgoing = Outgoing(_tracer.start_span(_name(name), None, SpanKind.CLIENT, _rpc(name)))
    try:
        yield outgoing
    except BaseException:
        outgoing.span.end()
        raise


class Outgoing:
    """The span of a call that is made."""

    def __init__(self, span: trace.Span) -> None:
        """Begun; ends with the call."""
        self.span = span

    @property
    def metadata(self) -> Sequence[tuple[str, str]]:
        """What tells the server which span it belongs to."""
        carrier: dict[str, str] = {}
        inject(carrier, trace.set_span_in_context(self.span))
        return list(carrier.items())

    def follow(self, call: Any) -> None:
        """End the span when the call ends."""
        call.add_done_callback(self._ended)

    def _ended(self, call: Any) -> None:
        if call.cancelled():
            failed(self.span, "CANCELLED")
        self.span.end()


def _name(method: str) -> str:
    return method.removeprefix("/")


def _rpc(method: str) -> dict[str, Attribute]:
    service, _, name = _name(method).rpartition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}


def _named(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    return {f"notreally.{name}": value for name, value in attributes.items()}
