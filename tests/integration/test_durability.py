"""Whatever is killed, every accepted analysis ends once, with the same answer, and nothing finished is done again."""

import asyncio
import json
import os
import signal
from collections import Counter
from contextlib import AsyncExitStack, ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from notreally.v1 import analysis_pb2, features_pb2

from client import NotReally, Patience
from tests.integration.stack import Stack, running_stack, wait_for
from tests.servers.home import connected
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables

PATIENT = Patience(first_s=0.1, longest_s=1.0, attempts=200)
KILLED = ("metadata", "classifier", "audio", "face", "gateway", "envoy")


@pytest.fixture(scope="module")
def ten(face_video: MakeFaceVideo) -> list[Path]:
    """Ten short videos, no two alike, half of them silent; each is two windows long."""
    return [
        face_video(
            FaceVideo(
                seconds=4.4 + 0.2 * number,
                size=(320, 240),
                iod=60.0,
                blinks=(1.0 + 0.1 * number,),
                mouth=syllables,
                sound=syllables if number % 2 else None,
                nod_px=(1.0, 2.0),
            )
        )
        for number in range(10)
    ]


async def analyzed(client: NotReally, videos: list[Path]) -> list[features_pb2.FeatureVector]:
    """The vectors of an undisturbed run."""
    names = [(await client.create_analysis((await client.upload(video)).name)).name for video in videos]
    async for _ in client.watch(names):
        pass
    return [(await client.result(name)).result.features for name in names]


def lines(log: list[str], event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in list(log) if f'"event": "{event}"' in line and line.startswith("{")]
    return [line for line in found if line["event"] == event]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_any_process_may_be_killed(client: NotReally, ten: list[Path], tmp_path: Path) -> None:
    undisturbed = await analyzed(client, ten)

    logs: list[list[str]] = []
    events: dict[str, list[analysis_pb2.AnalysisEvent]] = {}
    resumed: dict[str, list[analysis_pb2.AnalysisEvent]] = {}
    with ExitStack() as first, ExitStack() as second:
        stack = first.enter_context(running_stack(tmp_path, NOTREALLY_CONCURRENCY="10"))
        logs.append(stack.log)
        async with AsyncExitStack() as clients:
            one = await clients.enter_async_context(NotReally(stack.target, PATIENT))
            uploads = [(await one.upload(video)).name for video in ten]
            names = [(await one.create_analysis(upload)).name for upload in uploads]
            watches = [
                asyncio.create_task(_collect(one, names, events)),
                *(asyncio.create_task(_collect(one, [name], resumed)) for name in names),
            ]

            for victim in KILLED:
                await _in_the_middle(stack, events, step_only=victim == "metadata")
                os.kill(stack.children[victim], signal.SIGKILL)
            await _in_the_middle(stack, events)
            stack.process.kill()
            stack.process.wait()
            again = running_stack(tmp_path, stack.ports, NOTREALLY_CONCURRENCY="10")
            stack = await asyncio.to_thread(second.enter_context, again)
            logs.append(stack.log)

            await asyncio.wait_for(asyncio.gather(*watches), 240)
            results = [await one.result(name) for name in names]
        log = [line for each in logs for line in each]

    assert [analysis.result.features for analysis in results] == undisturbed
    assert [list(analysis.result.warnings) for analysis in results] == [[]] * 10
    for name in names:
        for seen in (events[name], resumed[name]):
            recorded = [event for event in seen if event.sequence]
            assert [event.sequence for event in recorded] == list(range(1, len(recorded) + 1))
            percents = [event.percent for event in recorded]
            assert percents == sorted(percents)
            ends = [event.state for event in recorded if event.state != analysis_pb2.ANALYSIS_STATE_RUNNING]
            assert ends == [analysis_pb2.ANALYSIS_STATE_SUCCEEDED]
        assert [e.SerializeToString() for e in events[name] if e.sequence] == [
            e.SerializeToString() for e in resumed[name] if e.sequence
        ]
    assert_nothing_finished_ran_again(log, stack.home.database_url)


async def _collect(client: NotReally, names: list[str], events: dict[str, list[analysis_pb2.AnalysisEvent]]) -> None:
    async for event in client.watch(names):
        events.setdefault(event.analysis, []).append(event)


async def _in_the_middle(
    stack: Stack, events: dict[str, list[analysis_pb2.AnalysisEvent]], *, step_only: bool = False
) -> None:
    """Wait until work has gone on since now, and make sure that there is more."""
    event = "step" if step_only else "window stored"
    before = 0 if step_only else len(lines(stack.log, event))
    await asyncio.to_thread(wait_for, lambda: len(lines(stack.log, event)) > before, 60.0)
    ended = [name for name, seen in events.items() if seen[-1].percent == 100]
    assert len(ended) < 10, "everything had ended before the kill: the videos are too short"


def assert_nothing_finished_ran_again(log: list[str], database: str) -> None:
    stored = Counter((line["analysis"], line["modality"], line["window"]) for line in lines(log, "window stored"))
    assert {window: times for window, times in stored.items() if times > 1} == {}
    assert len(stored) > 20

    with connected(database) as connection:
        rows = connection.execute(
            sa.text("SELECT workflow_uuid, function_id, completed_at_epoch_ms FROM operation_outputs")
        ).fetchall()
    completed = {(analysis, number): at for analysis, number, at in rows}
    executions = [
        ((line["analysis"], line["number"]), datetime.fromisoformat(line["timestamp"]).timestamp() * 1000)
        for line in lines(log, "step")
    ]
    assert [key for key, began in executions if began > completed[key]] == []
    # Or else nothing was hit in the middle.
    assert max(Counter(key for key, _ in executions).values()) > 1
