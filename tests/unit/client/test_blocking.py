"""The client without asyncio gives what the other gives, wherever it is called from."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from client import NotReally, NotReallySync, Patience, ServiceError
from tests.unit.client.peer import RUNNING, SUCCEEDED, Peer, events, running_peer

QUICK = Patience(first_s=0.01, longest_s=0.02, attempts=3)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with running_peer() as running:
        yield running


def test_it_has_every_method_of_the_other() -> None:
    named = {name for name in vars(NotReally) | vars(NotReally.__base__) if not name.startswith("_")}
    assert named - set(vars(NotReallySync)) == {"reach"}


async def test_a_file_is_analysed(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(2500))

    def analysed(analysis: object, content: str) -> None:
        name = analysis.name  # type: ignore[attr-defined]
        analysis.state = SUCCEEDED  # type: ignore[attr-defined]
        peer.record[name] = events(name, [RUNNING, SUCCEEDED])

    peer.on_create = analysed
    seen: list[float] = []
    sent: list[int] = []

    def work() -> str:
        with NotReallySync(peer.address, QUICK) as server:
            done = server.analyze(
                path, lambda event: seen.append(event.percent), lambda progress: sent.append(progress.committed_bytes)
            )
            assert [one.name for one in server.list()] == [done.name]
            return done.name

    name = await asyncio.to_thread(work)
    assert peer.analyses[name].filename == "clip.mp4"
    assert (seen, sent) == ([50, 100], [0, 1000, 2000, 2500])


async def test_a_watch_that_is_left_early_is_left_at_the_server_too(peer: Peer) -> None:
    peer.record["analyses/a"] = events("analyses/a", [RUNNING] * 3)
    peer.hold.clear()

    def work() -> tuple[int, int]:
        before = threading.active_count()
        with NotReallySync(peer.address, QUICK) as server:
            watched = server.watch(["analyses/a"])
            first = next(watched)
            watched.close()  # type: ignore[attr-defined]
            server.server_info()
        return first.sequence, threading.active_count() - before

    assert await asyncio.to_thread(work) == (1, 0)


async def test_errors_are_those_of_the_other(peer: Peer) -> None:
    await peer.stop()

    def work() -> None:
        with NotReallySync(peer.address, QUICK) as server:
            server.server_info()

    with pytest.raises(ServiceError) as caught:
        await asyncio.to_thread(work)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert caught.value.unreachable


def test_what_is_no_address_is_refused_and_leaves_no_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match="no address"), NotReallySync("nowhere"):
        pass
    assert threading.active_count() == before
