"""The line: it has an end, everyone in it has a place, and who is in it already is not turned away."""

import asyncio
from collections.abc import Iterator

import pytest
from notreally.v1 import analysis_pb2

from gateway.api.admission import Admission
from gateway.api.callers import caller_of
from gateway.store.database import connect
from gateway.store.records import Records, Upload
from services.kit.errors import Refusal
from tests.servers.home import Home


@pytest.fixture
def records(home: Home) -> Iterator[Records]:
    engine = connect(home.database_url)
    yield Records(engine)
    engine.dispose()


@pytest.fixture
def upload(records: Records) -> Upload:
    made = records.create_upload("a.mp4", 3, "", None)
    records.complete_upload(made.id, "ab" * 32)
    found = records.upload(made.id)
    assert found is not None
    return found


async def test_beyond_its_end_the_line_says_when_to_come_back(records: Records, upload: Upload) -> None:
    admission = Admission(records, 2)
    await admission.check()
    for _ in range(2):
        await admission.admit(upload, None)
    for refused in (admission.check(), admission.admit(upload, None)):
        with pytest.raises(Refusal) as caught:
            await refused
        assert (caught.value.code.name, caught.value.reason) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
        assert caught.value.retry_after_s is not None
    assert len(records.unfinished()) == 2


async def test_many_at_the_same_instant_do_not_overfill_it(records: Records, upload: Upload) -> None:
    admission = Admission(records, 3)
    answers = await asyncio.gather(*(admission.admit(upload, None) for _ in range(12)), return_exceptions=True)
    assert sum(not isinstance(answer, Refusal) for answer in answers) == 3
    assert len(await admission.line()) == 3


async def test_a_repeat_is_given_its_analysis_however_full_the_line_is(records: Records, upload: Upload) -> None:
    admission = Admission(records, 1)
    first = await admission.admit(upload, "same")
    assert (await admission.admit(upload, "same")).id == first.id


async def test_places_move_up_when_one_is_begun_with(records: Records, upload: Upload) -> None:
    admission = Admission(records, 10)
    first, second, third = [(await admission.admit(upload, None)).id for _ in range(3)]
    assert await admission.line() == {first: 1, second: 2, third: 3}
    records.set_progress(first, analysis_pb2.STAGE_READING_METADATA, 0.0)
    records.cancel(second)
    assert await admission.line() == {third: 1}
    await admission.admit(upload, None)


async def test_however_many_look_the_line_is_read_once(
    records: Records, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    admission = Admission(records, 10)
    await admission.admit(upload, None)
    reads = 0
    really = records.waiting

    def counted() -> list[str]:
        nonlocal reads
        reads += 1
        return really()

    monkeypatch.setattr(records, "waiting", counted)
    await asyncio.gather(*(admission.recent_line() for _ in range(50)))
    assert reads == 1


async def test_one_caller_fills_its_share_and_others_the_rest(records: Records, upload: Upload) -> None:
    admission = Admission(records, 4, 2)
    greedy = [caller_of([("x-forwarded-for", "192.0.2.1"), ("user-agent", name)], "") for name in "abc"]
    honest = caller_of([("x-forwarded-for", "192.0.2.2")], "")
    for program in greedy[:2]:
        await admission.admit(upload, None, program)
    for refused in (admission.check(greedy[2]), admission.admit(upload, None, greedy[2])):
        with pytest.raises(Refusal) as caught:
            await refused
        assert (caught.value.reason, caught.value.metadata) == ("QUEUE_FULL", {"max_queued": "2"})
        assert caught.value.retry_after_s
    for _ in range(2):
        await admission.check(honest)
        await admission.admit(upload, None, honest)
    with pytest.raises(Refusal, match="4 videos are waiting"):
        await admission.admit(upload, None, caller_of(None, "ipv4:192.0.2.3:1"))
