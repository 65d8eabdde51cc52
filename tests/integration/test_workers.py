"""Worker processes that die under the work of a whole system."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from client import NotReally, ServiceError
from services.kit.media import media_key
from tests.integration.stack import Stack
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
    assert other.result.quality.frames_analyzed == 180
    # And it is not held against anybody.
    assert (await client.analyze(silent)).result.features == other.result.features
