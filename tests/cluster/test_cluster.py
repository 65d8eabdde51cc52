"""Whatever dies, is cut off or is replaced in a cluster, every accepted analysis ends once, with the same answer."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client import NotReally, Patience
from tests.cluster.fleet import Fleet, Replica, running_fleet
from tests.cluster.work import Work, assert_nothing_finished_ran_again, lines, open_steps
from tests.servers.home import cluster
from tests.servers.ports import wait_for
from tests.servers.postgres import Postgres
from tests.servers.s3 import S3
from tests.synthetic.fixtures import MakeFaceVideo, face_video
from tests.synthetic.videos import FaceVideo, syllables

__all__ = ["face_video"]


PATIENT = Patience(first_s=0.1, longest_s=1.0, attempts=400)
_UNDER_WAY = 15
"""Analyses: more than a rolling update of one service takes."""
STATELESS = ("metadata", "classifier", "audio", "face")


@pytest.fixture(scope="session")
def fleet(postgres: Postgres, s3: S3) -> Iterator[Fleet]:
    with cluster(postgres, s3) as home, running_fleet(home) as running:
        yield running


@pytest.fixture(scope="module")
def five(face_video: MakeFaceVideo) -> list[Path]:
    """Five short videos, no two alike, two of them silent; each is two windows long."""
    return [_short(face_video, number) for number in range(5)]


@pytest.fixture(scope="module")
def three(face_video: MakeFaceVideo) -> list[Path]:
    """The first of them, one of them silent."""
    return [_short(face_video, number) for number in range(3)]


@pytest.fixture(scope="module")
def film(face_video: MakeFaceVideo) -> Path:
    """Long enough to be worth spreading over all face replicas."""
    return face_video(FaceVideo(seconds=20.0, size=(320, 240), iod=60.0, nod_px=(1.0, 2.0), keyframe_every=30))


@pytest.mark.timeout(600)
async def test_windows_of_one_film_go_to_all_face_replicas(fleet: Fleet, film: Path) -> None:
    before = Counter(_face_calls(fleet))
    async with NotReally(fleet.target, PATIENT) as client:
        result = (await client.analyze(film)).result
    assert result.quality.frames_analyzed == 600
    grown = Counter(_face_calls(fleet)) - before
    assert set(grown) == {replica.name for replica in fleet.services["face"]}


@pytest.mark.timeout(600)
async def test_a_kill_a_cut_and_a_replacement_lose_nothing(fleet: Fleet, three: list[Path]) -> None:
    """The short form of `test_anything_may_happen_to_fifty_analyses`."""
    async with NotReally(fleet.target, PATIENT) as client:
        undisturbed = await (await Work.begun(client, three)).finished(200)
        work = await Work.begun(client, three)
        face = fleet.services["face"][0]
        await _goes_on(fleet, work)
        gateway = await asyncio.to_thread(_kill_a_busy_gateway, fleet)
        await _goes_on(fleet, work)
        fleet.cable.cut()
        await asyncio.to_thread(face.drain)
        face.start()
        gateway.start()
        results = await work.finished(200)
        fleet.cable.mend()
        for replica in (face, gateway):
            await asyncio.to_thread(replica.wait)
    assert results == undisturbed
    work.assert_watchers_carried_on()
    assert assert_nothing_finished_ran_again(fleet.log, fleet.home.database_url) > 0, "nothing was hit in the middle"


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_anything_may_happen_to_fifty_analyses(fleet: Fleet, five: list[Path]) -> None:
    async with NotReally(fleet.target, PATIENT) as client:
        undisturbed = await (await Work.begun(client, five)).finished(200)
        works = [await Work.begun(client, five * 10)]

        async def meanwhile(what: Callable[[], None]) -> None:
            # However fast the machine is, there is something to be hit.
            if sum(work.left for work in works) < _UNDER_WAY:
                works.append(await Work.begun(client, five * 4, alone=0))
            await _goes_on(fleet, *works)
            await asyncio.to_thread(what)

        for service in STATELESS:
            victim = fleet.services[service][0]
            await meanwhile(victim.kill)
            victim.start()
        for gateway in fleet.services["gateway"]:
            await meanwhile(gateway.kill)
            gateway.start()
            await asyncio.to_thread(gateway.wait)
        await meanwhile(fleet.edge.kill)
        fleet.edge.start()
        await meanwhile(fleet.cable.cut)
        for service in (*STATELESS, "gateway"):
            await meanwhile(lambda service=service: fleet.roll(service))  # type: ignore[misc]
        fleet.cable.mend()
        # One gateway goes and never comes back: the other finds what it had.
        await meanwhile(fleet.services["gateway"][1].kill)
        for work in works:
            assert await work.finished(900) == undisturbed * (len(work.names) // len(five))
            work.assert_watchers_carried_on()
    assert assert_nothing_finished_ran_again(fleet.log, fleet.home.database_url) > 0, "nothing was hit in the middle"


def _short(face_video: MakeFaceVideo, number: int) -> Path:
    return face_video(
        FaceVideo(
            seconds=4.4 + 0.2 * number,
            size=(320, 240),
            iod=60.0,
            blinks=(1.0 + 0.1 * number,),
            mouth=syllables,
            sound=syllables if number % 2 == 0 else None,
            nod_px=(1.0, 2.0),
        )
    )


async def _goes_on(fleet: Fleet, *works: Work) -> None:
    """Wait until work has gone on since now, and make sure that there is more."""
    before = len(lines(fleet.log, "window stored"))
    await asyncio.to_thread(wait_for, lambda: len(lines(fleet.log, "window stored")) > before, 120.0)
    assert sum(work.left for work in works), "everything had ended before it happened"


def _kill_a_busy_gateway(fleet: Fleet) -> Replica:
    """Kill the gateway that is in the middle of most steps; it must be in one."""
    steps = open_steps(fleet.log, fleet.home.database_url)
    gateway = max(fleet.services["gateway"], key=lambda replica: steps[replica.name])
    assert steps[gateway.name], "no gateway was in the middle of anything"
    gateway.kill()
    return gateway


def _face_calls(fleet: Fleet) -> list[str]:
    """Which face replica answered, call by call."""
    return [line["replica"] for line in lines(fleet.log, "call") if "FaceService" in line["method"]]
