"""The running services, which training uses as any other client does."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from notreally.v1 import analysis_pb2

from client import NotReally, ServiceError
from gateway.features.vector import SCHEMA_VERSION
from training.appearance.export import export_untrained
from training.data.vectors import MeasurementError
from training.fitting.model_file import take_schema
from training.networks import motion

_SHIPPED_MODEL = Path(__file__).parents[1] / "models" / "default.json"
_START_S = 180.0
_STOP_S = 30.0
_POLL_S = 0.5
_PARTS = ("GATEWAY", "FACE", "AUDIO", "METADATA", "CLASSIFIER")


class Services:
    """Measures videos on a server, as an async context manager.

    Nothing is started or called before the first video, so a run whose videos are all cached needs no server.

    Args:
        server: address of a running server, such as ``localhost:52513``; None to start a private one.
    """

    def __init__(self, server: str | None):
        """Only remember the address."""
        self._server = server
        self._stack = AsyncExitStack()
        self._starting = asyncio.Lock()
        self._client: NotReally | None = None

    async def __aenter__(self) -> Self:
        """Start nothing yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the channel; stop the private server."""
        await self._stack.aclose()

    async def measure(self, path: Path) -> analysis_pb2.AnalysisResult:
        """Have one video analysed, and delete it from the server.

        Raises:
            MeasurementError: this video cannot be analysed.
            ServiceError: the server cannot be reached.
        """
        client = await self._connected()
        try:
            upload = await client.upload(path)
            analysis = await client.create_analysis(upload.name)
            try:
                async for _ in client.watch([analysis.name]):
                    pass
                return (await client.result(analysis.name)).result
            finally:
                with suppress(ServiceError):
                    await client.cancel(analysis.name)
                    await client.delete(analysis.name)
        except OSError as error:
            raise MeasurementError(error.strerror or "the file cannot be read") from error
        except ServiceError as error:
            if error.unreachable:
                raise
            raise MeasurementError(error.message) from error

    async def _connected(self) -> NotReally:
        async with self._starting:
            if self._client is None:
                if self._server is None:
                    self._server = await self._stack.enter_async_context(_private_server())
                client = await self._stack.enter_async_context(NotReally(self._server))
                await client.server_info()
                self._client = client
            return self._client


@asynccontextmanager
async def _private_server() -> AsyncIterator[str]:
    """Run `notreally serve` on free ports with its data in a temporary folder; yields its address."""
    with tempfile.TemporaryDirectory(prefix="notreally-training-") as folder, tempfile.TemporaryFile() as log:
        ports = _free_ports(1 + len(_PARTS))
        address = f"127.0.0.1:{ports[0]}"
        variables = {
            **os.environ,
            "PORT": str(ports[0]),
            "NOTREALLY_MEDIA_URL": Path(folder, "media").as_uri(),
            "NOTREALLY_DB_PATH": str(Path(folder, "notreally.db")),
            "MODEL_PATH": str(Path(folder, "model.json")),
            "NOTREALLY_FACE_APPEARANCE_MODEL": str(Path(folder, "appearance.onnx")),
            "NOTREALLY_FACE_MOTION_MODEL": str(Path(folder, "motion.onnx")),
        }
        # Verdicts and scores are not used here, and there may be no model and networks yet for the features of this
        # checkout.
        take_schema(_SHIPPED_MODEL, SCHEMA_VERSION, Path(variables["MODEL_PATH"]))
        export_untrained(Path(variables["NOTREALLY_FACE_APPEARANCE_MODEL"]))
        motion.train_released([], [], [], Path(variables["NOTREALLY_FACE_MOTION_MODEL"]), epochs=0, seed=0)
        for part, port in zip(_PARTS, ports[1:], strict=True):
            variables[f"NOTREALLY_{part}_LISTEN"] = variables[f"NOTREALLY_{part}_TARGET"] = f"127.0.0.1:{port}"
        command = str(Path(sys.executable).with_name("notreally"))
        process = await asyncio.create_subprocess_exec(command, "serve", stdout=log, stderr=log, env=variables)
        try:
            await _until_ready(address, process, log)
            yield address
        finally:
            await _stop(process)


async def _until_ready(address: str, process: asyncio.subprocess.Process, log: IO[bytes]) -> None:
    async def answers() -> bool:
        async with NotReally(address) as client:
            with suppress(ServiceError):
                await client.server_info()
                return True
        return False

    with suppress(TimeoutError):
        async with asyncio.timeout(_START_S):
            while process.returncode is None:
                if await answers():
                    return
                await asyncio.sleep(_POLL_S)
    log.seek(0)
    last_lines = b"\n".join(log.read().splitlines()[-10:]).decode(errors="replace")
    raise RuntimeError(f"The services did not start. The end of their log:\n{last_lines}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        # All are held at once, so that none is given out twice.
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for taken in sockets:
            taken.bind(("127.0.0.1", 0))
        return [taken.getsockname()[1] for taken in sockets]
