"""Several gateways on one database: who does what, and who is gone."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from gateway.analysis.presence import Presence
from gateway.store.database import connect
from gateway.store.rounds import Rounds
from tests.servers.home import Home

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def engine(home: Home) -> Iterator[sa.Engine]:
    made = connect(home.database_url)
    yield made
    made.dispose()


def at(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def taken(engine: sa.Engine, name: str, seconds: float) -> bool:
    return Rounds(engine, clock=lambda: at(seconds)).take(name, 60.0)


def test_a_round_is_taken_once_and_again_when_it_is_due(engine: sa.Engine) -> None:
    assert [taken(engine, "tidy", seconds) for seconds in (0, 1, 30, 60, 61, 120)] == [
        *(True, False, False, True, False, True)
    ]
    assert taken(engine, "other", 61)


def test_of_many_at_once_one_takes_it(engine: sa.Engine) -> None:
    for moment in (0, 100):
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(lambda _, at=moment: taken(engine, "tidy", at), range(8))) == 1


def test_a_gateway_counts_as_gone_when_it_was_silent_for_long_or_has_left(engine: sa.Engine) -> None:
    now = 0.0
    here, other, quiet = (
        Presence(engine, name, dt.timedelta(seconds=60), clock=lambda: at(now)) for name in ("here", "other", "quiet")
    )
    quiet.note()
    now = 50.0
    other.note()
    assert here.gone(["here", "other", "quiet"]) == set()
    now = 61.0
    assert here.gone(["here", "other", "quiet", "never seen"]) == {"quiet", "never seen"}
    other.leave()
    assert here.gone(["here", "other"]) == {"other"}
    quiet.note()
    assert here.gone(["quiet"]) == set()
    assert here.every_s == 15.0


def test_after_a_silence_of_its_own_a_gateway_gives_the_others_time_to_speak(engine: sa.Engine) -> None:
    now = 0.0
    here, other = (
        Presence(engine, name, dt.timedelta(seconds=60), clock=lambda: at(now)) for name in ("here", "other")
    )
    other.note()
    now = 14.0
    here.note()
    now = 70.0  # for less than a minute nobody could reach the database
    here.note()
    assert here.gone(["other", "never seen"]) == set()
    now = 75.0
    other.note()
    for moment in range(85, 130, 15):
        now = moment
        here.note()
        assert here.gone(["other", "never seen"]) == set()
    now = 131.0
    assert here.gone(["other", "never seen"]) == {"never seen"}


def test_a_sign_of_life_that_takes_long_is_a_silence(engine: sa.Engine) -> None:
    now = 0.0
    here = Presence(engine, "here", dt.timedelta(seconds=60), clock=lambda: at(now))
    here.note()

    @sa.event.listens_for(engine, "before_cursor_execute")
    def wait(*_: object) -> None:
        nonlocal now
        now = 70.0

    now = 15.0
    here.note()
    assert here.gone(["other"]) == set()


def test_the_first_sign_of_life_is_no_silence(engine: sa.Engine) -> None:
    here = Presence(engine, "here", dt.timedelta(seconds=60), clock=lambda: at(1000))
    here.note()
    assert here.gone(["other"]) == {"other"}
