"""`notreally.v1.BatchService`: many analyses under one name."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeAlias

import grpc
from google.api import httpbody_pb2
from google.protobuf import empty_pb2
from notreally.v1 import analysis_pb2, batch_pb2, batch_pb2_grpc

from gateway.analysis.keeping import Keeping
from gateway.api import exports
from gateway.api.accepting import Accepting, ModelInUse
from gateway.api.callers import caller_of
from gateway.api.listing import page_size, position_of_token, token_of
from gateway.api.service import AnalysisService, batch_not_found, request_id_of, resource_id, to_proto
from gateway.api.watching import stopping
from gateway.store.batches import Batch, Batches, Counts
from gateway.store.history import History, Position, Search, position_of
from gateway.store.records import Records
from gateway.store.retention import Janitor
from services.kit.errors import Refusal

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_POLL_S = 1.0
_LONGEST_NAME = 200
_MOST_EXPECTED = 10_000_000
_LAST_SEQUENCE = 2**31 - 1
# Rows read at once.
_SOME = 100
_MOST_RUNNING = 50


class BatchService(batch_pb2_grpc.BatchServiceServicer):
    """The servicer.

    Args:
        batches: Their rows.
        history: Their analyses, in pages.
        records: Rows of analyses.
        service: For whole analyses.
        analyses: Cancels them.
        accepting: Begins them anew.
        model: Tells which results are out of date.
        janitor: Removes analyses.
    """

    def __init__(
        self,
        batches: Batches,
        history: History,
        records: Records,
        service: AnalysisService,
        analyses: Keeping,
        accepting: Accepting,
        model: ModelInUse,
        janitor: Janitor,
    ) -> None:
        """Keep the parts."""
        self._batches = batches
        self._history = history
        self._records = records
        self._service = service
        self._analyses = analyses
        self._accepting = accepting
        self._model = model
        self._janitor = janitor
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all watches, so that their watchers resume at another gateway."""
        self._stopping.set()

    async def CreateBatch(self, request: batch_pb2.CreateBatchRequest, context: Context) -> batch_pb2.Batch:  # noqa: N802
        """See the contract."""
        _check(request.display_name, request.expected)
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        batch = await asyncio.to_thread(
            self._batches.create,
            request.display_name.strip() or now,
            request.expected,
            request_id_of(request.request_id),
        )
        return await self._shown(batch)

    async def GetBatch(self, request: batch_pb2.GetBatchRequest, context: Context) -> batch_pb2.Batch:  # noqa: N802
        """See the contract."""
        return await self._shown(await self._find(request.name))

    async def ListBatches(  # noqa: N802
        self, request: batch_pb2.ListBatchesRequest, context: Context
    ) -> batch_pb2.ListBatchesResponse:
        """See the contract."""
        size, newest = page_size(request.page_size), analysis_pb2.ANALYSIS_ORDER_UNSPECIFIED
        after = position_of_token(request.page_token, newest) if request.page_token else None
        rows = await asyncio.to_thread(self._batches.page, size + 1, after)
        page = rows[:size]
        counts = await asyncio.to_thread(self._batches.counts, [batch.id for batch in page])
        version = await self._model.version()
        return batch_pb2.ListBatchesResponse(
            batches=[_to_proto(batch, counts[batch.id], version) for batch in page],
            next_page_token=token_of(Position(page[-1].created_at, page[-1].id)) if len(rows) > size else "",
        )

    async def UpdateBatch(self, request: batch_pb2.UpdateBatchRequest, context: Context) -> batch_pb2.Batch:  # noqa: N802
        """See the contract."""
        batch = await self._find(request.name)
        _check(request.display_name, request.expected)
        name = request.display_name.strip() or None
        expected = request.expected if request.HasField("expected") else None
        changed = await asyncio.to_thread(self._batches.update, batch.id, name, expected)
        if changed is None:
            raise batch_not_found()
        return await self._shown(changed)

    async def WatchBatch(  # noqa: N802
        self, request: batch_pb2.WatchBatchRequest, context: Context
    ) -> AsyncIterator[batch_pb2.BatchEvent]:
        """See the contract."""
        if not 0 <= request.after_sequence <= _LAST_SEQUENCE:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_TARGETS", "No batch has that many events.")
        batch_id, seen = (await self._find(request.name)).id, request.after_sequence
        told: batch_pb2.BatchEvent | None = None
        while True:
            batch = await asyncio.to_thread(self._batches.get, batch_id)
            if batch is None:
                return
            counts = (await asyncio.to_thread(self._batches.counts, [batch_id]))[batch_id]
            ended = await asyncio.to_thread(self._batches.ended_after, batch_id, seen, _SOME)
            running = await asyncio.to_thread(self._batches.running, batch_id, _MOST_RUNNING)
            seen = max([seen, *(analysis.batch_sequence or 0 for analysis in ended)])
            event = batch_pb2.BatchEvent(
                batch=_to_proto(batch, counts, await self._model.version()),
                ended=[to_proto(analysis) for analysis in ended],
                running=[to_proto(analysis) for analysis in running],
                sequence=seen,
            )
            if event != told:
                yield event
                told = event
            # Counted before the ends were read: where all had ended by then, all ends are told.
            if len(ended) == _SOME:
                continue
            if counts.total > 0 and counts.ended == counts.total >= batch.expected:
                return
            if self._stopping.is_set():
                raise stopping()
            await _until_set(self._stopping, _POLL_S)

    async def CancelBatch(self, request: batch_pb2.CancelBatchRequest, context: Context) -> batch_pb2.Batch:  # noqa: N802
        """See the contract."""
        batch = await self._find(request.name)
        while some := await asyncio.to_thread(self._batches.unended, batch.id, _SOME):
            for analysis in some:
                await self._analyses.cancel(analysis.id)
        # Nothing more is to come.
        await asyncio.to_thread(self._batches.update, batch.id, None, 0)
        return await self._shown(await self._find(request.name))

    async def RenewBatch(self, request: batch_pb2.RenewBatchRequest, context: Context) -> batch_pb2.Batch:  # noqa: N802
        """See the contract."""
        batch = await self._find(request.name)
        version = (await self._model.get()).version
        caller = caller_of(context.invocation_metadata(), context.peer())
        while some := await asyncio.to_thread(self._batches.outdated, batch.id, version, _SOME):
            for analysis in some:
                await self._accepting.renew(analysis, caller)
        return await self._shown(batch)

    async def DeleteBatch(self, request: batch_pb2.DeleteBatchRequest, context: Context) -> empty_pb2.Empty:  # noqa: N802
        """See the contract."""
        batch = await self._find(request.name)
        await self.CancelBatch(batch_pb2.CancelBatchRequest(name=request.name), context)
        members = Search(batch_id=batch.id)
        while some := await asyncio.to_thread(self._history.page, _SOME, members):
            for analysis in some:
                await self._service.forget(analysis)
        await asyncio.to_thread(self._batches.delete, batch.id)
        return empty_pb2.Empty()

    async def ExportBatch(  # noqa: N802
        self, request: batch_pb2.ExportBatchRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        """See the contract."""
        batch = await self._find(request.name)
        type_ = exports.content_type(request.format)
        if request.format == analysis_pb2.EXPORT_FORMAT_CSV:
            yield httpbody_pb2.HttpBody(content_type=type_, data=exports.header().encode())
        members, after = Search(batch_id=batch.id, ascending=True), None
        while page := await asyncio.to_thread(self._history.page, _SOME, members, after):
            after = position_of(page[-1], members.order)
            for analysis in page:
                line = exports.piece(await self._service.whole(analysis), request.format)
                yield httpbody_pb2.HttpBody(content_type=type_, data=line.encode())

    async def _find(self, name: str) -> Batch:
        batch = await asyncio.to_thread(self._batches.get, resource_id(name, "batches"))
        if batch is None:
            raise batch_not_found()
        return batch

    async def _shown(self, batch: Batch) -> batch_pb2.Batch:
        counts = await asyncio.to_thread(self._batches.counts, [batch.id])
        return _to_proto(batch, counts[batch.id], await self._model.version())


def _to_proto(batch: Batch, counts: Counts, version: str) -> batch_pb2.Batch:
    whole = max(counts.total, batch.expected)
    shown = batch_pb2.Batch(
        name=f"batches/{batch.id}",
        display_name=batch.display_name,
        expected=batch.expected,
        total=counts.total,
        states=[batch_pb2.StateCount(state=state, count=count) for state, count in _sorted(counts.states.items())],  # type: ignore[arg-type]
        verdicts=[
            batch_pb2.VerdictCount(verdict=verdict, count=count)  # type: ignore[arg-type]
            for verdict, count in _sorted(counts.verdicts.items())
        ],
        percent=min(100.0, counts.percent_sum / whole) if whole else 0.0,
        outdated=sum(count for model, count in counts.models.items() if model != version) if version else 0,
        reviewed=counts.reviewed,
    )
    shown.create_time.FromDatetime(batch.created_at)
    return shown


def _sorted(counts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted(counts)


def _check(display_name: str, expected: int) -> None:
    if len(display_name) > _LONGEST_NAME or "\0" in display_name or expected > _MOST_EXPECTED:
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT,
            "BAD_BATCH",
            f"The name of a batch has at most {_LONGEST_NAME} characters, and a batch at most {_MOST_EXPECTED} files.",
        )


async def _until_set(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
