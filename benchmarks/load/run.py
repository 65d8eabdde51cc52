"""One load: uploaders and watchers of two callers, for a time; then everything that was accepted is looked for."""

import asyncio
import dataclasses
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import grpc
from notreally.v1 import analysis_pb2

from benchmarks.load.ways import WAYS, Caller, half_open, trickle
from services.kit.errors import Refusal, refusal_of_status

HONEST, GREEDY = "192.0.2.1", "192.0.2.2"
_ENDED = (
    analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
    analysis_pb2.ANALYSIS_STATE_FAILED,
    analysis_pb2.ANALYSIS_STATE_CANCELLED,
)
# Who is greedy asks again at once, but leaves this machine, on which all of them run, time for the others.
_GREEDY_PAUSE_S = 0.05
_HEAD_START_S = 2.0
_LONGEST_WAIT_S = 30.0
_AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much, and for how long."""

    seconds: float
    watchers: int
    uploaders: int
    seed: int = 1
    honest_share: float = 0.2
    """Of the uploaders; the others are greedy: they ask again at once, whatever they were told."""


@dataclasses.dataclass
class Account:
    """What became of one caller's requests."""

    accepted: int = 0
    refused: Counter[str] = dataclasses.field(default_factory=Counter)
    without_time: Counter[str] = dataclasses.field(default_factory=Counter)
    """Of those, the ones that did not say when to come back."""
    unanswered: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """How many there were."""
        return self.accepted + self.refused.total() + self.unanswered.total()


@dataclasses.dataclass
class Outcome:
    """What became of a load."""

    accounts: dict[str, Account]
    states: Counter[str] = dataclasses.field(default_factory=Counter)
    """How the accepted ones ended: ``succeeded``, or why they failed."""
    lost: list[str] = dataclasses.field(default_factory=list)
    """Accepted, and then not there, or without an end."""
    stages: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    """Seconds of each: accepting, waiting in line, analysing, the whole."""
    watches: Counter[str] = dataclasses.field(default_factory=Counter)


class Load:
    """Runs a plan against an edge that believes what it is told of addresses.

    Args:
        plan: What to do.
        port: The edge's.
        files: What is sent: good ones and others.
    """

    def __init__(self, plan: Plan, port: int, files: Sequence[bytes]) -> None:
        """Nothing is sent yet."""
        self._plan = plan
        self._port = port
        self._files = files
        self._chance = random.Random(plan.seed)
        self._accepted: list[str] = []
        self.outcome = Outcome({HONEST: Account(), GREEDY: Account()})

    async def run(self, patience_s: float) -> Outcome:
        """Run it, wait for what was accepted to end, for so long at most, and count."""
        plan = self._plan
        honest = max(1, round(plan.uploaders * plan.honest_share))
        async with AsyncExitStack() as open_:
            callers = {
                address: Caller(
                    address,
                    self._port,
                    await open_.enter_async_context(
                        grpc.aio.insecure_channel(
                            f"127.0.0.1:{self._port}",
                            [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)],
                        )
                    ),
                )
                for address in (HONEST, GREEDY)
            }
            until = time.monotonic() + plan.seconds
            watching = [
                asyncio.create_task(self._watch(callers[HONEST if number % 2 else GREEDY]))
                for number in range(plan.watchers)
            ]
            others = [
                asyncio.create_task(odd(self._port, plan.seconds)) for odd in (trickle, half_open) for _ in range(3)
            ]
            await asyncio.gather(
                *(
                    self._upload(callers[HONEST if number < honest else GREEDY], number, until)
                    for number in range(plan.uploaders)
                )
            )
            await self._settle(callers[HONEST], patience_s)
            for task in (*watching, *others):
                task.cancel()
            await asyncio.gather(*watching, *others, return_exceptions=True)
        return self.outcome

    async def _upload(self, caller: Caller, number: int, until: float) -> None:
        chance = random.Random(self._plan.seed * 1000 + number)
        account = self.outcome.accounts[caller.address]
        if caller.address == HONEST:  # comes to a house that the other has filled as far as it can
            await asyncio.sleep(_HEAD_START_S)
        while time.monotonic() < until:
            way, file = chance.choice(list(WAYS)), chance.choice(self._files)
            began, pause_s = time.monotonic(), _GREEDY_PAUSE_S
            try:
                async with asyncio.timeout(_LONGEST_WAIT_S * 2):
                    name = await WAYS[way](caller, file)
            except Refusal as refusal:
                account.refused[refusal.reason] += 1
                if refusal.retry_after_s is None:
                    account.without_time[refusal.reason] += 1
                pause_s = refusal.retry_after_s or 1.0
            except (OSError, EOFError, TimeoutError) as error:
                account.unanswered[type(error).__name__] += 1
            else:
                account.accepted += 1
                self._accepted.append(name)
                self.outcome.stages.setdefault("accepted", []).append(time.monotonic() - began)
                if caller.address == HONEST:  # sends the next when this one is done
                    await self._end_of(caller, name, until)
            await asyncio.sleep(pause_s if caller.address == HONEST else _GREEDY_PAUSE_S)

    async def _end_of(self, caller: Caller, name: str, until: float) -> None:
        request = analysis_pb2.GetAnalysisRequest(name=name)
        while time.monotonic() < until:
            with suppress(grpc.aio.AioRpcError):
                analysis = await caller.stub.GetAnalysis(request, timeout=10, metadata=caller.metadata)
                if analysis.state in _ENDED:
                    return
            await asyncio.sleep(0.5)

    async def _watch(self, caller: Caller) -> None:
        """Follow one of the newest after the other."""
        while True:
            if not self._accepted:
                await asyncio.sleep(0.1)
                continue
            name = self._chance.choice(self._accepted[-50:])
            request = analysis_pb2.WatchAnalysesRequest(targets=[analysis_pb2.WatchTarget(name=name)])
            try:
                async for _ in caller.stub.WatchAnalyses(request, metadata=caller.metadata):
                    pass
            except grpc.aio.AioRpcError as error:
                self.outcome.watches[error.code().name] += 1
                await asyncio.sleep(1.0)
            else:
                self.outcome.watches["to the end"] += 1
                await asyncio.sleep(0.5)

    async def _settle(self, caller: Caller, patience_s: float) -> None:
        turn, until = asyncio.Semaphore(_AT_ONCE), time.monotonic() + patience_s

        async def one(name: str) -> None:
            async with turn:
                await self._account_for(caller, name, until)

        await asyncio.gather(*(one(name) for name in self._accepted))

    async def _account_for(self, caller: Caller, name: str, until: float) -> None:
        first = last = None
        while time.monotonic() < until:
            try:
                analysis = await caller.stub.GetAnalysis(
                    analysis_pb2.GetAnalysisRequest(name=name, omit_thumbnails=True),
                    timeout=10,
                    metadata=caller.metadata,
                )
            except grpc.aio.AioRpcError as error:
                if error.code() == grpc.StatusCode.NOT_FOUND:
                    break
                await asyncio.sleep(1.0)
                continue
            if analysis.state not in _ENDED:
                await asyncio.sleep(0.5)
                continue
            self.outcome.states[_how(analysis)] += 1
            request = analysis_pb2.WatchAnalysesRequest(targets=[analysis_pb2.WatchTarget(name=name)])
            with suppress(grpc.aio.AioRpcError):
                async for event in caller.stub.WatchAnalyses(request, timeout=10, metadata=caller.metadata):
                    if event.sequence == 1:
                        first = event.time.ToNanoseconds() / 1e9
            created, last = analysis.create_time.ToNanoseconds() / 1e9, analysis.end_time.ToNanoseconds() / 1e9
            stages = {"whole": last - created}
            if first is not None:
                stages |= {"in line": max(first - created, 0.0), "analysed": max(last - first, 0.0)}
            for stage, seconds in stages.items():
                self.outcome.stages.setdefault(stage, []).append(seconds)
            return
        self.outcome.lost.append(name)


def _how(analysis: analysis_pb2.Analysis) -> str:
    if analysis.state == analysis_pb2.ANALYSIS_STATE_FAILED:
        refusal = refusal_of_status(analysis.error)
        return refusal.reason if refusal else "failed"
    return "succeeded" if analysis.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED else "cancelled"
