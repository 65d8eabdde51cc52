"""Metrics of the gateway: its own counters, and figures read from the database on each scrape."""

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa
import structlog
from notreally.v1 import analysis_pb2
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.store.database import analyses, uploads
from gateway.store.records import ENDED
from services.kit.errors import Refusal

log = structlog.get_logger()

_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800, 3600)

ANALYSES_ENDED = Counter("notreally_analyses_ended", "Analyses that ended, by state and reason.", ["state", "reason"])
VERDICTS = Counter("notreally_verdicts", "Verdicts given.", ["verdict"])
STAGE_SECONDS = Histogram("notreally_stage_seconds", "Wall time of stages, seconds.", ["stage"], buckets=_BUCKETS)
ANALYSIS_SECONDS = Histogram("notreally_analysis_seconds", "From accepted to succeeded, seconds.", buckets=_BUCKETS)
LINE_SECONDS = Histogram("notreally_line_seconds", "From accepted to begun, seconds.", buckets=_BUCKETS)
UNDER_WAY = Gauge("notreally_under_way", "Analyses this gateway works on.")
WATCHERS = Gauge("notreally_watchers", "Watches open at this gateway.")
SERVICE_MISSES = Counter("notreally_service_misses", "Calls to services without an answer.", ["service", "reason"])


def state_name(state: "analysis_pb2.AnalysisState.ValueType") -> str:
    """A state as a label: ``succeeded``."""
    return analysis_pb2.AnalysisState.Name(state).removeprefix("ANALYSIS_STATE_").lower()


def stage_name(stage: "analysis_pb2.Stage.ValueType") -> str:
    """A stage as a label: ``analyzing_video``."""
    return analysis_pb2.Stage.Name(stage).removeprefix("STAGE_").lower()


class Tables(Collector):
    """Numbers of the whole system, read from the database: every gateway tells the same, so take the maximum.

    Args:
        engine: The database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        """Read nothing before the first scrape."""
        self._engine = engine

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: asking the database is not for the time of registering."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The numbers as they are now; none when the database does not answer."""
        try:
            yield from self._read()
        except (Refusal, sa.exc.SQLAlchemyError):
            log.warning("no numbers from the database")

    def _read(self) -> Iterator[GaugeMetricFamily]:
        queued = analysis_pb2.ANALYSIS_STATE_QUEUED
        with self._engine.connect() as connection:
            stages = connection.execute(
                sa.select(analyses.c.state, analyses.c.stage, sa.func.count())
                .where(analyses.c.state.not_in(ENDED))
                .group_by(analyses.c.state, analyses.c.stage)
            ).all()
            oldest = connection.execute(
                sa.select(sa.func.min(analyses.c.created_at)).where(analyses.c.state == queued)
            ).scalar()
            open_uploads = connection.execute(
                sa.select(sa.func.count()).select_from(uploads).where(uploads.c.sha256.is_(None))
            ).scalar()
        by_stage = GaugeMetricFamily(
            "notreally_analyses", "Analyses that have not ended, by state and stage.", labels=["state", "stage"]
        )
        waiting = 0
        for state, stage, count in stages:
            by_stage.add_metric([state_name(state), stage_name(stage)], count)
            waiting += count if state == queued else 0
        yield by_stage
        yield GaugeMetricFamily("notreally_queue_depth", "Analyses that wait in line.", waiting)
        yield GaugeMetricFamily("notreally_queue_oldest_seconds", "How long the first has waited.", _age_s(oldest))
        yield GaugeMetricFamily("notreally_uploads_open", "Uploads that are not complete.", open_uploads or 0)


def _age_s(since: dt.datetime | None) -> float:
    if since is None:
        return 0.0
    aware = since if since.tzinfo else since.replace(tzinfo=dt.UTC)
    return max(0.0, (dt.datetime.now(dt.UTC) - aware).total_seconds())
