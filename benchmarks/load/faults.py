"""What goes wrong under a load, one after the other: each lasts a few seconds and is over then."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.stack import Stack

_LASTS_S = 5.0


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _a_child_of(process: int) -> int:
    return int(Path(f"/proc/{process}/task/{process}/children").read_text().split()[0])


async def frozen_service(stack: Stack, name: str) -> None:
    """A service that neither answers nor ends."""
    with _frozen(stack.children[name]):
        await asyncio.sleep(_LASTS_S)


async def killed_worker(stack: Stack) -> None:
    """A worker of the face service that ends as one does that runs out of memory."""
    os.kill(_a_child_of(stack.children["face"]), signal.SIGKILL)


async def locked_database(file: Path) -> None:
    """Somebody else who writes to the database and takes their time."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        await asyncio.sleep(_LASTS_S)
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def all_in_turn(stack: Stack, database: Path, every_s: float, said: Callable[[str], None]) -> None:
    """One fault after the other, until cancelled."""
    faults: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("face frozen", lambda: frozen_service(stack, "face")),
        ("a worker killed", lambda: killed_worker(stack)),
        ("database locked", lambda: locked_database(database)),
        ("audio frozen", lambda: frozen_service(stack, "audio")),
        ("classifier frozen", lambda: frozen_service(stack, "classifier")),
    ]
    while True:
        for name, fault in faults:
            await asyncio.sleep(every_s)
            said(name)
            await fault()
