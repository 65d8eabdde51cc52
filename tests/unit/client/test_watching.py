"""A watch gives every event once and in order, over as many connections as it takes."""

from collections.abc import AsyncIterator

import grpc
import pytest
from notreally.v1 import analysis_pb2

from client import NotReally, Patience, ServiceError
from tests.unit.client.peer import FAILED, RUNNING, SUCCEEDED, Peer, events, running_peer

QUICK = Patience(first_s=0.01, longest_s=0.02, attempts=10)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with running_peer() as running:
        yield running


async def watch(peer: Peer, *names: str, patience: Patience = QUICK) -> list[analysis_pb2.AnalysisEvent]:
    async with NotReally(peer.address, patience) as client:
        return [event async for event in client.watch(names)]


async def test_it_ends_with_the_analysis(peer: Peer) -> None:
    peer.record["analyses/a"] = events("analyses/a", [RUNNING, RUNNING, SUCCEEDED])
    seen = await watch(peer, "analyses/a")
    assert [event.sequence for event in seen] == [1, 2, 3]
    assert len(peer.called("WatchAnalyses")) == 1


async def test_a_broken_stream_is_taken_up_after_the_last_event_seen(peer: Peer) -> None:
    peer.record["analyses/a"] = events("analyses/a", [RUNNING] * 4 + [SUCCEEDED])
    peer.break_watch_after = [2, 1]
    seen = await watch(peer, "analyses/a")
    assert [event.sequence for event in seen] == [1, 2, 3, 4, 5]
    asked = [request.targets[0].after_sequence for request in peer.called("WatchAnalyses")]
    assert asked == [0, 2, 3]


async def test_an_analysis_that_has_ended_is_not_asked_for_again(peer: Peer) -> None:
    peer.record["analyses/a"] = events("analyses/a", [FAILED])
    peer.record["analyses/b"] = events("analyses/b", [RUNNING, SUCCEEDED])
    peer.break_watch_after = [2]
    seen = await watch(peer, "analyses/a", "analyses/b")
    assert [(event.analysis, event.sequence) for event in seen] == [
        ("analyses/a", 1),
        ("analyses/b", 1),
        ("analyses/b", 2),
    ]
    again = peer.called("WatchAnalyses")[1]
    assert [target.name for target in again.targets] == ["analyses/b"]


async def test_snapshots_are_given_and_not_counted(peer: Peer) -> None:
    snapshot = analysis_pb2.AnalysisEvent(analysis="analyses/a", sequence=0, state=analysis_pb2.ANALYSIS_STATE_QUEUED)
    peer.record["analyses/a"] = [snapshot, *events("analyses/a", [SUCCEEDED])]
    seen = await watch(peer, "analyses/a")
    assert [event.sequence for event in seen] == [0, 1]


async def test_a_mapping_says_what_was_seen_before(peer: Peer) -> None:
    peer.record["analyses/a"] = events("analyses/a", [RUNNING, RUNNING, SUCCEEDED])
    async with NotReally(peer.address, QUICK) as client:
        seen = [event.sequence async for event in client.watch({"analyses/a": 2})]
    assert seen == [3]


async def test_a_stream_that_stays_broken_is_given_up(peer: Peer) -> None:
    peer.record["analyses/a"] = events("analyses/a", [RUNNING])
    peer.break_watch_after = [0] * 100
    with pytest.raises(ServiceError) as raised:
        await watch(peer, "analyses/a", patience=Patience(first_s=0.01, longest_s=0.01, attempts=2))
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE


async def test_a_watch_that_the_server_ends_in_good_order_is_over(peer: Peer) -> None:
    peer.record["analyses/a"] = events("analyses/a", [RUNNING, SUCCEEDED])
    async with NotReally(peer.address) as client:
        assert [event async for event in client.watch({"analyses/a": 2})] == []
    assert len(peer.called("WatchAnalyses")) == 1


async def test_nothing_to_watch(peer: Peer) -> None:
    assert await watch(peer) == []
    assert peer.called("WatchAnalyses") == []
