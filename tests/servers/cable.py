"""A cable between a name's address and the process behind it, which can be cut: packets are lost, nothing is closed."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE_BYTES = 64 * 1024


class Cable:
    """Carries TCP connections from one address to another. Runs in a thread of its own.

    Args:
        host: Where it listens.
        behind: Where it leads.
        port: Of both.
    """

    def __init__(self, host: str, behind: str, port: int) -> None:
        self._host, self._behind, self._port = host, behind, port
        self._loop = asyncio.new_event_loop()
        self._whole = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._listening = threading.Event()

    def cut(self) -> None:
        """From now on nothing arrives; whoever connects hears nothing either."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self) -> None:
        """From now on it carries again. Both ends of what was cut have given up by then, and learn that now."""

        def mend() -> None:
            self._whole.set()
            for writer in self._writers:
                writer.transport.abort()

        self._loop.call_soon_threadsafe(mend)

    def carry(self) -> None:
        """Carry until `stop`."""
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    def stop(self) -> None:
        """End `carry`."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    def wait(self) -> None:
        """Until it listens."""
        self._listening.wait(30)

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        self._whole.set()
        server = await asyncio.start_server(self._connected, self._host, self._port)
        self._listening.set()
        await self._stopped.wait()
        # What has arrived is a connection only when the loop has come round a few times, and asyncio loses it if not.
        for _ in range(5):
            await asyncio.sleep(0)
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # What was aborted is closed when the loop comes round again.
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._whole.wait()
            onward_reader, onward_writer = await asyncio.open_connection(self._behind, self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(onward_writer)
        await asyncio.gather(self._pass_on(reader, onward_writer), self._pass_on(onward_reader, writer))
        self._writers -= {writer, onward_writer}

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE_BYTES):
                await self._whole.wait()
                writer.write(piece)
                await writer.drain()
        writer.transport.abort()


@contextmanager
def carrying(host: str, behind: str, port: int) -> Iterator[Cable]:
    """A cable for as long as the block lasts."""
    cable = Cable(host, behind, port)
    thread = threading.Thread(target=cable.carry, daemon=True)
    thread.start()
    cable.wait()
    try:
        yield cable
    finally:
        cable.stop()
        thread.join(10)
