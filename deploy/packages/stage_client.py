"""Lays out the Python client as a source tree that stands alone: stage_client.py FOLDER.

In the repository the client imports the contract as `notreally.v1`, which the server's package holds too. Its own
package brings what it needs of the contract along, below its own name, so that both can be installed side by side.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "notreally_client"

_IMPORTS = (
    (re.compile(r"^(\s*)from client\b", re.MULTILINE), rf"\1from {NAME}"),
    (re.compile(r"^(\s*)from notreally\.v1 import\b", re.MULTILINE), rf"\1from {NAME}.v1 import"),
    # Names in docstrings.
    (re.compile(r"`client\."), f"`{NAME}."),
)
_USED = re.compile(r"^\s*from notreally\.v1 import (.+)$", re.MULTILINE)
_MODULE = re.compile(r"\b\w+_pb2(?:_grpc)?\b")


def stage(folder: Path) -> None:
    """Write the tree to a folder, in the place of what was there.

    Raises:
        FileNotFoundError: The contract's code was not generated yet.
    """
    shutil.rmtree(folder, ignore_errors=True)
    package = folder / NAME
    (package / "v1").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / "client" / name, folder)
    shutil.copy(ROOT / "LICENSE", folder)
    (package / "py.typed").touch()
    (package / "v1" / "__init__.py").write_text('"""The contract, as protoc generates it."""\n')
    wanted: set[str] = set()
    for module in sorted((ROOT / "client").glob("*.py")):
        text = module.read_text()
        wanted |= _contract(text)
        (package / module.name).write_text(_moved(text))
    done: set[str] = set()
    while wanted - done:
        name = min(wanted - done)
        done.add(name)
        for file in (ROOT / "gen" / "python" / "notreally" / "v1" / f"{name}{suffix}" for suffix in (".py", ".pyi")):
            text = file.read_text()
            wanted |= _contract(text)
            (package / "v1" / file.name).write_text(_moved(text))


def _contract(text: str) -> set[str]:
    """Modules of the contract that a module imports."""
    return {name for line in _USED.findall(text) for name in _MODULE.findall(line.partition(" as ")[0])}


def _moved(text: str) -> str:
    for pattern, replacement in _IMPORTS:
        text = pattern.sub(replacement, text)
    return text


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
