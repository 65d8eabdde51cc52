"""What is kept is for the user alone that runs the system."""

import base64
import os
import pickle
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from notreally.v1 import analysis_pb2

from client import NotReally, ServiceError
from tests.integration.stack import Stack
from tests.servers.home import connected


async def test_no_other_user_can_read_what_is_kept(client: NotReally, stack: Stack, silent: Path) -> None:
    assert os.umask(0o022) == 0o022  # which tests and shells have: the product closes its files itself
    began = time.time()
    name = (await client.analyze(silent)).name
    folder = stack.home.folder.parent
    # Other tests put files of their own into the store.
    kept = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime >= began]
    kept.append(stack.home.folder / name)
    assert {"notreally.db-wal", "result", "facts"} <= {path.name for path in kept}
    assert [str(path) for path in kept if path.stat().st_mode & 0o077] == []


async def test_deleting_what_is_under_way_is_no_error_in_the_log(
    client: NotReally, stack: Stack, silent: Path, talking: Path
) -> None:
    said = len(stack.log)
    created = await client.create_analysis((await client.upload(talking)).name)
    async for event in client.watch([created.name]):
        if event.stage == analysis_pb2.STAGE_ANALYZING_VIDEO:
            break
    await client.delete(created.name)
    await client.analyze(silent)  # takes longer than the end of the other
    assert [line for line in stack.log[said:] if '"level": "error"' in line] == []


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self._path,))


async def test_a_pickle_that_somebody_planted_in_the_step_log_runs_nothing(
    client: NotReally, stack: Stack, silent: Path, tmp_path: Path
) -> None:
    name = (await client.analyze(silent)).name
    marker = tmp_path / "was here"
    planted = base64.b64encode(pickle.dumps(Touch(marker))).decode()
    with connected(stack.home.database_url) as connection:
        changed = connection.execute(
            sa.text("UPDATE streams SET value = :value, serialization = 'py_pickle' WHERE workflow_uuid = :id"),
            {"value": planted, "id": name.removeprefix("analyses/")},
        )
    assert changed.rowcount > 1
    with pytest.raises(ServiceError):
        [event async for event in client.watch([name])]
    assert not marker.exists()
    await client.delete(name)
