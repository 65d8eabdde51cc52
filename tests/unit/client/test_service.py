"""The client as a whole."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from notreally.v1 import analysis_pb2

from client import NotReally, Patience, ServiceError
from client.errors import error_of_status
from tests.unit.client.peer import CANCELLED, FAILED, RUNNING, SUCCEEDED, Peer, events, result, running_peer, status

QUICK = Patience(first_s=0.01, longest_s=0.02, attempts=10)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with running_peer() as running:
        yield running


async def test_analyze_uploads_watches_and_gives_the_result(peer: Peer, tmp_path: Path) -> None:
    def finish(analysis: analysis_pb2.Analysis, _content: str) -> None:
        analysis.state = SUCCEEDED
        analysis.result.CopyFrom(result(analysis_pb2.VERDICT_LIKELY_FAKE, 0.9))
        peer.record[analysis.name] = events(analysis.name, [RUNNING, SUCCEEDED])

    peer.on_create = finish
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")
    seen: list[int] = []
    async with NotReally(peer.address, QUICK) as client:
        analysis = await client.analyze(path, lambda event: seen.append(event.sequence))
    assert seen == [1, 2]
    assert analysis.result.verdict == analysis_pb2.VERDICT_LIKELY_FAKE


@pytest.mark.parametrize(
    ("state", "reason"), [(CANCELLED, "ANALYSIS_CANCELLED"), (RUNNING, "ANALYSIS_NOT_ENDED"), (FAILED, "NOT_A_VIDEO")]
)
async def test_no_result_is_an_error_with_its_reason(
    peer: Peer, state: "analysis_pb2.AnalysisState.ValueType", reason: str
) -> None:
    peer.analyses["analyses/a"] = analysis_pb2.Analysis(name="analyses/a", state=state)
    if state == FAILED:
        why = status(grpc.StatusCode.INVALID_ARGUMENT, reason, "This is not a video.")
        peer.analyses["analyses/a"].error.CopyFrom(why)
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError) as raised:
            await client.result("analyses/a")
    assert raised.value.reason == reason


async def test_the_same_request_id_gives_the_same_analysis(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")
    async with NotReally(peer.address, QUICK) as client:
        upload = await client.upload(path)
        first = await client.create_analysis(upload.name, "same")
        second = await client.create_analysis(upload.name, "same")
        other = await client.create_analysis(upload.name)
    assert first.name == second.name != other.name


async def test_list_reads_every_page(peer: Peer) -> None:
    names = [f"analyses/{number}" for number in range(5)]
    peer.analyses = {name: analysis_pb2.Analysis(name=name) for name in names}
    async with NotReally(peer.address, QUICK) as client:
        listed = [analysis.name async for analysis in client.list(page_size=2)]
    assert listed == names
    assert len(peer.called("ListAnalyses")) == 3


async def test_cancel_and_delete(peer: Peer) -> None:
    peer.analyses["analyses/a"] = analysis_pb2.Analysis(name="analyses/a", state=RUNNING)
    async with NotReally(peer.address, QUICK) as client:
        assert (await client.cancel("analyses/a")).state == CANCELLED
        await client.delete("analyses/a")
    assert peer.analyses == {}


# The channel makes four attempts by itself, of all but deletions.
MORE_THAN_THE_CHANNEL_BRIDGES = 6


async def test_every_page_is_asked_for_again(peer: Peer) -> None:
    peer.analyses = {name: analysis_pb2.Analysis(name=name) for name in ("analyses/a", "analyses/b")}
    peer.lose_answer = ["ListAnalyses"] * MORE_THAN_THE_CHANNEL_BRIDGES
    async with NotReally(peer.address, QUICK) as client:
        listed = []
        async for analysis in client.list(page_size=1):
            listed.append(analysis.name)
            peer.lose_answer += ["ListAnalyses"] * MORE_THAN_THE_CHANNEL_BRIDGES
    assert listed == ["analyses/a", "analyses/b"]


async def test_a_cancellation_whose_answer_was_lost_is_made_again(peer: Peer) -> None:
    peer.analyses["analyses/a"] = analysis_pb2.Analysis(name="analyses/a", state=RUNNING)
    peer.lose_answer = ["CancelAnalysis"] * MORE_THAN_THE_CHANNEL_BRIDGES
    async with NotReally(peer.address, QUICK) as client:
        assert (await client.cancel("analyses/a")).state == CANCELLED


async def test_a_deletion_whose_answer_was_lost_is_done(peer: Peer) -> None:
    peer.analyses["analyses/a"] = analysis_pb2.Analysis(name="analyses/a")
    peer.lose_answer = ["DeleteAnalysis"]
    async with NotReally(peer.address, QUICK) as client:
        await client.delete("analyses/a")
    assert peer.analyses == {}
    assert len(peer.called("DeleteAnalysis")) == 2


async def test_what_was_not_there_to_begin_with_cannot_be_deleted(peer: Peer) -> None:
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError) as raised:
            await client.delete("analyses/a")
    assert raised.value.reason == "ANALYSIS_NOT_FOUND"
    assert len(peer.called("DeleteAnalysis")) == 1


async def test_a_server_is_waited_for_once_it_has_answered(peer: Peer) -> None:
    async with NotReally(peer.address, QUICK) as client:
        peer.lose_answer = ["GetServerInfo"] * MORE_THAN_THE_CHANNEL_BRIDGES
        with pytest.raises(ServiceError):
            await client.server_info()
        peer.lose_answer = []
        await client.server_info()
        peer.lose_answer = ["GetServerInfo"] * MORE_THAN_THE_CHANNEL_BRIDGES
        assert (await client.server_info()).version == "peer"


async def test_a_broken_download_goes_on_where_it_was(peer: Peer) -> None:
    video = bytes(range(256)) * 4
    peer.data["uploads/a"] = bytearray(video)
    peer.break_download_after = [300, 700]
    async with NotReally(peer.address, QUICK) as client:
        pieces = [piece async for piece in client.download("analyses/a", offset=24)]
    assert b"".join(pieces) == video[24:]
    assert len(peer.called("DownloadMedia")) == 3


async def test_no_server_is_unreachable(peer: Peer) -> None:
    await peer.stop()
    async with NotReally(peer.address, QUICK) as client:
        with pytest.raises(ServiceError) as raised:
            await client.server_info()
    assert raised.value.unreachable
    assert raised.value.transient


def test_a_status_without_a_reason() -> None:
    bare = status(grpc.StatusCode.NOT_FOUND, "", "Gone.")
    del bare.details[:]
    error = error_of_status(bare)
    assert (error.code, error.reason, str(error)) == (grpc.StatusCode.NOT_FOUND, "", "Gone.")
    assert not error.transient


async def test_a_full_server_is_asked_again_when_it_says(peer: Peer, tmp_path: Path) -> None:
    full = status(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_UPLOADS", "Try again in a little while.")
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(50)
    full.details.add().Pack(retry)
    error = error_of_status(full)
    assert (error.reason, error.retry_after_s, error.transient) == ("TOO_MANY_UPLOADS", 0.05, True)

    peer.refuse_upload = full
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")
    async with NotReally(peer.address, Patience(first_s=0.0, attempts=2)) as client:
        began = time.monotonic()
        with pytest.raises(ServiceError) as raised:
            await client.upload(path)
    assert raised.value.reason == "TOO_MANY_UPLOADS"
    assert len(peer.called("CreateUpload")) == 3
    assert time.monotonic() - began >= 2 * 0.05
