"""Worker processes of a whole system: how many there are, and those that die, change no answer."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from client import NotReally, ServiceError
from services.kit.media.store import media_key
from tests.integration.stack import FEW_WORKERS, Stack, free_ports, running_process
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from tests.workers import workers_reading

DOOMED = FaceVideo(seconds=6.5, size=(480, 360), iod=80.0, blinks=(2.0,), nod_px=(1.0, 3.0))


def stored(stack: Stack, video: Path) -> Path:
    """Where the system keeps a video."""
    sha256 = hashlib.sha256(video.read_bytes()).hexdigest()
    return stack.home.folder / media_key(sha256)


@asynccontextmanager
async def killing_workers_of(stored: Path, number: int, *, times: int) -> AsyncIterator[set[int]]:
    """Send a signal to workers that read a video, as long as the block lasts; gives those that were killed so far."""
    killed: set[int] = set()

    async def kill() -> None:
        while len(killed) < times:
            for pid in set(workers_reading(stored)) - killed:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
                killed.add(pid)
            await asyncio.sleep(0.01)

    killing = asyncio.create_task(kill())
    try:
        yield killed
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)


async def test_an_analysis_that_loses_a_worker_gives_the_same_vector(
    client: NotReally, stack: Stack, silent: Path
) -> None:
    undisturbed = (await client.analyze(silent)).result
    async with killing_workers_of(stored(stack, silent), signal.SIGSEGV, times=1) as killed:
        disturbed = (await client.analyze(silent)).result
    assert killed
    assert disturbed.features == undisturbed.features
    assert disturbed.quality == undisturbed.quality


async def test_a_video_that_crashes_every_worker_fails_alone(
    client: NotReally, stack: Stack, silent: Path, face_video: MakeFaceVideo
) -> None:
    doomed = face_video(DOOMED)
    async with killing_workers_of(stored(stack, doomed), signal.SIGSEGV, times=1000) as killed:
        failing = asyncio.create_task(client.analyze(doomed))
        other = await client.analyze(silent)
        with pytest.raises(ServiceError) as caught:
            await failing
    assert len(killed) > 1
    assert caught.value.reason == "WORKER_CRASHED"
    assert "could not be decoded safely" in caught.value.message
    assert other.result.quality.frames_analyzed == 90
    # And it is not held against anybody.
    assert (await client.analyze(silent)).result.features == other.result.features


async def test_the_same_file_gives_the_same_vector_at_any_number_of_workers(
    client: NotReally, stack: Stack, talking: Path, tmp_path: Path
) -> None:
    here = [(await client.analyze(talking)).result.features for _ in range(2)]
    port, face_port = free_ports(2)
    media = stack.home.media_url
    face = {"NOTREALLY_FACE_LISTEN": f"127.0.0.1:{face_port}", "NOTREALLY_FACE_WORKERS": "1", **FEW_WORKERS}
    other = {"NOTREALLY_FACE_TARGET": f"127.0.0.1:{face_port}", "NOTREALLY_PARALLEL_RUNS": "1"}
    with (
        running_process("services.face", f"127.0.0.1:{face_port}", NOTREALLY_MEDIA_URL=media, **face),
        running_process("gateway", f"127.0.0.1:{port}", **stack.gateway(tmp_path, port, **other)),
    ):
        async with NotReally(f"127.0.0.1:{port}") as single:
            there = (await single.analyze(talking)).result.features
    assert here[0] == here[1] == there
