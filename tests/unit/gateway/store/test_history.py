"""Lists of analyses: every order, filter and page, in both databases."""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from notreally.v1 import analysis_pb2

from gateway.store.database import connect
from gateway.store.history import ORDERS, History, Search, page_query, position_of
from gateway.store.records import Analysis, Conclusion, Records, Upload
from tests.servers.home import Home

REAL, FAKE = analysis_pb2.VERDICT_LIKELY_REAL, analysis_pb2.VERDICT_LIKELY_FAKE


@dataclass
class Shelf:
    """Analyses to look for."""

    engine: sa.Engine

    def __post_init__(self) -> None:
        self.records, self.history = Records(self.engine), History(self.engine)

    def add(self, filename: str, conclusion: Conclusion | None = None, batch_id: str | None = None) -> Analysis:
        upload = self.records.create_upload(filename, 3, "", None)
        self.records.complete_upload(upload.id, "ab" * 32)
        complete = self.records.upload(upload.id)
        assert isinstance(complete, Upload)
        made = self.records.create_analysis(complete, None, batch_id=batch_id)
        if conclusion is not None:
            assert self.records.succeed(made.id, conclusion)
        found = self.records.analysis(made.id)
        assert found is not None
        return found

    def names(self, search: Search) -> list[str]:
        return [analysis.filename for analysis in self.history.page(100, search)]


@pytest.fixture
def shelf(home: Home) -> Iterator[Shelf]:
    engine = connect(home.database_url)
    yield Shelf(engine)
    engine.dispose()


def test_pages_give_every_analysis_once_in_every_order(shelf: Shelf) -> None:
    # Equal values everywhere: only the id tells these apart.
    for number in range(7):
        concluded = Conclusion(FAKE if number % 2 else REAL, number % 3 / 4, people=number % 2, length_s=number % 3)
        shelf.add(f"{number % 2} clip.mp4", concluded if number < 5 else None)
    for order, ascending, size in itertools.product(sorted(ORDERS), (False, True), (1, 3, 7)):
        search = Search(order=order, ascending=ascending)
        seen: list[Analysis] = []
        after = None
        while page := shelf.history.page(size, search, after):
            assert len(page) <= size
            seen += page
            after = position_of(page[-1], order)
        assert len({analysis.id for analysis in seen}) == len(seen) == 7
        places = [(position_of(analysis, order).value, analysis.id) for analysis in seen]
        assert places == sorted(places, reverse=not ascending)


def test_names_are_found_in_any_case_and_letter_by_letter(shelf: Shelf) -> None:
    for name in ("ÄRGER 100%.mp4", "anger 100x.mp4", "under_score.mp4", "underXscore.mp4"):
        shelf.add(name)
    assert shelf.names(Search(query="ärger")) == ["ÄRGER 100%.mp4"]
    # What SQL reads as a joker is a letter like any other.
    assert shelf.names(Search(query="100%")) == ["ÄRGER 100%.mp4"]
    assert shelf.names(Search(query="r_s")) == ["under_score.mp4"]
    assert shelf.names(Search(query="nobody")) == []


def test_filters_narrow_together(shelf: Shelf) -> None:
    fake = shelf.add("fake.mp4", Conclusion(FAKE, 0.9, model_version="m1"), batch_id="b" * 36)
    shelf.add("real.mp4", Conclusion(REAL, 0.1))
    shelf.add("waiting.mp4")
    assert shelf.names(Search(states=[analysis_pb2.ANALYSIS_STATE_QUEUED])) == ["waiting.mp4"]
    assert shelf.names(Search(verdicts=[FAKE, REAL], ascending=True)) == ["fake.mp4", "real.mp4"]
    assert shelf.names(Search(batch_id="b" * 36)) == ["fake.mp4"]
    assert shelf.names(Search(sha256="cd" * 32)) == []
    assert shelf.names(Search(created_before=fake.created_at)) == []
    assert shelf.names(Search(created_from=fake.created_at + dt.timedelta(microseconds=1), verdicts=[FAKE])) == []
    assert shelf.records.annotate(fake.id, reviewed=True, note="kept")
    assert shelf.names(Search(reviewed=True)) == ["fake.mp4"]
    assert shelf.names(Search(reviewed=False, verdicts=[FAKE])) == []
    newest = shelf.records.newest_result("ab" * 32, "m1")
    assert newest is not None
    assert (newest.id, newest.note) == (fake.id, "kept")
    assert shelf.records.newest_result("ab" * 32, "m2") is None


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_no_order_needs_a_sort(shelf: Shelf, order: int) -> None:
    """A page is read from an index, however many analyses there are."""
    if shelf.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by what is in the table; the benchmark measures it")
    made = shelf.add("clip.mp4")
    query = page_query(20, Search(order=order), position_of(made, order))
    text = query.compile(shelf.engine, compile_kwargs={"literal_binds": True})
    with shelf.engine.connect() as connection:
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert len(plan) == 1
    assert "USING INDEX" in plan[0]
