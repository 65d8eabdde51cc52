"""Page tokens: what the server gave leads on, anything else is refused, and the database minds none of them."""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.api.listing import position_of_token, token_of
from gateway.store.database import connect
from gateway.store.history import ORDERS, History, Position, Search, position_of
from gateway.store.records import Records
from services.kit.errors import Refusal
from tests.servers.home import Home

_MINUTES = st.integers(1 - 24 * 60, 24 * 60 - 1)
_OFFSETS = st.builds(dt.timezone, st.builds(dt.timedelta, minutes=_MINUTES))


@pytest.fixture
def engine(home: Home) -> Iterator[sa.Engine]:
    made = connect(home.database_url)
    yield made
    made.dispose()


def _as_token(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


_ANYTHING = st.none() | st.text() | st.floats() | st.integers() | st.lists(st.integers())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(when=st.datetimes(timezones=_OFFSETS), identifier=st.uuids())
def test_any_time_and_id_is_a_place_in_the_list(engine: sa.Engine, when: dt.datetime, identifier: object) -> None:
    position = position_of_token(_as_token([when.isoformat(), str(identifier)]), 0)
    assert position == Position(when, str(identifier))
    assert History(engine).page(5, Search(), position) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(value=_ANYTHING, identifier=st.uuids(), order=st.sampled_from(sorted(ORDERS)))
@example(float("nan"), uuid.UUID(int=1), 4)
@example(2**40, uuid.UUID(int=1), 4)
@example("\ud800", uuid.UUID(int=1), 1)
@example("a\0", uuid.UUID(int=1), 1)
def test_the_database_minds_no_token_that_is_taken(
    engine: sa.Engine, value: object, identifier: uuid.UUID, order: int
) -> None:
    position = None
    with suppress(Refusal):
        position = position_of_token(_as_token([value, str(identifier)]), order)
    assert History(engine).page(5, Search(order=order), position) == []


@given(st.text() | _ANYTHING.map(_as_token) | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example("é")
@example("AAA")
@example(_as_token(["2026-11-28T00:00:00+00:00", "no-uuid"]))
@example(_as_token(["2026-11-28T00:00:00", "00000000-0000-0000-0000-000000000001"]))
def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(Refusal) as caught:
        position_of_token(token, 0)
    assert caught.value.reason == "BAD_PAGE_TOKEN"


def test_a_token_leads_on_from_the_analysis_it_was_made_of(engine: sa.Engine) -> None:
    records, history = Records(engine), History(engine)
    upload = records.create_upload("a.mp4", 3, "", None)
    records.complete_upload(upload.id, "ab" * 32)
    complete = records.upload(upload.id)
    assert complete is not None
    for _ in range(3):
        records.create_analysis(complete, None, 5)
    for order in sorted(ORDERS):
        first, *rest = history.page(3, Search(order=order))
        token = token_of(position_of(first, order))
        assert history.page(3, Search(order=order), position_of_token(token, order)) == rest
