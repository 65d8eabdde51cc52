"""A full house: who waits is told where, who comes later is told when to come back, and who leaves leaves nothing."""

import asyncio
import dataclasses
import hashlib
import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from notreally.v1 import analysis_pb2, analysis_pb2_grpc

from client import NotReally, Patience, ServiceError
from services.kit.media.store import media_key
from tests.integration.edge import exchange, fetch, running_edge
from tests.integration.stack import Stack, free_ports, running_process, wait_for
from tests.servers.home import BOTH
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import SILENT

pytestmark = BOTH

QUEUED, RUNNING = analysis_pb2.ANALYSIS_STATE_QUEUED, analysis_pb2.ANALYSIS_STATE_RUNNING


@pytest.fixture
async def small(stack: Stack, tmp_path: Path) -> AsyncIterator[int]:
    """An edge before a gateway that works on one thing, lets two wait, and gets no answer from its metadata service."""
    (port,) = free_ports(1)
    with socket.socket() as silence:
        silence.bind(("127.0.0.1", 0))
        silence.listen()  # and never accepts
        changes = {
            "NOTREALLY_METADATA_TARGET": f"127.0.0.1:{silence.getsockname()[1]}",
            "NOTREALLY_CONCURRENCY": "1",
            "NOTREALLY_MAX_QUEUED": "2",
            "NOTREALLY_MAX_OPEN_UPLOADS": "2",
            "NOTREALLY_CALLER_SHARE": "100",
        }
        with running_process("gateway", f"127.0.0.1:{port}", **stack.gateway(tmp_path, port, **changes)):
            async with running_edge(f"127.0.0.1:{port}") as edge:
                yield edge


async def test_a_full_line_has_places_and_an_end(small: int, silent: Path) -> None:
    async with NotReally(f"127.0.0.1:{small}", Patience(attempts=0)) as client:
        upload = (await client.upload(silent)).name
        first = await client.create_analysis(upload)
        async for event in client.watch([first.name]):
            if event.state == RUNNING:
                break
        assert not (await client.get_analysis(first.name)).HasField("queue_position")
        second = await client.create_analysis(upload)
        request_id = str(uuid.uuid4())
        third = await client.create_analysis(upload, request_id)
        assert [second.queue_position, third.queue_position] == [1, 2]
        listed = {analysis.name: analysis async for analysis in client.list([QUEUED])}
        assert {name: a.queue_position for name, a in listed.items()} == {second.name: 1, third.name: 2}

        with pytest.raises(ServiceError) as refused:
            await client.create_analysis(upload)
        assert refused.value.reason == "QUEUE_FULL"
        assert refused.value.retry_after_s
        assert (await client.create_analysis(upload, request_id)).name == third.name

        # Refused before a byte of the body was sent.
        headers = {"content-type": "video/mp4", "transfer-encoding": "chunked"}
        async with exchange(small, "POST", "/api/analyze?filename=late.mp4", headers) as request:
            head = await request.head()
            head.body = await request.body(head)
        assert head.status == 429
        assert [detail.get("reason") or detail.get("retry_delay") for detail in head.json()["details"]] == [
            "QUEUE_FULL",
            "5s",
        ]
        rest = (await fetch(small, "GET", f"/api/results/{third.name.removeprefix('analyses/')}")).json()
        assert (rest["status"], rest["stage"], rest["queue_position"]) == ("processing", "queued", 2)

        seen: list[tuple[int, int]] = []
        async for event in client.watch([third.name]):
            seen.append((event.sequence, event.queue_position))
            if event.queue_position == 2:
                await client.cancel(second.name)
            elif event.queue_position == 1:
                await client.cancel(first.name)
            else:
                assert event.state == RUNNING
                break
        assert seen == [(0, 2), (0, 1), (1, 0)]
        await client.cancel(third.name)


async def test_only_so_many_uploads_may_be_open(small: int, tmp_path: Path) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{small}") as channel:
        stub = analysis_pb2_grpc.AnalysisServiceStub(channel)
        request_id = str(uuid.uuid4())
        begin = analysis_pb2.CreateUploadRequest(filename="a.mp4", size_bytes=10, request_id=request_id)
        opened = await stub.CreateUpload(begin)
        await stub.CreateUpload(analysis_pb2.CreateUploadRequest(filename="b.mp4", size_bytes=10))
        assert (await stub.CreateUpload(begin)).name == opened.name
        path = tmp_path / "c.mp4"
        path.write_bytes(b"x")
        async with NotReally(f"127.0.0.1:{small}", Patience(attempts=0)) as client:
            with pytest.raises(ServiceError) as refused:
                await client.upload(path)
    assert (refused.value.code.name, refused.value.reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_UPLOADS")
    assert refused.value.retry_after_s


@pytest.mark.parametrize("form", [False, True])
async def test_who_leaves_in_the_middle_of_a_body_leaves_nothing(stack: Stack, form: bool) -> None:
    # The store is shared: uploads that other tests have left half-way stay there for a day, as they should.
    others = set(stack.home.stored("uploads"))

    def chunks() -> set[str]:
        return set(stack.home.stored("uploads")) - others

    content_type = "multipart/form-data; boundary=xyz" if form else "video/mp4"
    head = b'--xyz\r\ncontent-disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n' if form else b""
    headers = {"content-type": content_type, "content-length": str(50_000_000)}
    async with exchange(stack.port, "POST", "/api/analyze?filename=gone.mp4", headers) as request:
        request.writer.write(head + b"x" * 5_000_000)
        await request.writer.drain()
        await asyncio.to_thread(wait_for, lambda: len(chunks()) >= 3)
    await asyncio.to_thread(wait_for, lambda: not chunks())


async def test_a_video_may_go_before_its_result(stack: Stack, face_video: MakeFaceVideo, tmp_path: Path) -> None:
    # Of its own, since the store is shared.
    video = face_video(dataclasses.replace(SILENT, seconds=1.2, blinks=()))
    (port,) = free_ports(1)
    soon = {"NOTREALLY_MEDIA_RETENTION_DAYS": "0.00001", "NOTREALLY_TIDY_EVERY_S": "1"}
    with running_process("gateway", f"127.0.0.1:{port}", **stack.gateway(tmp_path, port, **soon)):
        async with NotReally(f"127.0.0.1:{port}", Patience(attempts=0)) as client:
            info = await client.server_info()
            assert (info.retention_days, info.media_retention_days) == (0, 0.00001)
            name = (await client.analyze(video)).name
            kept = media_key(hashlib.sha256(video.read_bytes()).hexdigest())
            await asyncio.to_thread(wait_for, lambda: kept not in stack.home.stored())
            analysis = await client.get_analysis(name)
            assert analysis.HasField("media_remove_time")
            assert analysis.result.summary
            with pytest.raises(ServiceError) as gone:
                _ = [piece async for piece in client.download(name)]
            assert gone.value.reason == "MEDIA_NOT_FOUND"
            assert (await client.analyze(video)).result.summary  # sent again, it is looked at again
