"""Envoy's configuration for the edge's image, on standard output: all but what `edge.sh` fills in at a start.

Run where the pages have been built, with the repository on the path: the configuration names the hash of each script in
them.
"""

import os
import sys
from pathlib import Path

from cli.edge import BUILT_SITE, TEMPLATE, Edge
from cli.environment import Environment

AT_START = ("gateway_host", "gateway_port", "transport_socket")
"""Placeholders of the template that a container fills in; each comes out as ``@name@``."""

FOLDER = Path("/edge")
"""Where the image keeps the pages and the descriptor."""


def render(template: str, environment: Environment, site: Path) -> str:
    """The configuration for the pages in `site`, which will lie in the image's own folder."""
    for name in AT_START:
        template = template.replace(f"${{{name}}}", f"@{name}@")
    edge = Edge(
        listen_host="0.0.0.0",  # noqa: S104 - of a container
        port=environment.port,
        gateway=environment.target("gateway"),
        admin_socket=Path("/tmp/envoy-admin.sock"),  # noqa: S108 - the one folder a container can write to
        site=site,
        api_origin=environment.variables.get("NEXT_PUBLIC_API_BASE_URL", ""),
        descriptor=FOLDER / "descriptor.pb",
    )
    return edge.render(template).replace(f"{site}/", f"{FOLDER}/site/")


if __name__ == "__main__":
    sys.stdout.write(render(TEMPLATE.read_text(), Environment.read(os.environ), BUILT_SITE))
