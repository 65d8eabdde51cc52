"""The files of the edge's image, as its Dockerfile puts them together."""

import re
import shutil
from pathlib import Path

from cli.edge import DESCRIPTOR, PLAIN_SITE, TEMPLATE
from cli.environment import ROOT, Environment
from deploy.images.render_edge import render

SCRIPT = ROOT / "deploy" / "images" / "edge.sh"


def edge_image(folder: Path) -> Path:
    """Put them into a folder, which is given back."""
    for name, traced in (("envoy.yaml", False), ("envoy.traced.yaml", True)):
        text = render(TEMPLATE.read_text(), Environment.read({}), PLAIN_SITE, traced=traced)
        # The image has its folder at the root.
        (folder / name).write_text(text.replace('"/edge/', f'"{folder}/'))
    shutil.copytree(PLAIN_SITE, folder / "site")
    shutil.copy(DESCRIPTOR, folder)
    shutil.copy(SCRIPT, folder)
    shutil.copy(SCRIPT.with_name("tls.yaml"), folder)
    return folder


def move(folder: Path, port: int) -> None:
    """Have it listen at another port, and keep its admin socket beside the folder."""
    path = folder / "envoy.yaml"
    text = path.read_text().replace("port_value: 52513", f"port_value: {port}")
    path.write_text(re.sub(r'"[^"]*admin.sock"', f'"{folder.parent}/admin.sock"', text))
