"""On a full disk uploads are refused in time, and deleting works: on a real one, where one can be mounted."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from client import NotReally, Patience, ServiceError
from services.kit.media.store import MediaStore
from tests.integration.edge import fetch, running_edge
from tests.integration.stack import Stack, free_ports, running_process
from tests.integration.test_services_gone import nowhere

DISK_MB = 64
VIDEO = b"no video, and kept all the same" * 10_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"mounting is not allowed here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Write until nothing more fits."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return filler


@asynccontextmanager
async def served(stack: Stack, folder: Path, **settings: str) -> AsyncIterator[tuple[NotReally, int]]:
    """A client, and the edge's port, of a gateway that keeps everything in a folder. What it is sent fails at once."""
    (port,) = free_ports(1)
    media = MediaStore.open((folder / "media").as_uri())
    assert media.folder is not None
    changes = {
        "NOTREALLY_MEDIA_URL": media.folder.as_uri(),
        "NOTREALLY_FACE_TARGET": nowhere(),
        "NOTREALLY_FACE_PATIENCE_S": "0",
        "NOTREALLY_RESERVE_MB": "8",
        **settings,
    }
    async with AsyncExitStack() as open_:
        running = running_process("gateway", f"127.0.0.1:{port}", **stack.gateway(folder, port, **changes))
        await asyncio.to_thread(open_.enter_context, running)
        edge = await open_.enter_async_context(running_edge(f"127.0.0.1:{port}"))
        client = await open_.enter_async_context(NotReally(f"127.0.0.1:{edge}", Patience(attempts=0)))
        yield client, edge


async def ended(client: NotReally, path: Path) -> str:
    """The name of an analysis that has come to its end."""
    name = (await client.create_analysis((await client.upload(path)).name)).name
    async for _ in client.watch([name]):
        pass
    return name


async def test_a_full_disk_refuses_uploads_and_lets_people_delete(stack: Stack, disk: Path, tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(VIDEO)
    async with served(stack, disk) as (client, edge):
        name = await ended(client, video)
        assert list((disk / "media" / "media").rglob("*"))
        filler = fill(disk)
        with pytest.raises(ServiceError) as refused:
            await client.upload(video)
        assert (refused.value.code.name, refused.value.reason) == ("RESOURCE_EXHAUSTED", "STORAGE_FULL")
        assert refused.value.retry_after_s == 60
        rest = await fetch(edge, "POST", "/api/analyze?filename=a.mp4", {"content-type": "video/mp4"}, VIDEO)
        assert (rest.status, rest.headers["retry-after"]) == (507, "60")
        assert rest.json()["details"][0]["reason"] == "STORAGE_FULL"
        assert "x-http-status" not in rest.headers
        assert (await client.get_analysis(name)).name == name

        await client.delete(name)
        assert [one async for one in client.list()] == []
        assert [path for path in (disk / "media" / "media").rglob("*") if path.is_file()] == []
        filler.unlink()
        await ended(client, video)


async def test_without_ballast_they_could_not(stack: Stack, disk: Path, tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(VIDEO)
    async with served(stack, disk) as (client, _):
        name = await ended(client, video)
        (disk / "notreally.ballast").unlink()
        fill(disk)
        with pytest.raises(ServiceError):
            await client.delete(name)


async def test_the_reserve_is_kept_wherever_the_data_are(stack: Stack, tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(VIDEO)
    # More than any disk has.
    async with served(stack, tmp_path, NOTREALLY_RESERVE_MB=str(10**9)) as (client, edge):
        with pytest.raises(ServiceError) as refused:
            await client.upload(video)
        assert refused.value.reason == "STORAGE_FULL"
        rest = await fetch(edge, "POST", "/api/analyze?filename=a.mp4", {"content-type": "video/mp4"}, VIDEO)
        assert rest.status == 507
