"""Page tokens: what the server gave leads on, anything else is refused, and the database minds none of them."""

import base64
import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.api.service import _parse_token, _token
from gateway.store.database import connect
from gateway.store.records import Records
from services.kit.errors import Refusal
from tests.servers.home import Home

_MINUTES = st.integers(1 - 24 * 60, 24 * 60 - 1)
_OFFSETS = st.builds(dt.timezone, st.builds(dt.timedelta, minutes=_MINUTES))


@pytest.fixture
def records(home: Home) -> Iterator[Records]:
    engine = connect(home.database_url)
    yield Records(engine)
    engine.dispose()


def _as_token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(when=st.datetimes(timezones=st.none() | _OFFSETS), identifier=st.uuids())
def test_any_time_and_id_is_a_place_in_the_list(records: Records, when: dt.datetime, identifier: object) -> None:
    position = _parse_token(_as_token(f"{when.isoformat()} {identifier}"))
    assert position == (when, str(identifier))
    assert records.page(5, [], position) == []


@given(st.text() | st.text().map(_as_token) | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example("é")
@example("AAA")
@example(_as_token("2026-11-28T00:00:00+00:00 no-uuid"))
def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(Refusal) as caught:
        _parse_token(token)
    assert caught.value.reason == "BAD_PAGE_TOKEN"


def test_a_token_leads_on_from_the_analysis_it_was_made_of(records: Records) -> None:
    upload = records.create_upload("a.mp4", 3, "", None)
    records.complete_upload(upload.id, "ab" * 32)
    complete = records.upload(upload.id)
    assert complete is not None
    for _ in range(3):
        records.create_analysis(complete, None, 5)
    first, *rest = records.page(3, [], None)
    assert records.page(3, [], _parse_token(_token(first))) == rest
