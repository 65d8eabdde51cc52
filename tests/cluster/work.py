"""Many analyses under way, watched; and what must hold of them whatever happened meanwhile."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from notreally.v1 import analysis_pb2, features_pb2

from client import NotReally
from tests.servers.home import connected


def lines(log: Sequence[str], event: str) -> list[dict[str, Any]]:
    """The lines of a log that tell of an event."""
    found = [json.loads(line) for line in list(log) if f'"event": "{event}"' in line and line.startswith("{")]
    return [line for line in found if line["event"] == event]


@dataclass
class Work:
    """Analyses, and two watchers of each: one of all together, one of each alone."""

    client: NotReally
    names: list[str]
    together: dict[str, list[analysis_pb2.AnalysisEvent]] = field(default_factory=dict)
    alone: dict[str, list[analysis_pb2.AnalysisEvent]] = field(default_factory=dict)
    _watches: "list[asyncio.Task[None]]" = field(default_factory=list)

    @classmethod
    async def begun(cls, client: NotReally, videos: Sequence[Path], *, alone: int = 10) -> "Work":
        """Have videos analysed and watch; the first `alone` are also watched one by one."""
        uploads = {video: (await client.upload(video)).name for video in dict.fromkeys(videos)}
        work = cls(client, [(await client.create_analysis(uploads[video])).name for video in videos])
        work._watches = [
            asyncio.create_task(work._collect(work.names, work.together)),
            *(asyncio.create_task(work._collect([name], work.alone)) for name in work.names[:alone]),
        ]
        return work

    @property
    def left(self) -> int:
        """How many have not ended, as the watchers know."""
        return len(self.names) - sum(events[-1].percent == 100 for events in list(self.together.values()))

    async def finished(self, seconds: float) -> list[features_pb2.FeatureVector]:
        """Wait until all have ended; gives their vectors."""
        await asyncio.wait_for(asyncio.gather(*self._watches), seconds)
        results = [(await self.client.result(name)).result for name in self.names]
        assert [list(result.warnings) for result in results] == [[]] * len(results)
        return [result.features for result in results]

    def assert_watchers_carried_on(self) -> None:
        """Each saw every event once and in order, the percentage never went down, and there was one end."""
        for seen in (self.together, self.alone):
            for name, events in seen.items():
                recorded = [event for event in events if event.sequence]
                assert [event.sequence for event in recorded] == list(range(1, len(recorded) + 1)), name
                percents = [event.percent for event in recorded]
                assert percents == sorted(percents), name
                ends = [event.state for event in recorded if event.state != analysis_pb2.ANALYSIS_STATE_RUNNING]
                assert ends == [analysis_pb2.ANALYSIS_STATE_SUCCEEDED], name
        for name, events in self.alone.items():
            assert _recorded(events) == _recorded(self.together[name]), name
        assert set(self.together) == set(self.names)

    async def _collect(self, names: Sequence[str], seen: dict[str, list[analysis_pb2.AnalysisEvent]]) -> None:
        async for event in self.client.watch(names):
            seen.setdefault(event.analysis, []).append(event)


def _recorded(events: list[analysis_pb2.AnalysisEvent]) -> list[bytes]:
    return [event.SerializeToString() for event in events if event.sequence]


def assert_nothing_finished_ran_again(log: Sequence[str], database: str) -> int:
    """No window was stored twice, no step executed after it had finished; gives how many executions were cut short."""
    stored = Counter((line["analysis"], line["modality"], line["window"]) for line in lines(log, "window stored"))
    assert {window: times for window, times in stored.items() if times > 1} == {}
    assert stored

    completed = _completed(database)
    executions = [
        ((line["analysis"], line["number"]), datetime.fromisoformat(line["timestamp"]).timestamp() * 1000)
        for line in lines(log, "step")
    ]
    assert [key for key, began in executions if began > completed[key]] == []
    return sum(times - 1 for times in Counter(key for key, _ in executions).values())


def open_steps(log: Sequence[str], database: str) -> Counter[str]:
    """How many steps each replica has begun that have not finished anywhere."""
    completed = _completed(database)
    begun = {(line["analysis"], line["number"]): line["replica"] for line in lines(log, "step")}
    return Counter(replica for step, replica in begun.items() if step not in completed)


def _completed(database: str) -> dict[tuple[str, int], float]:
    """When each step of each analysis finished, ms since 1970."""
    with connected(database) as connection:
        rows = connection.execute(
            sa.text("SELECT workflow_uuid, function_id, completed_at_epoch_ms FROM operation_outputs")
        ).fetchall()
    return {(analysis, number): at for analysis, number, at in rows}
