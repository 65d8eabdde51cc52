"""A few seconds of `make load`: nothing accepted is lost, and who is greedy leaves the others their part."""

from pathlib import Path

import pytest

from benchmarks.load.files import mixed
from benchmarks.load.report import LEAST_LEFT, holds, left_to_the_honest, table
from benchmarks.load.run import GREEDY, HONEST, Load, Outcome, Plan
from tests.integration.edge import running_edge
from tests.integration.stack import Stack, free_ports, running_process
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo

PLAN = Plan(seconds=10, watchers=20, uploaders=10)


async def loaded(stack: Stack, good: bytes, folder: Path, **settings: str) -> Outcome:
    """What becomes of a load on a gateway with room for eight in its line. Most of what it is sent is soon done."""
    (port,) = free_ports(1)
    few = stack.gateway(folder, port, NOTREALLY_MAX_QUEUED="8", **settings)
    with running_process("gateway", f"127.0.0.1:{port}", **few):
        async with running_edge(f"127.0.0.1:{port}", NOTREALLY_TRUSTED_PROXIES="1") as edge:
            return await Load(PLAN, edge, [*mixed([good])[-6:] * 2, good]).run(patience_s=60)


@pytest.fixture
def good(face_video: MakeFaceVideo) -> bytes:
    return face_video(FaceVideo(seconds=0.6, size=(160, 120), iod=40.0)).read_bytes()


async def test_a_greedy_caller_is_refused_and_an_honest_one_is_not(stack: Stack, good: bytes, tmp_path: Path) -> None:
    outcome = await loaded(stack, good, tmp_path)
    assert holds(outcome), table(PLAN, outcome)
    assert outcome.accounts[HONEST].accepted
    assert outcome.accounts[GREEDY].refused["QUEUE_FULL"] > outcome.accounts[GREEDY].accepted / 10
    assert outcome.states["succeeded"], table(PLAN, outcome)
    assert outcome.states["NOT_A_VIDEO"]


@pytest.mark.long
async def test_without_shares_the_greedy_one_would_have_it_all(stack: Stack, good: bytes, tmp_path: Path) -> None:
    outcome = await loaded(stack, good, tmp_path, NOTREALLY_CALLER_SHARE="100")
    assert left_to_the_honest(outcome) < LEAST_LEFT, table(PLAN, outcome)
