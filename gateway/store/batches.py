"""Rows of batches, and what their analyses add up to. Each function is one transaction, off the event loop."""

import dataclasses
import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from notreally.v1 import analysis_pb2

from gateway.store import owners
from gateway.store.database import analyses, batches
from gateway.store.history import Position
from gateway.store.records import ENDED, Analysis, aware


@dataclasses.dataclass(frozen=True)
class Batch:
    """A row of `batches`."""

    id: str
    request_id: str | None
    display_name: str
    expected: int
    ends: int
    created_at: dt.datetime
    owned_by: str = ""


@dataclasses.dataclass
class Counts:
    """What the analyses of a batch add up to."""

    total: int = 0
    states: Counter[int] = dataclasses.field(default_factory=Counter)
    verdicts: Counter[int] = dataclasses.field(default_factory=Counter)
    models: Counter[str] = dataclasses.field(default_factory=Counter)
    reviewed: int = 0
    percent_sum: float = 0.0

    @property
    def ended(self) -> int:
        """How many have ended."""
        return sum(self.states[state] for state in ENDED)


class Batches:
    """The table.

    Args:
        engine: The database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def create(self, display_name: str, expected: int, request_id: str | None) -> Batch:
        """A new batch, or the one that `request_id` made before."""
        values = {
            "id": str(uuid.uuid4()),
            "request_id": owners.own(request_id),
            "display_name": display_name,
            "expected": expected,
            "ends": 0,
            "created_at": dt.datetime.now(dt.UTC),
            "owned_by": owners.current(),
        }
        try:
            with self._engine.begin() as connection:
                row = connection.execute(sa.insert(batches).values(values).returning(batches)).mappings().one()
                return Batch(**aware(row))
        except sa.exc.IntegrityError:
            earlier = self._find(batches.c.request_id == owners.own(request_id))
            if request_id is None or earlier is None:
                raise
            return earlier

    def get(self, batch_id: str) -> Batch | None:
        """One batch."""
        return self._find(batches.c.id == batch_id)

    def page(self, size: int, after: Position | None) -> list[Batch]:
        """The newest `size` batches older than the position `after`."""
        query = (
            sa.select(batches)
            .where(owners.mine(batches))
            .order_by(batches.c.created_at.desc(), batches.c.id.desc())
            .limit(size)
        )
        if after is not None:
            there = sa.tuple_(sa.literal(after.value, batches.c.created_at.type), sa.literal(after.id))
            query = query.where(sa.tuple_(batches.c.created_at, batches.c.id) < there)
        with self._engine.connect() as connection:
            return [Batch(**aware(row)) for row in connection.execute(query).mappings()]

    def update(self, batch_id: str, display_name: str | None, expected: int | None) -> Batch | None:
        """Set what is not None; None when there is no such batch."""
        given = {"display_name": display_name, "expected": expected}
        values = {name: value for name, value in given.items() if value is not None}
        if values:
            with self._engine.begin() as connection:
                connection.execute(sa.update(batches).where(batches.c.id == batch_id).values(values))
        return self.get(batch_id)

    def delete(self, batch_id: str) -> None:
        """Forget a batch; its analyses are for the janitor."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(batches).where(batches.c.id == batch_id))

    def counts(self, ids: Sequence[str]) -> dict[str, Counts]:
        """Of each batch, what its analyses add up to."""
        by = (
            analyses.c.batch_id,
            analyses.c.state,
            analyses.c.verdict,
            analyses.c.model_version,
            analyses.c.reviewed,
        )
        # One that has failed is as far as it will get.
        percent = sa.case((analyses.c.state.in_(ENDED), 100.0), else_=analyses.c.percent)
        query = sa.select(*by, sa.func.count().label("number"), sa.func.sum(percent).label("percents"))
        counts = {batch_id: Counts() for batch_id in ids}
        with self._engine.connect() as connection:
            for row in connection.execute(query.where(analyses.c.batch_id.in_(ids)).group_by(*by)):
                one = counts[row.batch_id]
                one.total += row.number
                one.states[row.state] += row.number
                one.reviewed += row.number if row.reviewed else 0
                one.percent_sum += row.percents
                if row.verdict is not None:
                    one.verdicts[row.verdict] += row.number
                    one.models[row.model_version or ""] += row.number
        return counts

    def ended_after(self, batch_id: str, sequence: int, most: int) -> list[Analysis]:
        """The next analyses that have ended, after the one with a number, in the order of their ends."""
        return self._analyses(
            sa.select(analyses)
            .where(analyses.c.batch_id == batch_id, analyses.c.batch_sequence > sequence)
            .order_by(analyses.c.batch_sequence)
            .limit(most)
        )

    def running(self, batch_id: str, most: int) -> list[Analysis]:
        """Some of the analyses that are under way."""
        return self._analyses(
            sa.select(analyses)
            .where(analyses.c.batch_id == batch_id, analyses.c.state == analysis_pb2.ANALYSIS_STATE_RUNNING)
            .order_by(analyses.c.created_at)
            .limit(most)
        )

    def unended(self, batch_id: str, most: int) -> list[Analysis]:
        """Some of the analyses that have not ended, the last in line first: cancelled, they make room for no other."""
        return self._analyses(
            sa.select(analyses)
            .where(analyses.c.batch_id == batch_id, analyses.c.state.not_in(ENDED))
            .order_by(analyses.c.state, analyses.c.created_at.desc())
            .limit(most)
        )

    def outdated(self, batch_id: str, version: str, most: int) -> list[Analysis]:
        """Some of the results that another model has given, of files that are still kept."""
        return self._analyses(
            sa.select(analyses)
            .where(
                analyses.c.batch_id == batch_id,
                analyses.c.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
                sa.func.coalesce(analyses.c.model_version, "") != version,
                analyses.c.media_removed_at.is_(None),
            )
            .order_by(analyses.c.created_at)
            .limit(most)
        )

    def _find(self, condition: sa.ColumnElement[bool]) -> Batch | None:
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(batches).where(condition, owners.mine(batches))).mappings().one_or_none()
        return Batch(**aware(row)) if row is not None else None

    def _analyses(self, query: "sa.Select[tuple[object, ...]]") -> list[Analysis]:
        with self._engine.connect() as connection:
            return [Analysis(**aware(row)) for row in connection.execute(query).mappings()]
