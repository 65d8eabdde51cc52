"""Puts the gateway together and runs it until it is told to stop."""

import asyncio
import datetime as dt
import logging
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import grpc
import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSClient, DBOSConfig
from dbos import error as dbos_error
from notreally.v1 import (
    access_pb2,
    access_pb2_grpc,
    analysis_pb2,
    analysis_pb2_grpc,
    batch_pb2,
    batch_pb2_grpc,
    live_pb2,
    live_pb2_grpc,
    rest_batch_pb2,
    rest_batch_pb2_grpc,
    rest_pb2,
    rest_pb2_grpc,
)
from prometheus_client import REGISTRY

from gateway.analysis.extraction import Extraction
from gateway.analysis.keeping import QUEUE, Keeping, hand_over
from gateway.analysis.news import News
from gateway.analysis.plain import PlainSerializer, refuse_code_in_pickles
from gateway.analysis.presence import Presence
from gateway.analysis.workflow import Analyses
from gateway.api.accepting import Accepting, ModelInUse
from gateway.api.access import AccessService, OwnerData
from gateway.api.admission import Admission
from gateway.api.batches import BatchService
from gateway.api.callers import address_of
from gateway.api.live import LiveService
from gateway.api.rest import RestService
from gateway.api.rest_batches import RestBatchService
from gateway.api.service import AnalysisService
from gateway.api.streams import Streams
from gateway.api.watching import Watching
from gateway.identity.audit import Audit
from gateway.identity.guard import Guard
from gateway.identity.keys import Keys
from gateway.identity.quotas import Limits, Quotas
from gateway.live.keeping import LiveKeeping
from gateway.metrics import Tables
from gateway.settings import GatewaySettings
from gateway.store.batches import Batches
from gateway.store.blobs import Blobs
from gateway.store.database import OutdatedError, connect, step_log
from gateway.store.history import History
from gateway.store.leftovers import Leftovers
from gateway.store.records import Records
from gateway.store.retention import Janitor
from gateway.store.room import Room
from gateway.store.rounds import Rounds
from gateway.store.sessions import Sessions
from gateway.store.uploads import Uploads
from services.kit import logs, metrics, tracing
from services.kit.errors import Refusal
from services.kit.limits import keep_to_itself
from services.kit.media.store import MediaStore
from services.kit.serving.server import running, until_stopped

log = structlog.get_logger()

_APPLICATION = "notreally"

_NAMES = [
    access_pb2.DESCRIPTOR.services_by_name["AccessService"].full_name,
    analysis_pb2.DESCRIPTOR.services_by_name["AnalysisService"].full_name,
    batch_pb2.DESCRIPTOR.services_by_name["BatchService"].full_name,
    live_pb2.DESCRIPTOR.services_by_name["LiveService"].full_name,
    rest_batch_pb2.DESCRIPTOR.services_by_name["RestBatchService"].full_name,
    rest_pb2.DESCRIPTOR.services_by_name["RestService"].full_name,
]

# These last as long as what they wait for.
_UNLIMITED = frozenset(
    {
        "/notreally.v1.AnalysisService/WatchAnalyses",
        "/notreally.v1.AnalysisService/DownloadMedia",
        "/notreally.v1.BatchService/WatchBatch",
        "/notreally.v1.BatchService/ExportBatch",
        # As many as there are.
        "/notreally.v1.BatchService/CancelBatch",
        "/notreally.v1.BatchService/RenewBatch",
        "/notreally.v1.BatchService/DeleteBatch",
        "/notreally.v1.RestBatchService/ExportRestBatch",
        "/notreally.v1.RestBatchService/CancelRestBatch",
        "/notreally.v1.RestBatchService/RenewRestBatch",
        "/notreally.v1.RestBatchService/DeleteRestBatch",
        "/notreally.v1.LiveService/SendSegments",
        "/notreally.v1.LiveService/WatchLive",
        "/notreally.v1.RestService/Analyze",
        "/notreally.v1.RestService/GetMedia",
        "/notreally.v1.AccessService/DeleteOwner",
    }
)

# Queued work starts within this time after a slot is free. Polling takes three milliseconds of CPU time.
_QUEUE_POLL_S = 0.2

# Watchers are woken without it; it is what is left for DBOS to wait on.
_NOTIFICATION_POLL_S = 1.0

# Workflows of another version restart after an upgrade. Raise it when the steps of an analysis change.
_WORKFLOW_VERSION = "3"


@asynccontextmanager
async def gateway(settings: GatewaySettings) -> AsyncIterator[int]:
    """The whole gateway, serving for as long as the block lasts; gives its port."""
    engine = await asyncio.to_thread(
        connect, settings.sqlalchemy_url, migrate=settings.migrate, pool_size=settings.db_pool_size
    )
    tables = Tables(engine)
    REGISTRY.register(tables)
    records = Records(engine)
    media = MediaStore.open(settings.media_url)
    blobs = Blobs(media)
    extraction = Extraction(settings, blobs)
    steps = step_log(settings.sqlalchemy_url)
    config: DBOSConfig = {
        "name": _APPLICATION,
        "system_database_url": settings.sqlalchemy_url,
        "system_database_engine": steps,
        "application_version": _WORKFLOW_VERSION,
        "executor_id": settings.executor_id,
        "sys_db_pool_size": settings.db_pool_size,
        "run_migrations": settings.migrate,
        "notification_listener_polling_interval_sec": _NOTIFICATION_POLL_S,
        "log_level": "WARNING",
        "serializer": PlainSerializer(),
    }
    refuse_code_in_pickles()
    dbos = DBOS(config=config)
    # It installs a handler of its own, whose lines are not JSON.
    dbos_log = logging.getLogger("dbos")
    dbos_log.handlers.clear()
    dbos_log.propagate = True
    dbos_log.addFilter(_is_news)
    news = News()
    analyses = Analyses(
        records,
        blobs,
        extraction,
        news,
        concurrency=settings.concurrency,
        max_frames=settings.max_frames,
        parallel_runs=settings.parallel_runs,
        audio_enabled=settings.audio_enabled,
    )
    rounds = Rounds(engine)
    presence = Presence(engine, settings.executor_id, dt.timedelta(seconds=settings.executor_gone_s))
    keeping = Keeping(
        records, analyses, news, presence, rounds, version=_WORKFLOW_VERSION, executor_id=settings.executor_id
    )
    admission = Admission(records, settings.max_queued, settings.share(settings.max_queued))
    watching = Watching(records, blobs, news, admission)
    room = Room(settings.folders, settings.reserve_bytes, settings.ballast)
    janitor = Janitor(records, Leftovers(engine), media, blobs, keeping.forget, settings.terms)
    uploads = Uploads(
        records,
        media,
        settings.max_upload_bytes,
        settings.max_chunk_bytes,
        settings.upload_limits,
        room,
        janitor.make_room,
    )
    model = ModelInUse(extraction)
    history, batches = History(engine), Batches(engine)
    keys, audit = Keys(engine), Audit(engine)
    quotas = Quotas(engine, Limits(settings.quota_videos_a_day, settings.quota_kept_mb * 1_000_000))
    accepting = Accepting(records, blobs, admission, keeping, model, quotas)
    service = AnalysisService(
        settings,
        records,
        media,
        blobs,
        uploads,
        keeping,
        watching,
        admission,
        janitor,
        history,
        batches,
        accepting,
        model,
        room,
        quotas,
    )
    batch_service = BatchService(batches, history, records, service, keeping, accepting, model, janitor)
    leftovers = Leftovers(engine)

    def is_used(sha256: str) -> bool:
        return not leftovers.unused_media([sha256])

    sessions = Sessions(engine)
    live_keeping = LiveKeeping(sessions, media, is_used, extraction, news, settings)
    live = LiveService(settings, live_keeping, news)
    rest = RestService(uploads, service, admission, janitor, quotas)
    data = OwnerData(history, batches, uploads, sessions, live_keeping, keeping, janitor)
    access = AccessService(keys, quotas, audit, service, data, login=settings.login_on)
    guard = Guard(keys if settings.login_on else None, audit, address_of)

    def add(server: grpc.aio.Server) -> None:
        access_pb2_grpc.add_AccessServiceServicer_to_server(access, server)
        analysis_pb2_grpc.add_AnalysisServiceServicer_to_server(service, server)
        batch_pb2_grpc.add_BatchServiceServicer_to_server(batch_service, server)
        live_pb2_grpc.add_LiveServiceServicer_to_server(live, server)
        rest_batch_pb2_grpc.add_RestBatchServiceServicer_to_server(RestBatchService(batch_service), server)
        rest_pb2_grpc.add_RestServiceServicer_to_server(rest, server)

    chores: list[asyncio.Task[None]] = []
    try:
        # Before anything is claimed, or the others would take it for the work of one that is gone.
        await asyncio.to_thread(presence.note)
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE, worker_concurrency=settings.concurrency, polling_interval_sec=_QUEUE_POLL_S
        )
        await keeping.look_after()
        chores += [
            asyncio.create_task(keeping.keep_looking()),
            asyncio.create_task(keeping.keep_present()),
            asyncio.create_task(live_keeping.keep_looking()),
            asyncio.create_task(janitor.run(settings.tidy_every_s, rounds)),
            asyncio.create_task(_expire_audit(audit, settings)),
        ]
        streams = Streams(settings.max_streams, settings.share(settings.max_streams))
        async with running(_NAMES, add, settings, unlimited=_UNLIMITED, place=streams.place, inside=[guard]) as port:
            try:
                yield port
            finally:
                watching.stop()
                batch_service.stop()
                live.stop()
    finally:
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        await uploads.close()
        await live_keeping.leave()
        await keeping.leave()
        # In a thread: it waits for threads that may be waiting for this loop.
        await asyncio.to_thread(dbos.destroy)
        # The loop's own threads were DBOS's, and are gone with it.
        with ThreadPoolExecutor(1) as threads:
            await asyncio.get_running_loop().run_in_executor(threads, _go, settings, steps, presence)
        await extraction.close()
        REGISTRY.unregister(tables)
        engine.dispose()
        if steps is not None:
            steps.dispose()


async def _expire_audit(audit: Audit, settings: GatewaySettings) -> None:
    """Take away what is older than the audit log's retention, again and again, until cancelled."""
    while settings.audit_retention_days:
        try:
            before = dt.datetime.now(dt.UTC) - dt.timedelta(days=settings.audit_retention_days)
            await asyncio.to_thread(audit.expire, before)
        except Refusal as refusal:
            log.warning("the audit log was not tidied up", reason=refusal.reason)
        await asyncio.sleep(settings.tidy_every_s)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of DBOS says what nobody asked for: that a deleted analysis has no workflow is no error."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (dbos_error.DBOSNonExistentWorkflowError, dbos_error.DBOSWorkflowCancelledError))


def _go(settings: GatewaySettings, steps: sa.Engine | None, presence: Presence) -> None:
    """Leave what is unfinished to the other gateways, or to the next start. Should that fail, they find it anyway."""
    try:
        client = DBOSClient(
            system_database_url=settings.sqlalchemy_url,
            system_database_engine=steps,
            application_name=_APPLICATION,
            serializer=PlainSerializer(),
            retry_connection_errors=False,
        )
        try:
            if count := hand_over(client, settings.executor_id):
                log.info("put back in line", analyses=count)
        finally:
            client.destroy()
        presence.leave()
    except Exception:
        log.exception("nothing was handed over")


def main() -> None:
    """Run the gateway as a process until SIGTERM or SIGINT."""
    settings = GatewaySettings()
    keep_to_itself()
    logs.configure("gateway", settings.log_level)
    tracing.configure("gateway", settings.otlp_endpoint)

    async def run() -> None:
        with metrics.served(settings.metrics_listen):
            await serve()

    async def serve() -> None:
        async with gateway(settings) as port:
            log.info("serving", port=port)
            await until_stopped()
            log.info("stopping")

    try:
        asyncio.run(run())
    except OutdatedError as error:
        log.critical(str(error))
        sys.exit(1)
