"""Lists of analyses: searched, filtered, sorted, in pages that begin after a row.

Whose analyses are listed is decided in `_chosen` alone.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from notreally.v1 import analysis_pb2

from gateway.store import owners
from gateway.store.database import analyses
from gateway.store.records import Analysis, aware, name_key

Value = dt.datetime | str | float | int

_COLUMNS: dict[int, "sa.Column[dt.datetime] | sa.Column[str] | sa.Column[float] | sa.Column[int]"] = {
    analysis_pb2.ANALYSIS_ORDER_UNSPECIFIED: analyses.c.created_at,
    analysis_pb2.ANALYSIS_ORDER_FILENAME: analyses.c.name_key,
    analysis_pb2.ANALYSIS_ORDER_CHANCE: analyses.c.chance,
    analysis_pb2.ANALYSIS_ORDER_LENGTH: analyses.c.length_s,
    analysis_pb2.ANALYSIS_ORDER_PEOPLE: analyses.c.people,
    analysis_pb2.ANALYSIS_ORDER_VERDICT: analyses.c.verdict_rank,
}
ORDERS = frozenset(_COLUMNS)
"""Values of notreally.v1.AnalysisOrder that there are."""


@dataclasses.dataclass(frozen=True)
class Search:
    """Which analyses, and in which order. What is empty or None does not narrow."""

    states: Sequence[int] = ()
    verdicts: Sequence[int] = ()
    query: str = ""
    created_from: dt.datetime | None = None
    created_before: dt.datetime | None = None
    batch_id: str | None = None
    sha256: str = ""
    reviewed: bool | None = None
    order: int = analysis_pb2.ANALYSIS_ORDER_UNSPECIFIED
    ascending: bool = False


@dataclasses.dataclass(frozen=True)
class Position:
    """A row in an order: what it is sorted by, and its id."""

    value: Value
    id: str


def position_of(analysis: Analysis, order: int) -> Position:
    """Where an analysis stands in an order."""
    return Position(getattr(analysis, _COLUMNS[order].name), analysis.id)


class History:
    """Reads lists of analyses; call it off the event loop.

    Args:
        engine: The database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def page(self, size: int, search: Search, after: Position | None = None) -> list[Analysis]:
        """The first `size` analyses of a search, or those after a position in its order."""
        with self._engine.connect() as connection:
            return [Analysis(**aware(row)) for row in connection.execute(page_query(size, search, after)).mappings()]


def page_query(size: int, search: Search, after: Position | None) -> "sa.Select[tuple[object, ...]]":
    """How `History.page` asks."""
    column = _COLUMNS[search.order]
    query = _chosen(search).limit(size)
    if search.ascending:
        query = query.order_by(column.asc(), analyses.c.id.asc())
    else:
        query = query.order_by(column.desc(), analyses.c.id.desc())
    if after is not None:
        here = sa.tuple_(column, analyses.c.id)
        there = sa.tuple_(sa.literal(after.value, column.type), sa.literal(after.id))
        query = query.where(here > there if search.ascending else here < there)
    return query


def _chosen(search: Search) -> "sa.Select[tuple[object, ...]]":
    query = sa.select(analyses).where(owners.mine(analyses))
    if search.batch_id is not None:
        query = query.where(analyses.c.batch_id == search.batch_id)
    if search.states:
        query = query.where(analyses.c.state.in_(search.states))
    if search.verdicts:
        query = query.where(analyses.c.verdict.in_(search.verdicts))
    if search.sha256:
        query = query.where(analyses.c.sha256 == search.sha256)
    if search.created_from is not None:
        query = query.where(analyses.c.created_at >= search.created_from)
    if search.created_before is not None:
        query = query.where(analyses.c.created_at < search.created_before)
    if search.reviewed is not None:
        query = query.where(analyses.c.reviewed == search.reviewed)
    if search.query:
        query = query.where(analyses.c.name_key.contains(name_key(search.query), autoescape=True))
    return query
