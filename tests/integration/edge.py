"""A real Envoy with our configuration in front of any gateway, and a bare HTTP/1.1 client to look at its wire."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.edge import TEMPLATE, Edge, envoy_binary, envoy_command
from cli.environment import Environment
from tests.integration.stack import free_ports

_START_S = 30.0


@asynccontextmanager
async def running_edge(gateway: str, **variables: str) -> AsyncIterator[int]:
    """Envoy in front of the gateway at `gateway`; gives its port."""
    (port,) = free_ports(1)
    environment = Environment.read(
        {"PORT": str(port), "NOTREALLY_EDGE_HOST": "127.0.0.1", "NOTREALLY_GATEWAY_TARGET": gateway, **variables}
    )
    # Not in pytest's folder: the path of a unix socket may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="notreally-") as folder:
        config = Path(folder) / "envoy.yaml"
        config.write_text(Edge.of(environment, Path(folder)).render(TEMPLATE.read_text()))
        process = await asyncio.create_subprocess_exec(*envoy_command(envoy_binary(), config), env=dict(os.environ))
        try:
            async with asyncio.timeout(_START_S):
                while not await _listens(port):
                    assert process.returncode is None, "Envoy did not start"
                    await asyncio.sleep(0.05)
            yield port
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Exchange:
    """One HTTP/1.1 request on a connection of its own, sent and read piece by piece."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _left: bytearray = field(default_factory=bytearray)

    async def send(self, data: bytes) -> None:
        """Send one chunk of the body; an empty one ends it."""
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def head(self) -> Reply:
        """Status and headers of the answer."""
        block = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":")[::2] for line in block[1:] if line)
        return Reply(int(block[0].split()[1]), {name.lower(): value.strip() for name, value in pairs})

    async def chunk(self) -> bytes:
        """Next chunk of the answer's body; empty at its end."""
        size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
        data = await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        return data

    async def body(self, head: Reply) -> bytes:
        """The rest of the body."""
        if "content-length" in head.headers:
            return await self.reader.readexactly(int(head.headers["content-length"]))
        pieces = []
        while piece := await self.chunk():
            pieces.append(piece)
        return b"".join(pieces)

    async def grpc_web_frame(self) -> tuple[int, bytes]:
        """Next grpc-web frame: its flag byte (0x80 for trailers) and what is in it."""
        while len(self._left) < 5 or len(self._left) < 5 + int.from_bytes(self._left[1:5], "big"):
            piece = await self.chunk()
            assert piece, "the stream ended inside a frame"
            self._left += piece
        size = int.from_bytes(self._left[1:5], "big")
        flag, content = self._left[0], bytes(self._left[5 : 5 + size])
        del self._left[: 5 + size]
        return flag, content


@asynccontextmanager
async def exchange(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Exchange]:
    """Open a connection and send a request's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    every = {"host": "localhost", "connection": "close", **(headers or {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    try:
        async with asyncio.timeout(30):
            yield Exchange(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def fetch(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Reply:
    """One whole request and its answer."""
    sized = {**(headers or {}), **({} if body is None else {"content-length": str(len(body))})}
    async with exchange(port, method, path, sized) as open_exchange:
        if body is not None:
            open_exchange.writer.write(body)
        reply = await open_exchange.head()
        if method != "HEAD":
            reply.body = await open_exchange.body(reply)
        return reply


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
