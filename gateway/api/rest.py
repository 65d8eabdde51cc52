"""`notreally.v1.RestService`: plain HTTP and JSON, behind Envoy's transcoder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.metadata import version

import grpc
from google.api import httpbody_pb2
from notreally.v1 import analysis_pb2, rest_pb2, rest_pb2_grpc

from gateway.api import rest_json
from gateway.api.admission import Admission
from gateway.api.callers import caller_of, sharer_in
from gateway.api.multipart import FilePart
from gateway.api.service import AnalysisService, Context, analysis_not_found
from gateway.identity.quotas import Quotas
from gateway.store import owners
from gateway.store.retention import Janitor
from gateway.store.uploads import Uploads
from services.kit.errors import Refusal

_ENDPOINTS = {
    "POST /api/analyze": "Upload a video or a sound recording (multipart field `file`, or the raw body with "
    "?filename=) and analyse it.",
    "GET /api/results/{job_id}": "Where an analysis stands, and its result once it is completed.",
    "POST /api/batches": "Begin a batch of ?expected= files with a ?name=; /api/analyze?batch_id= puts one into it.",
    "GET /api/batches": "All batches, newest first.",
    "GET /api/batches/{batch_id}": "How a batch stands.",
    "GET /api/batches/{batch_id}/export": "Its results as JSON Lines, or with ?format=csv as a table.",
    "POST /api/batches/{batch_id}/cancel": "Stop what has not ended.",
    "POST /api/batches/{batch_id}/renew": "Analyse files again whose results another model has given.",
    "DELETE /api/batches/{batch_id}": "Remove it with all its analyses.",
    "GET /api/health": "Whether the service is up.",
    "gRPC notreally.v1.AnalysisService": "The whole API, native or grpc-web, on the same port; reflection is on.",
}


class RestService(rest_pb2_grpc.RestServiceServicer):
    """The servicer."""

    def __init__(
        self, uploads: Uploads, service: AnalysisService, admission: Admission, janitor: Janitor, quotas: Quotas
    ) -> None:
        """Keep the parts."""
        self._quotas = quotas
        self._uploads = uploads
        self._service = service
        self._admission = admission
        self._janitor = janitor

    async def Analyze(  # noqa: N802
        self, request_iterator: AsyncIterator[rest_pb2.AnalyzeRequest], context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        # Before the body, so that nobody sends 100 MB only to learn that the queue is full.
        caller = caller_of(context.invocation_metadata(), context.peer())
        await self._admission.check(caller)
        sharer = sharer_in(caller)
        await asyncio.to_thread(self._quotas.may_keep, owners.current(), 1)
        first = await anext(aiter(request_iterator), None)
        if first is None:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "EMPTY_FILE",
                "The request has no body. Send a video or a sound recording.",
            )
        body = _body(first, request_iterator)
        content_type = first.body.content_type
        if content_type.lower().startswith("multipart/form-data"):
            part = FilePart(content_type)
            upload = await self._uploads.receive(lambda: first.filename or part.filename, part.pieces(body), sharer)
        else:
            upload = await self._uploads.receive(lambda: first.filename, body, sharer)
        request = analysis_pb2.CreateAnalysisRequest(
            upload=f"uploads/{upload.id}",
            batch=f"batches/{first.batch_id}" if first.batch_id else "",
            reuse=first.reuse,
        )
        try:
            await asyncio.to_thread(self._quotas.may_keep, owners.current(), 0)  # now that it counts
            analysis = await self._service.CreateAnalysis(request, context)
        except Refusal:
            # Queue or quota filled up meanwhile: the video would be kept for a day, and nobody knows its name.
            with suppress(Refusal):  # it goes when it expires
                await self._uploads.abandon(upload.id)
                if upload.sha256 is not None:
                    await self._janitor.delete_unused(upload.sha256)
            raise
        job_id = analysis.name.removeprefix("analyses/")
        return rest_json.body(
            {
                "job_id": job_id,
                "status": "completed" if analysis.HasField("result") else "processing",
                "message": f"The file was accepted. Ask /api/results/{job_id} for the result.",
            }
        )

    async def GetResults(  # noqa: N802
        self, request: rest_pb2.GetResultsRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        named = analysis_pb2.GetAnalysisRequest(name=f"analyses/{request.job_id}")
        try:
            analysis = await self._service.GetAnalysis(named, context)
        except Refusal as refusal:
            # A caller of this API knows no resource names: a malformed job id is one that does not exist.
            raise analysis_not_found() if refusal.reason == "BAD_NAME" else refusal from None
        return rest_json.body(rest_json.results(analysis))

    async def GetHealth(  # noqa: N802
        self, request: rest_pb2.GetHealthRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        return rest_json.body({"status": "healthy", "version": version("notreally")})

    async def ListEndpoints(  # noqa: N802
        self, request: rest_pb2.ListEndpointsRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        return rest_json.body({"name": "NotReally", "version": version("notreally"), "endpoints": _ENDPOINTS})


async def _body(first: rest_pb2.AnalyzeRequest, rest: AsyncIterator[rest_pb2.AnalyzeRequest]) -> AsyncIterator[bytes]:
    yield first.body.data
    async for request in rest:
        yield request.body.data
