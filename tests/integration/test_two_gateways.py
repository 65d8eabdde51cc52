"""Two gateways on one database and one bucket: either can answer for whatever the other does."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from notreally.v1 import analysis_pb2

from client import NotReally, Patience
from tests.integration.stack import Stack, free_ports, is_healthy, running_process, wait_for

pytestmark = pytest.mark.parametrize("stack", ["cluster_stack"], indirect=True)

SUCCEEDED = analysis_pb2.ANALYSIS_STATE_SUCCEEDED
VIDEO = analysis_pb2.STAGE_ANALYZING_VIDEO


@dataclass
class Pair:
    """Environments of two gateways with one database; the second is started by whoever needs it."""

    one: dict[str, str]
    two: dict[str, str]
    ports: list[int] = field(default_factory=list)

    def client(self, number: int) -> NotReally:
        """A client of one of them."""
        return NotReally(f"127.0.0.1:{self.ports[number]}", Patience(first_s=0.1, longest_s=0.5, attempts=100))


@pytest.fixture
def pair(stack: Stack, tmp_path: Path) -> Pair:
    ports = free_ports(2)
    one = stack.gateway(tmp_path, ports[0], NOTREALLY_EXECUTOR_ID="one", NOTREALLY_EXECUTOR_GONE_S="3")
    address = f"127.0.0.1:{ports[1]}"
    return Pair(one, {**one, "NOTREALLY_EXECUTOR_ID": "two", "NOTREALLY_GATEWAY_LISTEN": address}, ports)


@contextmanager
def first(pair: Pair) -> Iterator["subprocess.Popen[bytes]"]:
    """The first gateway, as a process to be killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **pair.one},
        stdout=subprocess.DEVNULL,
    )
    try:
        address = pair.one["NOTREALLY_GATEWAY_LISTEN"]
        wait_for(lambda: process.poll() is not None or is_healthy(address), 120)
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait()


def second(pair: Pair) -> AbstractContextManager[None]:
    """The other one."""
    return running_process("gateway", pair.two["NOTREALLY_GATEWAY_LISTEN"], **pair.two)


async def test_what_one_works_on_the_other_shows_cancels_and_gives_away(pair: Pair, talking: Path) -> None:
    idle = {**pair.two, "NOTREALLY_CONCURRENCY": "1"}
    with (
        running_process("gateway", pair.one["NOTREALLY_GATEWAY_LISTEN"], **pair.one),
        running_process("gateway", pair.two["NOTREALLY_GATEWAY_LISTEN"], **idle),
    ):
        async with pair.client(0) as one, pair.client(1) as two:
            # An upload may change gateways in the middle, since none keeps it to itself.
            upload = await one.upload(talking)
            created = await two.create_analysis(upload.name)
            here, there = [
                [event async for event in client.watch([created.name]) if event.sequence] for client in (one, two)
            ]
            assert here == there
            assert here[-1].state == SUCCEEDED
            assert (await one.result(created.name)).result == (await two.result(created.name)).result
            downloads = [b"".join([piece async for piece in client.download(created.name)]) for client in (one, two)]
            assert [hashlib.sha256(download).hexdigest() for download in downloads] == [upload.sha256] * 2

            started = await one.create_analysis(upload.name)
            for client in (one, two):  # whichever has it, the other one cancels some of these
                async for event in client.watch([started.name]):
                    if event.stage == VIDEO:
                        break
            await two.cancel(started.name)
            lasts = [[event async for event in client.watch([started.name])][-1] for client in (one, two)]
            assert {last.state for last in lasts} == {analysis_pb2.ANALYSIS_STATE_CANCELLED}
            await one.delete(created.name)
            assert created.name not in {analysis.name async for analysis in two.list()}


async def test_a_gateway_that_is_gone_for_good_leaves_its_work_to_the_other(
    pair: Pair, talking: Path, silent: Path
) -> None:
    with first(pair) as process:
        async with pair.client(0) as one, pair.client(1) as two:
            uploads = [(await one.upload(path)).name for path in (talking, silent)]
            names = [(await one.create_analysis(upload)).name for upload in uploads]
            async for event in one.watch(names):
                if event.stage == VIDEO:
                    break
            with second(pair):
                seen: dict[str, list[analysis_pb2.AnalysisEvent]] = {name: [] for name in names}
                watching = asyncio.create_task(_collect(two, seen))
                process.kill()
                await asyncio.wait_for(watching, 60)
                for name in names:
                    assert [event.sequence for event in seen[name]] == list(range(1, len(seen[name]) + 1))
                    assert seen[name][-1].state == SUCCEEDED
                    assert (await two.result(name)).result.summary


async def test_a_gateway_that_is_told_to_stop_hands_its_work_over_at_once(pair: Pair, talking: Path) -> None:
    # Nobody would find out by its silence while this test lasts.
    pair.one["NOTREALLY_EXECUTOR_GONE_S"] = pair.two["NOTREALLY_EXECUTOR_GONE_S"] = "3600"
    with first(pair) as process:
        async with pair.client(0) as one, pair.client(1) as two:
            created = await one.create_analysis((await one.upload(talking)).name)
            async for event in one.watch([created.name]):
                if event.stage == VIDEO:
                    break
            with second(pair):
                process.send_signal(signal.SIGTERM)
                seen: dict[str, list[analysis_pb2.AnalysisEvent]] = {created.name: []}
                await asyncio.wait_for(_collect(two, seen), 60)
                assert seen[created.name][-1].state == SUCCEEDED
                assert await asyncio.to_thread(process.wait, 30) == 0


async def test_one_video_need_not_wait_for_a_batch(pair: Pair, silent: Path) -> None:
    pair.one["NOTREALLY_CONCURRENCY"] = "1"
    with running_process("gateway", pair.one["NOTREALLY_GATEWAY_LISTEN"], **pair.one):
        async with pair.client(0) as many, pair.client(0) as single:
            upload = (await many.upload(silent)).name
            batch = [(await many.create_analysis(upload)).name for _ in range(6)]
            late = (await single.create_analysis(upload)).name
            ended: list[str] = []
            async for event in many.watch([*batch, late]):
                if event.state == SUCCEEDED:
                    ended.append(event.analysis)
                    if event.analysis == late:
                        break
            assert len(ended) <= 3, "it waited for the batch"
            for name in batch:
                await many.cancel(name)


async def test_a_database_of_an_older_version_is_not_touched_unasked(stack: Stack, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = stack.gateway(tmp_path, port, NOTREALLY_MIGRATE="false")

    def run(module: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", module],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=300,
        )

    refused = await asyncio.to_thread(run, "gateway")
    assert refused.returncode == 1
    assert "python -m gateway.migrate" in json.loads(refused.stdout.splitlines()[-1])["event"]
    assert "Traceback" not in refused.stderr
    assert (await asyncio.to_thread(run, "gateway.migrate")).returncode == 0
    with running_process("gateway", f"127.0.0.1:{port}", **settings):
        async with NotReally(f"127.0.0.1:{port}") as client:
            assert (await client.server_info()).version


async def _collect(client: NotReally, seen: dict[str, list[analysis_pb2.AnalysisEvent]]) -> None:
    async for event in client.watch(list(seen)):
        if event.sequence:
            seen[event.analysis].append(event)
