"""A gateway that is told to stop leaves its analyses to its next start; what is cancelled in line never runs."""

import uuid
from pathlib import Path

import sqlalchemy as sa
from notreally.v1 import analysis_pb2

from client import NotReally
from tests.integration.stack import Stack, free_ports, running_process
from tests.servers.home import BOTH, connected

pytestmark = BOTH


async def test_a_stopped_gateway_goes_on_where_it_was(
    stack: Stack, talking: Path, silent: Path, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    # Of grace it has more than the test waits for: it has no reason to use it up, although it is watched.
    settings = stack.gateway(tmp_path, port, NOTREALLY_SHUTDOWN_GRACE_S="600")
    async with NotReally(f"127.0.0.1:{port}") as client:
        with running_process("gateway", f"127.0.0.1:{port}", **settings):
            upload = await client.upload(talking)
            created = await client.create_analysis(upload.name)
            aged = await client.create_analysis((await client.upload(silent)).name)
            watch = client.watch([created.name])
            async for event in watch:
                if event.stage == analysis_pb2.STAGE_ANALYZING_VIDEO:
                    break
        accepted = _accepted_but_not_in_line(settings["NOTREALLY_DATABASE_URL"], created.name)
        _begun_by_an_older_version(settings["NOTREALLY_DATABASE_URL"], aged.name)
        with running_process("gateway", f"127.0.0.1:{port}", **settings):
            rest = [event async for event in watch]
            lasts = [[event async for event in client.watch([name])][-1] for name in (accepted, aged.name)]
            result = (await client.result(created.name)).result
            other = (await client.result(accepted)).result
    assert [e.sequence for e in rest] == list(range(event.sequence + 1, event.sequence + 1 + len(rest)))
    assert {event.state for event in (rest[-1], *lasts)} == {analysis_pb2.ANALYSIS_STATE_SUCCEEDED}
    assert result.features == other.features


def _accepted_but_not_in_line(database: str, like: str) -> str:
    """Leave behind what a kill between the row and the queue leaves: the row alone."""
    identifier = str(uuid.uuid4())
    with connected(database) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO analyses (id, filename, sha256, size_bytes, state, stage, percent, created_at) "
                "SELECT :id, filename, sha256, size_bytes, 1, 1, 0, created_at FROM analyses WHERE id = :like"
            ),
            {"id": identifier, "like": like.removeprefix("analyses/")},
        )
    return f"analyses/{identifier}"


def _begun_by_an_older_version(database: str, name: str) -> None:
    """Leave behind what an upgrade finds: a workflow whose steps are not those of the new version."""
    older = "UPDATE workflow_status SET application_version = '0' WHERE workflow_uuid = :id AND status != 'SUCCESS'"
    with connected(database) as connection:
        assert connection.execute(sa.text(older), {"id": name.removeprefix("analyses/")}).rowcount == 1


async def test_what_is_cancelled_in_line_never_runs(stack: Stack, talking: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = stack.gateway(tmp_path, port, NOTREALLY_CONCURRENCY="1")
    with running_process("gateway", f"127.0.0.1:{port}", **settings):
        async with NotReally(f"127.0.0.1:{port}") as client:
            upload = await client.upload(talking)
            first, second = [(await client.create_analysis(upload.name)).name for _ in range(2)]
            assert (await client.cancel(second)).state == analysis_pb2.ANALYSIS_STATE_CANCELLED
            seen = [event async for event in client.watch([second])]
            assert [(event.sequence, event.state) for event in seen] == [(1, analysis_pb2.ANALYSIS_STATE_CANCELLED)]
            last = [event async for event in client.watch([first])][-1]
            assert last.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
            # The one worker was free again, and had nothing to do.
            assert [event async for event in client.watch([second])] == seen


async def test_only_what_finds_others_under_way_goes_through_the_line(
    stack: Stack, talking: Path, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    settings = stack.gateway(tmp_path, port, NOTREALLY_CONCURRENCY="2")
    with running_process("gateway", f"127.0.0.1:{port}", **settings):
        async with NotReally(f"127.0.0.1:{port}") as client:
            upload = await client.upload(talking)
            first, second, third = [(await client.create_analysis(upload.name)).name for _ in range(3)]
            queues = _queues(settings["NOTREALLY_DATABASE_URL"])
            assert queues == {first: None, second: "analyses", third: "analyses"}
            most = 0
            async for _ in client.watch([first, second, third]):
                running = [analysis async for analysis in client.list([analysis_pb2.ANALYSIS_STATE_RUNNING])]
                most = max(most, len(running))
            assert most == 2
            last = await client.create_analysis(upload.name)
            assert _queues(settings["NOTREALLY_DATABASE_URL"])[last.name] is None, "it waited for nobody"
            await client.cancel(last.name)


def _queues(database: str) -> dict[str, str | None]:
    """Which queue each analysis is in or came from."""
    with connected(database) as connection:
        found = connection.execute(sa.text("SELECT workflow_uuid, queue_name FROM workflow_status"))
        return {f"analyses/{identifier}": queue for identifier, queue in found}


async def test_deleting_what_runs_leaves_nothing(stack: Stack, client: NotReally, talking: Path) -> None:
    created = await client.create_analysis((await client.upload(talking)).name)
    async for event in client.watch([created.name]):
        if event.stage == analysis_pb2.STAGE_ANALYZING_VIDEO and event.percent > 5:
            break
    await client.delete(created.name)
    identifier = created.name.removeprefix("analyses/")
    assert stack.home.stored(f"analyses/{identifier}") == {}
