"""How long lists of analyses take, with many of them, in SQLite and in PostgreSQL.

`python -m benchmarks.history [analyses]`: fills an empty database of each kind, asks each question through the code
that the gateway asks it with, and says the median and the longest of thirty answers. Ends with 1 when one takes longer
than the limit.
"""

import datetime as dt
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from notreally.v1 import analysis_pb2

from gateway.store.batches import Batches
from gateway.store.database import analyses, batches, connect
from gateway.store.history import History, Position, Search, position_of
from gateway.store.records import Conclusion, name_key
from tests.servers.home import laptop
from tests.servers.postgres import running_postgres

LIMIT_MS = 200.0
_PAGE = 21
_REPEATS = 30
_STATES = (analysis_pb2.ANALYSIS_STATE_SUCCEEDED,) * 9 + (analysis_pb2.ANALYSIS_STATE_FAILED,)
_VERDICTS = (
    *(analysis_pb2.VERDICT_INCONCLUSIVE,) * 8,
    analysis_pb2.VERDICT_LIKELY_FAKE,
    analysis_pb2.VERDICT_INSUFFICIENT,
)
_WORDS = ("interview", "speech", "Straße", "holiday", "meeting", "clip", "news", "call")


def fill(engine: sa.Engine, count: int) -> str:
    """Write so many analyses, half of them in one batch; gives its id."""
    rng = random.Random(0)
    batch_id, began = str(uuid.uuid4()), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    rows = []
    for number in range(count):
        state, verdict, chance = rng.choice(_STATES), rng.choice(_VERDICTS), rng.random()
        filename = f"{rng.choice(_WORDS)} {rng.choice(_WORDS)} {number}.mp4"
        result = Conclusion(verdict, chance, model_version="m", length_s=60 * rng.random(), people=rng.randint(0, 3))
        is_result = state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED
        created = began + dt.timedelta(seconds=30 * number)
        rows.append(
            {
                "verdict": None,
                "prob_fake": None,
                "headline": None,
                "model_version": None,
                "chance": -1.0,
                "verdict_rank": 0,
                "length_s": 0.0,
                "people": 0,
                **(result.columns if is_result else {}),
                "id": str(uuid.UUID(int=rng.getrandbits(128))),
                "filename": filename,
                "name_key": name_key(filename),
                "sha256": f"{rng.getrandbits(256):064x}",
                "size_bytes": rng.randint(10**5, 10**8),
                "state": state,
                "stage": analysis_pb2.STAGE_COMPLETED,
                "percent": 100.0,
                "created_at": created,
                "ended_at": created + dt.timedelta(seconds=20),
                "batch_id": batch_id if number % 2 else None,
                "batch_sequence": number if number % 2 else None,
            }
        )
    with engine.begin() as connection:
        connection.execute(
            sa.insert(batches).values(id=batch_id, display_name="Half", expected=0, ends=count, created_at=began)
        )
        for start in range(0, count, 500):
            connection.execute(sa.insert(analyses), rows[start : start + 500])
    return batch_id


def questions(engine: sa.Engine, batch_id: str) -> dict[str, Callable[[], object]]:
    """What the page asks, by name."""
    history, of_batches = History(engine), Batches(engine)

    def page(search: Search, after: Position | None = None) -> Callable[[], object]:
        return lambda: history.page(_PAGE, search, after)

    middle = history.page(2000, Search())[-1]
    by_chance = Search(order=analysis_pb2.ANALYSIS_ORDER_CHANCE)
    half_way = history.page(2000, by_chance)[-1]
    return {
        "first page": page(Search()),
        "page in the middle": page(Search(), position_of(middle, 0)),
        "sorted by chance, in the middle": page(by_chance, position_of(half_way, by_chance.order)),
        "sorted by name": page(Search(order=analysis_pb2.ANALYSIS_ORDER_FILENAME, ascending=True)),
        "search that finds many": page(Search(query="interview")),
        "search that finds one": page(Search(query="straße clip 77")),
        "search that finds nothing": page(Search(query="nobody called it that")),
        "filter by verdict": page(Search(verdicts=[analysis_pb2.VERDICT_LIKELY_FAKE])),
        "filter by verdict and time": page(
            Search(verdicts=[analysis_pb2.VERDICT_LIKELY_FAKE], created_before=middle.created_at)
        ),
        "filter by state": page(Search(states=[analysis_pb2.ANALYSIS_STATE_FAILED])),
        "nothing but what never was": page(Search(verdicts=[analysis_pb2.VERDICT_LIKELY_REAL])),
        "batch sorted by length": page(Search(batch_id=batch_id, order=analysis_pb2.ANALYSIS_ORDER_LENGTH)),
        "search in a batch": page(Search(batch_id=batch_id, query="call")),
        "counts of a batch": lambda: of_batches.counts([batch_id]),
    }


def measure(engine: sa.Engine, count: int) -> dict[str, list[float]]:
    """Milliseconds of every answer, by question."""
    batch_id = fill(engine, count)
    if engine.dialect.name == "postgresql":  # as its own daemon would do before long
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE analyses")
    found: dict[str, list[float]] = {}
    for name, ask in questions(engine, batch_id).items():
        ask()
        for _ in range(_REPEATS):
            began = time.perf_counter()
            ask()
            found.setdefault(name, []).append(1000 * (time.perf_counter() - began))
    return found


@contextmanager
def engines() -> Iterator[dict[str, sa.Engine]]:
    """An empty database of each kind."""
    with tempfile.TemporaryDirectory() as folder, running_postgres() as postgres:
        urls = {"SQLite": laptop(Path(folder)).database_url, "PostgreSQL": postgres.create("history")}
        opened = {name: connect(url) for name, url in urls.items()}
        yield opened
        for engine in opened.values():
            engine.dispose()


def main(count: int = 10_000) -> int:
    """Measure both; gives the exit code."""
    with engines() as opened:
        measured = {name: measure(engine, count) for name, engine in opened.items()}
    print(f"| {count:,} analyses | " + " | ".join(f"{name}, ms: median (longest)" for name in measured) + " |")
    print("|---|" + "---|" * len(measured))
    for question in next(iter(measured.values())):
        answers = [found[question] for found in measured.values()]
        print(f"| {question} | " + " | ".join(f"{statistics.median(a):.1f} ({max(a):.1f})" for a in answers) + " |")
    return int(any(max(a) > LIMIT_MS for found in measured.values() for a in found.values()))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
