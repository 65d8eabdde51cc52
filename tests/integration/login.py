"""A gateway with its login on, behind an Envoy of its own, in front of the services of a running system."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from client import NotReally
from tests.integration.edge import running_edge
from tests.integration.stack import Stack, free_ports, running_process


@dataclass(frozen=True)
class Login:
    """Where it is."""

    port: int
    environment: dict[str, str]

    @property
    def target(self) -> str:
        """Address of the edge."""
        return f"127.0.0.1:{self.port}"

    def client(self, key: str = "") -> NotReally:
        """A client that shows a key."""
        return NotReally(self.target, key=key)

    async def key(self, owner: str, *arguments: str) -> str:
        """The secret of a new key, made as on the machine itself."""
        return await asyncio.to_thread(self._make, owner, arguments)

    def _make(self, owner: str, arguments: tuple[str, ...]) -> str:
        command = [sys.executable, "-m", "gateway.identity", owner, *arguments]
        made = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        )
        return made.stdout.decode().strip()


@asynccontextmanager
async def running_login(stack: Stack, folder: Path, **changes: str) -> AsyncIterator[Login]:
    """Start both, and stop them in the end."""
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    environment = stack.gateway(folder, port, NOTREALLY_LOGIN="on", **changes)
    with running_process("gateway", address, **environment):
        async with running_edge(address) as edge:
            yield Login(edge, environment)
