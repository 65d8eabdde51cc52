"""Envoy's configuration for the edge's image: all but what `edge.sh` fills in when a container starts.

Writes `envoy.yaml`, and `envoy.traced.yaml` for where traces are collected, into a folder. Run where the pages have
been built, with the repository on the path: the configuration names the hash of each script in them.
"""

import os
import sys
from pathlib import Path

from cli.edge import BUILT_SITE, TEMPLATE, Edge
from cli.environment import Environment

FOLDER = Path("/edge")
"""Where the image keeps the pages and the descriptor."""

_AT_START = ("gateway_host", "gateway_port", "transport_socket", "gateway_transport", "trusted_proxies")
# Stand-ins for what only the container knows, as the renderer takes them, and what is filled in for them.
_COLLECTOR, _PERCENT = "http://collector.invalid:4317", 12.5
_COLLECTOR_PLACES = {
    'address: "collector.invalid", port_value: 4317': 'address: "@collector_host@", port_value: @collector_port@',
    "random_sampling: { value: 12.5 }": "random_sampling: { value: @traced_percent@ }",
}


def render(template: str, environment: Environment, site: Path, *, traced: bool) -> str:
    """The configuration for the pages in `site`, which will lie in the image's own folder.

    What `edge.sh` fills in stands there as ``@name@``.
    """
    for name in _AT_START:
        template = template.replace(f"${{{name}}}", f"@{name}@")
    edge = Edge(
        listen_host="0.0.0.0",  # noqa: S104 - of a container
        port=environment.port,
        gateway=environment.target("gateway"),
        admin_socket=Path("/tmp/envoy-admin.sock"),  # noqa: S108 - the one folder a container can write to
        site=site,
        api_origin=environment.variables.get("NEXT_PUBLIC_API_BASE_URL", ""),
        descriptor=FOLDER / "descriptor.pb",
        collector=_COLLECTOR if traced else "",
        traced_percent=_PERCENT,
    )
    text = edge.render(template).replace(f"{site}/", f"{FOLDER}/site/")
    for stand_in, place in _COLLECTOR_PLACES.items() if traced else ():
        if stand_in not in text:
            raise ValueError(f"The template has no {stand_in!r} any more.")
        text = text.replace(stand_in, place)
    return text


def main(folder: Path) -> None:
    """Write both configurations into `folder`."""
    environment = Environment.read(os.environ)
    for name, traced in (("envoy.yaml", False), ("envoy.traced.yaml", True)):
        (folder / name).write_text(render(TEMPLATE.read_text(), environment, BUILT_SITE, traced=traced))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
