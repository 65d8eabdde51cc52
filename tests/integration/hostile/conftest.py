"""One workshop, and every row of the table under way at once: each test waits for its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from notreally.v1 import analysis_pb2

from client import NotReally, ServiceError
from tests.integration.hostile.bait import Bait, laid_bait
from tests.integration.hostile.inputs import Input
from tests.integration.hostile.table import ROWS
from tests.integration.hostile.workshop import Workshop
from tests.integration.stack import Stack
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables

FACE = FaceVideo(
    seconds=4.0,
    fps=25.0,
    size=(320, 240),
    iod=80.0,
    blinks=(2.0,),
    mouth=syllables,
    sound=syllables,
    nod_px=(1.0, 3.0),
    keyframe_every=25,
)
_AT_ONCE = 4
_LONGEST_S = 150.0


@dataclass(frozen=True)
class Outcome:
    """What became of an input: an analysis that succeeded, or why it failed."""

    analysis: analysis_pb2.Analysis | None
    error: ServiceError | None


Outcomes = dict[str, "asyncio.Task[Outcome]"]


@pytest.fixture(scope="session")
def bait(face_video: MakeFaceVideo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bait]:
    """Bait for the inputs; nothing may ever touch it."""
    path = tmp_path_factory.mktemp("bait") / "bait.mp4"
    with laid_bait(path, face_video(FACE).read_bytes()) as laid:
        yield laid
        assert laid.taken() == []


@pytest.fixture(scope="session")
def shop(face_video: MakeFaceVideo, bait: Bait, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    face = tmp_path_factory.mktemp("workshop") / "face.mp4"
    face.write_bytes(face_video(FACE).read_bytes())
    return Workshop(face, bait)


@pytest.fixture(scope="session")
async def outcomes(request: pytest.FixtureRequest, laptop_stack: Stack, shop: Workshop) -> AsyncIterator[Outcomes]:
    """Every row that a collected test asks for, made and sent."""
    here = (item for item in request.session.items if item.path.parent == Path(__file__).parent)
    items = (item for item in here if item.get_closest_marker("skip") is None)
    calls = (getattr(item, "callspec", None) for item in items)
    rows = dict.fromkeys(call.params["row"] for call in calls if call is not None and "row" in call.params)
    # In the order of the tests, so that each waits for little more than its own; two wait for this one.
    asked = sorted(rows, key=lambda name: name != "ten faces")
    places = asyncio.Semaphore(_AT_ONCE)
    folder = shop.face.parent
    async with NotReally(laptop_stack.target) as client:
        tasks = {name: asyncio.create_task(_outcome(client, places, shop, folder, ROWS[name])) for name in asked}
        yield tasks
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _outcome(client: NotReally, places: asyncio.Semaphore, shop: Workshop, folder: Path, row: Input) -> Outcome:
    async with places:
        content = await asyncio.to_thread(row.make, shop)
        own = folder / row.name.replace("/", "_")
        own.mkdir()
        path = own / row.filename
        path.write_bytes(content)
        try:
            async with asyncio.timeout(_LONGEST_S):
                return Outcome(await client.analyze(path), None)
        except ServiceError as error:
            return Outcome(None, error)
