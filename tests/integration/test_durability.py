"""Whatever is killed, every accepted analysis ends once, with the same answer, and nothing finished is done again."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from client import NotReally, Patience
from tests.cluster.work import Work, assert_nothing_finished_ran_again, lines
from tests.integration.stack import FEW_WORKERS, Stack, running_stack, wait_for
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables

PATIENT = Patience(first_s=0.1, longest_s=1.0, attempts=200)
EACH = ("metadata", "classifier", "audio", "face", "gateway", "envoy")
SOME = ("face", "envoy")
"""The supervisor, which is killed last, takes the others with it; `tests.cluster` and `tests.e2e` kill gateways."""


def several(count: int, face_video: MakeFaceVideo) -> list[Path]:
    """Short videos, no two alike, half of them silent; each is two windows long."""
    return [
        face_video(
            FaceVideo(
                seconds=4.4 + 0.2 * number,
                fps=15.0,
                size=(320, 240),
                iod=60.0,
                blinks=(1.0 + 0.1 * number,),
                mouth=syllables,
                sound=syllables if number % 2 else None,
                nod_px=(1.0, 2.0),
            )
        )
        for number in range(count)
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("victims", "count"),
    [pytest.param(SOME, 5, id="some"), pytest.param(EACH, 10, id="each", marks=pytest.mark.long)],
)
async def test_any_process_may_be_killed(
    client: NotReally, face_video: MakeFaceVideo, tmp_path: Path, victims: Sequence[str], count: int
) -> None:
    videos = several(count, face_video)
    undisturbed = await (await Work.begun(client, videos, alone=0)).finished(240)

    logs: list[list[str]] = []
    with ExitStack() as first, ExitStack() as second:
        settings = {"NOTREALLY_CONCURRENCY": "10", **FEW_WORKERS}
        stack = first.enter_context(running_stack(tmp_path, (), **settings))
        logs.append(stack.log)
        async with AsyncExitStack() as clients:
            work = await Work.begun(await clients.enter_async_context(NotReally(stack.target, PATIENT)), videos)
            for victim in victims:
                await _in_the_middle(stack, work, step_only=victim == "metadata")
                os.kill(stack.children[victim], signal.SIGKILL)
            await _in_the_middle(stack, work)
            stack.process.kill()
            stack.process.wait()
            again = running_stack(tmp_path, stack.ports, **settings)
            stack = await asyncio.to_thread(second.enter_context, again)
            logs.append(stack.log)
            results = await work.finished(240)
        log = [line for each in logs for line in each]

    assert results == undisturbed
    work.assert_watchers_carried_on()
    assert assert_nothing_finished_ran_again(log, stack.home.database_url) > 0, "nothing was hit in the middle"


async def _in_the_middle(stack: Stack, work: Work, *, step_only: bool = False) -> None:
    """Wait until work has gone on since now, and make sure that there is more."""
    event = "step" if step_only else "window stored"
    before = 0 if step_only else len(lines(stack.log, event))
    await asyncio.to_thread(wait_for, lambda: len(lines(stack.log, event)) > before, 60.0)
    assert work.left, "everything had ended before the kill: the videos are too short"
