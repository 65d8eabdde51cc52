"""`notreally.v1.RestBatchService`: batches as plain HTTP and JSON, behind Envoy's transcoder."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
from google.api import httpbody_pb2
from notreally.v1 import analysis_pb2, batch_pb2, rest_batch_pb2, rest_batch_pb2_grpc

from gateway.api import rest_json
from gateway.api.batches import BatchService, Context
from gateway.api.service import batch_not_found
from services.kit.errors import Refusal

_FORMATS = {
    "": analysis_pb2.EXPORT_FORMAT_UNSPECIFIED,
    "jsonl": analysis_pb2.EXPORT_FORMAT_UNSPECIFIED,
    "csv": analysis_pb2.EXPORT_FORMAT_CSV,
}


class RestBatchService(rest_batch_pb2_grpc.RestBatchServiceServicer):
    """The servicer.

    Args:
        service: Does the work.
    """

    def __init__(self, service: BatchService) -> None:
        """Keep the service."""
        self._service = service

    async def CreateRestBatch(  # noqa: N802
        self, request: rest_batch_pb2.CreateRestBatchRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        wanted = batch_pb2.CreateBatchRequest(display_name=request.name, expected=request.expected)
        return _json(await self._service.CreateBatch(wanted, context))

    async def ListRestBatches(  # noqa: N802
        self, request: rest_batch_pb2.ListRestBatchesRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        wanted = batch_pb2.ListBatchesRequest(page_size=request.page_size, page_token=request.page_token)
        page = await self._service.ListBatches(wanted, context)
        return rest_json.body(
            {"batches": [shown(batch) for batch in page.batches], "next_page_token": page.next_page_token or None}
        )

    async def GetRestBatch(  # noqa: N802
        self, request: rest_batch_pb2.GetRestBatchRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        named = batch_pb2.GetBatchRequest(name=f"batches/{request.batch_id}")
        return _json(await _known(self._service.GetBatch(named, context)))

    async def ExportRestBatch(  # noqa: N802
        self, request: rest_batch_pb2.ExportRestBatchRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        """See the contract."""
        if request.format not in _FORMATS:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_FORMAT", "The format is `jsonl` or `csv`.")
        named = batch_pb2.GetBatchRequest(name=f"batches/{request.batch_id}")
        wanted = batch_pb2.ExportBatchRequest(
            name=(await _known(self._service.GetBatch(named, context))).name, format=_FORMATS[request.format]
        )
        async for piece in self._service.ExportBatch(wanted, context):
            yield piece

    async def CancelRestBatch(  # noqa: N802
        self, request: rest_batch_pb2.CancelRestBatchRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        named = batch_pb2.CancelBatchRequest(name=f"batches/{request.batch_id}")
        return _json(await _known(self._service.CancelBatch(named, context)))

    async def RenewRestBatch(  # noqa: N802
        self, request: rest_batch_pb2.RenewRestBatchRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        named = batch_pb2.RenewBatchRequest(name=f"batches/{request.batch_id}")
        return _json(await _known(self._service.RenewBatch(named, context)))

    async def DeleteRestBatch(  # noqa: N802
        self, request: rest_batch_pb2.DeleteRestBatchRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        await _known(
            self._service.DeleteBatch(batch_pb2.DeleteBatchRequest(name=f"batches/{request.batch_id}"), context)
        )
        return rest_json.body({"batch_id": request.batch_id, "status": "deleted"})


def shown(batch: batch_pb2.Batch) -> dict[str, Any]:
    """A batch as JSON."""
    return {
        "batch_id": batch.name.removeprefix("batches/"),
        "name": batch.display_name,
        "created_at": rest_json.plain(batch.create_time),
        "expected": batch.expected,
        "total": batch.total,
        "progress": batch.percent,
        "states": {one["state"]: one["count"] for one in map(rest_json.plain, batch.states)},
        "verdicts": {one["verdict"]: one["count"] for one in map(rest_json.plain, batch.verdicts)},
        "reviewed": batch.reviewed,
        "outdated": batch.outdated,
    }


async def _known(answer: Awaitable[Any]) -> Any:
    """A caller of this API knows no resource names: a malformed id is one of a batch that does not exist."""
    try:
        return await answer
    except Refusal as refusal:
        raise batch_not_found() if refusal.reason == "BAD_NAME" else refusal from None


def _json(batch: batch_pb2.Batch) -> httpbody_pb2.HttpBody:
    return rest_json.body(shown(batch))
