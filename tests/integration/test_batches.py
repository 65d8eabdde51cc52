"""Many files under one name, through the real edge."""

import asyncio
import csv
import io
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import sqlalchemy as sa
from notreally.v1 import analysis_pb2, analysis_pb2_grpc, batch_pb2, batch_pb2_grpc

from client import NotReally
from gateway.store.database import analyses
from tests.integration.stack import Stack, wait_for
from tests.integration.test_rest import ask, curl
from tests.servers.home import connected

SUCCEEDED, FAILED = analysis_pb2.ANALYSIS_STATE_SUCCEEDED, analysis_pb2.ANALYSIS_STATE_FAILED
CANCELLED = analysis_pb2.ANALYSIS_STATE_CANCELLED


class Desk:
    """Both services, as a program calls them."""

    def __init__(self, channel: grpc.aio.Channel, client: NotReally) -> None:
        self.batches: batch_pb2_grpc.BatchServiceAsyncStub = batch_pb2_grpc.BatchServiceStub(channel)
        self.analyses: analysis_pb2_grpc.AnalysisServiceAsyncStub = analysis_pb2_grpc.AnalysisServiceStub(channel)
        self.client = client

    async def batch(self, expected: int) -> batch_pb2.Batch:
        return await self.batches.CreateBatch(batch_pb2.CreateBatchRequest(display_name="Today", expected=expected))

    async def add(self, batch: str, path: Path, *, reuse: bool = True) -> analysis_pb2.Analysis:
        upload = await self.client.upload(path)
        request = analysis_pb2.CreateAnalysisRequest(upload=upload.name, batch=batch, reuse=reuse)
        return await self.analyses.CreateAnalysis(request)

    async def watched(self, batch: str, after: int = 0) -> list[batch_pb2.BatchEvent]:
        request = batch_pb2.WatchBatchRequest(name=batch, after_sequence=after)
        return [event async for event in self.batches.WatchBatch(request)]

    async def exported(self, batch: str, format_: "analysis_pb2.ExportFormat.ValueType") -> str:
        request = batch_pb2.ExportBatchRequest(name=batch, format=format_)
        return "".join([piece.data.decode() async for piece in self.batches.ExportBatch(request)])


@pytest.fixture
async def desk(stack: Stack, client: NotReally) -> AsyncIterator[Desk]:
    async with grpc.aio.insecure_channel(stack.target) as channel:
        yield Desk(channel, client)


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "=noise.mp4"
    path.write_bytes(b"this is no video")
    return path


async def test_a_batch_from_its_first_file_to_its_end(desk: Desk, silent: Path, noise: Path) -> None:
    batch = await desk.batch(3)
    first = await desk.add(batch.name, silent)
    await desk.add(batch.name, noise)
    # Watched until those have ended, the stream goes on: one more is to come.
    seen: list[analysis_pb2.Analysis] = []
    stream = desk.batches.WatchBatch(batch_pb2.WatchBatchRequest(name=batch.name))
    async for event in stream:
        seen += event.ended
        if len(seen) == 2:
            break
    stream.cancel()
    assert {(analysis.name == first.name, analysis.state) for analysis in seen} == {(True, SUCCEEDED), (False, FAILED)}
    assert event.batch.percent == pytest.approx(200 / 3)
    # The same file again has its result at once, as an analysis of its own.
    again = await desk.add(batch.name, silent)
    assert (again.state, again.name != first.name) == (SUCCEEDED, True)
    assert again.result.summary == (await desk.client.get_analysis(first.name)).result.summary != ""
    rest = await desk.watched(batch.name, after=2)
    assert [analysis.name for event in rest for analysis in event.ended] == [again.name]
    last = rest[-1]
    assert (last.sequence, last.batch.percent, last.batch.total, last.batch.outdated) == (3, 100.0, 3, 0)
    assert {one.state: one.count for one in last.batch.states} == {SUCCEEDED: 2, FAILED: 1}
    assert sum(one.count for one in last.batch.verdicts) == 2

    records = [
        json.loads(line)
        for line in (await desk.exported(batch.name, analysis_pb2.EXPORT_FORMAT_UNSPECIFIED)).splitlines()
    ]
    assert [record["status"] for record in records] == ["completed", "failed", "completed"]
    assert records[0]["results"]["verdict"] == records[2]["results"]["verdict"]
    assert records[0]["batch_id"] == batch.name.removeprefix("batches/")
    table = list(csv.DictReader(io.StringIO(await desk.exported(batch.name, analysis_pb2.EXPORT_FORMAT_CSV))))
    assert [row["sha256"] for row in table] == [record["sha256"] for record in records]
    assert (table[1]["filename"], table[1]["reason"]) == ("'=noise.mp4", "NOT_A_VIDEO")

    listed = analysis_pb2.ListAnalysesRequest(
        batch=batch.name, order=analysis_pb2.ANALYSIS_ORDER_LENGTH, query=silent.stem.upper()
    )
    found = (await desk.analyses.ListAnalyses(listed)).analyses
    assert {analysis.people for analysis in found} == {1}
    assert {round(analysis.length_s) for analysis in found} == {6}
    note = analysis_pb2.Analysis(name=first.name, reviewed=True, note="Seen.")
    noted = await desk.analyses.UpdateAnalysis(analysis_pb2.UpdateAnalysisRequest(analysis=note))
    assert (noted.reviewed, noted.note) == (True, "Seen.")
    named = batch_pb2.GetBatchRequest(name=batch.name)
    assert (await desk.batches.GetBatch(named)).reviewed == 1

    await desk.batches.DeleteBatch(batch_pb2.DeleteBatchRequest(name=batch.name))
    with pytest.raises(grpc.aio.AioRpcError) as gone:
        await desk.batches.GetBatch(named)
    assert gone.value.code() is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.aio.AioRpcError):
        await desk.analyses.GetAnalysis(analysis_pb2.GetAnalysisRequest(name=again.name))


async def test_a_cancelled_batch_ends_and_is_begun_anew_file_by_file(desk: Desk, talking: Path) -> None:
    batch = await desk.batch(0)
    made = [await desk.add(batch.name, talking, reuse=False) for _ in range(3)]
    cancelled = await desk.batches.CancelBatch(batch_pb2.CancelBatchRequest(name=batch.name))
    assert {one.state: one.count for one in cancelled.states} == {CANCELLED: 3}
    ends = [analysis.state for event in await desk.watched(batch.name) for analysis in event.ended]
    assert ends == [CANCELLED] * 3
    # The file is there: it need not be sent again.
    request = analysis_pb2.CreateAnalysisRequest(analysis=made[0].name, filename="again.mp4")
    again = await desk.analyses.CreateAnalysis(request)
    assert (again.filename, again.media.sha256) == ("again.mp4", made[0].media.sha256)
    names = [analysis.name for analysis in (*made, again)]
    gone = await desk.analyses.DeleteAnalyses(analysis_pb2.DeleteAnalysesRequest(names=[*names, names[0]]))
    assert gone.deleted == 4


async def test_a_result_of_another_model_is_outdated(desk: Desk, silent: Path, stack: Stack) -> None:
    info = await desk.client.server_info()
    assert info.model_version != ""
    batch = await desk.batch(1)
    first = await desk.add(batch.name, silent)
    await desk.watched(batch.name)
    with connected(stack.home.database_url) as connection:
        older = sa.update(analyses).where(analyses.c.id == first.name.removeprefix("analyses/"))
        connection.execute(older.values(model_version="older"))
    outdated = await desk.batches.GetBatch(batch_pb2.GetBatchRequest(name=batch.name))
    assert outdated.outdated == 1
    renewed = await desk.batches.RenewBatch(batch_pb2.RenewBatchRequest(name=batch.name))
    assert (renewed.total, renewed.outdated) == (1, 0)
    ended = [analysis for event in await desk.watched(batch.name, after=1) for analysis in event.ended]
    assert [(analysis.state, analysis.model_version) for analysis in ended] == [(SUCCEEDED, info.model_version)]
    assert ended[0].name != first.name
    # What it took the place of is still there.
    assert (await desk.client.get_analysis(first.name)).batch == ""


async def test_a_batch_over_plain_http(stack: Stack, silent: Path, noise: Path) -> None:
    _, made = await ask("-X", "POST", f"{stack.url}/api/batches?name=By%20curl&expected=2")
    assert (made["name"], made["expected"], made["total"]) == ("By curl", 2, 0)
    address = f"{stack.url}/api/batches/{made['batch_id']}"
    for path in (silent, noise):
        sent = f"{stack.url}/api/analyze?batch_id={made['batch_id']}&reuse=true"
        status, _ = await ask("-F", f"file=@{path};filename=a.mp4", sent)
        assert status == 200

    def ended() -> bool:
        return bool(curl(address)[1]["states"] == {"succeeded": 1, "failed": 1})

    await asyncio.to_thread(wait_for, ended, 60.0)
    _, listed = await ask(f"{stack.url}/api/batches")
    assert made["batch_id"] in [one["batch_id"] for one in listed["batches"]]
    table = await asyncio.to_thread(subprocess.run, ["curl", "-s", f"{address}/export?format=csv"], capture_output=True)
    assert [row["reason"] for row in csv.DictReader(io.StringIO(table.stdout.decode()))] == ["", "NOT_A_VIDEO"]
    lines = await asyncio.to_thread(subprocess.run, ["curl", "-s", f"{address}/export"], capture_output=True)
    assert [json.loads(line)["status"] for line in lines.stdout.splitlines()] == ["completed", "failed"]
    for call in ("cancel", "renew"):
        _, same = await ask("-X", "POST", f"{address}/{call}")
        assert same["total"] == 2
    assert (await ask("-X", "DELETE", address))[0] == 200
    for gone in (address, f"{stack.url}/api/batches/nonsense"):
        status, refused = await ask(gone)
        assert (status, refused["details"][0]["reason"]) == (404, "BATCH_NOT_FOUND")
    status, refused = await ask(f"{address}/export?format=xls")
    assert (status, refused["details"][0]["reason"]) == (400, "BAD_FORMAT")
