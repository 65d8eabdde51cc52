"""`notreally.v1.RestService`: plain HTTP and JSON, behind Envoy's transcoder."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import resources
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
    "GET /api/results": "All analyses, newest first, by ?status=, ?verdict=, ?query=, ?batch_id= or ?sha256=.",
    "POST /api/results/{job_id}/cancel": "Stop an analysis.",
    "DELETE /api/results/{job_id}": "Remove an analysis and its video.",
    "GET /api/results/{job_id}/media": "The file that was analysed.",
    "GET /api/openapi.json": "All of this as OpenAPI 3.1.",
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


_STATES: "dict[str, list[analysis_pb2.AnalysisState.ValueType]]" = {
    "": [],
    "processing": [analysis_pb2.ANALYSIS_STATE_QUEUED, analysis_pb2.ANALYSIS_STATE_RUNNING],
    "completed": [analysis_pb2.ANALYSIS_STATE_SUCCEEDED],
    "failed": [analysis_pb2.ANALYSIS_STATE_FAILED, analysis_pb2.ANALYSIS_STATE_CANCELLED],
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
        with _known():
            return rest_json.body(rest_json.results(await self._service.GetAnalysis(named, context)))

    async def ListResults(  # noqa: N802
        self, request: rest_pb2.ListResultsRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        if request.status not in _STATES:
            raise _bad_filter("The status is `processing`, `completed` or `failed`.")
        verdict = analysis_pb2.Verdict.DESCRIPTOR.values_by_name.get(f"VERDICT_{request.verdict.upper()}")
        if request.verdict and verdict is None:
            raise _bad_filter("The verdict is `likely_real`, `likely_fake`, `inconclusive` or `insufficient`.")
        wanted = analysis_pb2.ListAnalysesRequest(
            page_size=request.page_size,
            page_token=request.page_token,
            states=_STATES[request.status],
            verdicts=[] if verdict is None else [verdict.number],
            query=request.query,
            batch=f"batches/{request.batch_id}" if request.batch_id else "",
            sha256=request.sha256,
        )
        page = await self._service.ListAnalyses(wanted, context)
        return rest_json.body(
            {
                "results": [rest_json.listed(analysis) for analysis in page.analyses],
                "next_page_token": page.next_page_token or None,
            }
        )

    async def CancelResults(  # noqa: N802
        self, request: rest_pb2.CancelResultsRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        named = analysis_pb2.CancelAnalysisRequest(name=f"analyses/{request.job_id}")
        with _known():
            return rest_json.body(rest_json.results(await self._service.CancelAnalysis(named, context)))

    async def DeleteResults(  # noqa: N802
        self, request: rest_pb2.DeleteResultsRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        named = analysis_pb2.DeleteAnalysisRequest(name=f"analyses/{request.job_id}")
        with _known():
            await self._service.DeleteAnalysis(named, context)
        return rest_json.body({"job_id": request.job_id, "status": "deleted"})

    async def GetMedia(  # noqa: N802
        self, request: rest_pb2.GetMediaRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        """See the contract."""
        named = analysis_pb2.DownloadMediaRequest(name=f"analyses/{request.job_id}", offset=request.offset)
        with _known():
            async for piece in self._service.DownloadMedia(named, context):
                yield httpbody_pb2.HttpBody(content_type="application/octet-stream", data=piece.data)

    async def GetOpenApi(  # noqa: N802
        self, request: rest_pb2.GetOpenApiRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        return httpbody_pb2.HttpBody(content_type="application/json", data=await asyncio.to_thread(_description))

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


@cache
def _description() -> bytes:
    """What deploy/images/openapi.py has made of the contract, beside which it lies."""
    return resources.files("notreally").joinpath("openapi.json").read_bytes()


@contextmanager
def _known() -> Iterator[None]:
    """A caller of this API knows no resource names: a malformed job id is one that does not exist."""
    try:
        yield
    except Refusal as refusal:
        raise analysis_not_found() if refusal.reason == "BAD_NAME" else refusal from None


def _bad_filter(text: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_FILTER", text)


async def _body(first: rest_pb2.AnalyzeRequest, rest: AsyncIterator[rest_pb2.AnalyzeRequest]) -> AsyncIterator[bytes]:
    yield first.body.data
    async for request in rest:
        yield request.body.data
