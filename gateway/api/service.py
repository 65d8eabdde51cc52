"""`notreally.v1.AnalysisService`: thin translation between messages and the parts that do the work."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any, TypeAlias

import grpc
from google.api import httpbody_pb2
from google.protobuf import empty_pb2, field_mask_pb2
from notreally.v1 import analysis_pb2, analysis_pb2_grpc, classifier_pb2

from gateway.analysis.keeping import Keeping
from gateway.api import exports
from gateway.api.accepting import Accepting, ModelInUse, as_upload, media_not_found, request_id_reused
from gateway.api.admission import Admission
from gateway.api.callers import caller_of, sharer_of
from gateway.api.listing import page_size, position_of_token, search_of, token_of
from gateway.api.watching import Watching
from gateway.identity import audit as auditing
from gateway.identity import subject as subjects
from gateway.identity.quotas import Quotas
from gateway.settings import GatewaySettings
from gateway.store import owners
from gateway.store import uploads as uploading
from gateway.store.batches import Batches
from gateway.store.blobs import Blobs
from gateway.store.history import History, position_of
from gateway.store.records import Analysis, Records, Upload
from gateway.store.retention import Janitor
from gateway.store.room import Room
from gateway.store.uploads import Uploads
from services.kit.errors import Refusal
from services.kit.media.store import MediaStore, damaged, media_key
from services.kit.settings import MEBIBYTE

# What a column for it holds, less the steps from it that are asked for.
_LAST_SEQUENCE = 2**31 - 1000
_MAX_TARGETS = 100
_ANNOTATIONS = {"reviewed", "note"}
_LONGEST_NOTE = 2000
_DOWNLOAD_PIECE = 256 * 1024

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class AnalysisService(analysis_pb2_grpc.AnalysisServiceServicer):
    """The servicer."""

    def __init__(
        self,
        settings: GatewaySettings,
        records: Records,
        media: MediaStore,
        blobs: Blobs,
        uploads: Uploads,
        analyses: Keeping,
        watching: Watching,
        admission: Admission,
        janitor: Janitor,
        history: History,
        batches: Batches,
        accepting: Accepting,
        model: ModelInUse,
        room: Room,
        quotas: Quotas,
    ) -> None:
        """Keep the parts."""
        self._room = room
        self._quotas = quotas
        self._history = history
        self._batches = batches
        self._accepting = accepting
        self._model = model
        self._settings = settings
        self._records = records
        self._media = media
        self._blobs = blobs
        self._uploads = uploads
        self._analyses = analyses
        self._watching = watching
        self._admission = admission
        self._janitor = janitor

    async def GetServerInfo(  # noqa: N802
        self, request: analysis_pb2.GetServerInfoRequest, context: Context
    ) -> analysis_pb2.ServerInfo:
        """See the contract."""
        return analysis_pb2.ServerInfo(
            version=version("notreally"),
            max_upload_bytes=self._settings.max_upload_bytes,
            max_chunk_bytes=self._settings.max_chunk_bytes,
            audio_enabled=self._settings.audio_enabled,
            max_frames=self._settings.max_frames,
            model_version=await self._model.version(),
            login=self._settings.login_on,
            signed_in=bool(subjects.current().key_id),
            retention_days=self._settings.retention_days,
            media_retention_days=self._settings.media_retention_days,
        )

    async def GetModel(  # noqa: N802
        self, request: classifier_pb2.GetModelRequest, context: Context
    ) -> classifier_pb2.Model:
        """See the contract."""
        return await self._model.get()

    async def CreateUpload(  # noqa: N802
        self, request: analysis_pb2.CreateUploadRequest, context: Context
    ) -> analysis_pb2.Upload:
        """See the contract."""
        await asyncio.to_thread(self._quotas.may_keep, owners.current(), request.size_bytes)
        upload = await self._uploads.create(
            request.filename,
            request.size_bytes,
            request.sha256,
            request_id_of(request.request_id),
            sharer_of(context.invocation_metadata(), context.peer()),
        )
        if upload.size_bytes != request.size_bytes or upload.announced_sha256 != request.sha256:
            raise request_id_reused()
        auditing.concerns(f"uploads/{upload.id}")
        return uploading.to_proto(upload)

    async def UploadChunk(  # noqa: N802
        self, request: analysis_pb2.UploadChunkRequest, context: Context
    ) -> analysis_pb2.Upload:
        """See the contract."""
        upload = await self._uploads.append(
            resource_id(request.name, "uploads"), request.offset, request.data, request.crc32c
        )
        return uploading.to_proto(upload)

    async def GetUpload(  # noqa: N802
        self, request: analysis_pb2.GetUploadRequest, context: Context
    ) -> analysis_pb2.Upload:
        """See the contract."""
        upload = await self._uploads.get(resource_id(request.name, "uploads"))
        return uploading.to_proto(await self._uploads.finish(upload))

    async def CreateAnalysis(  # noqa: N802
        self, request: analysis_pb2.CreateAnalysisRequest, context: Context
    ) -> analysis_pb2.Analysis:
        """See the contract."""
        request_id = request_id_of(request.request_id)
        file = await self._file(request)
        batch_id = await self._batch_id(request.batch)
        caller = caller_of(context.invocation_metadata(), context.peer())
        analysis = await self._accepting.accept(file, request_id, caller, batch_id=batch_id, reuse=request.reuse)
        auditing.concerns(f"analyses/{analysis.id}")
        return await self._whole(analysis)

    async def _file(self, request: analysis_pb2.CreateAnalysisRequest) -> Upload:
        """What is to be analysed, with all of its bytes here."""
        if request.analysis:
            if request.upload:
                raise Refusal(
                    grpc.StatusCode.INVALID_ARGUMENT, "BAD_NAME", "Name either an upload or an earlier analysis."
                )
            earlier = await self.find(resource_id(request.analysis, "analyses"))
            return as_upload(earlier, uploading.clean_filename(request.filename) if request.filename else "")
        upload = await self._uploads.get(resource_id(request.upload, "uploads"))
        upload = await self._uploads.finish(upload)
        if upload.sha256 is None:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                "UPLOAD_INCOMPLETE",
                f"Only {upload.committed_size} of {upload.size_bytes} bytes have arrived. Send the rest first.",
                committed_size=str(upload.committed_size),
            )
        return upload

    async def _batch_id(self, name: str) -> str | None:
        """The id of a batch that there is; None for an empty name."""
        if not name:
            return None
        batch_id = resource_id(name, "batches")
        if await asyncio.to_thread(self._batches.get, batch_id) is None:
            raise batch_not_found()
        return batch_id

    async def GetAnalysis(  # noqa: N802
        self, request: analysis_pb2.GetAnalysisRequest, context: Context
    ) -> analysis_pb2.Analysis:
        """See the contract."""
        analysis = await self.find(resource_id(request.name, "analyses"))
        _check_mask(request.read_mask)
        whole = await self._whole(analysis, series=request.include_series)
        if request.omit_thumbnails:
            for face in whole.result.faces:
                face.ClearField("thumbnails")
        return _masked(whole, request.read_mask)

    async def ListAnalyses(  # noqa: N802
        self, request: analysis_pb2.ListAnalysesRequest, context: Context
    ) -> analysis_pb2.ListAnalysesResponse:
        """See the contract."""
        size = page_size(request.page_size)
        search = search_of(request, await self._batch_id(request.batch))
        after = position_of_token(request.page_token, request.order) if request.page_token else None
        page = await asyncio.to_thread(self._history.page, size + 1, search, after)
        line = await self._admission.line()
        return analysis_pb2.ListAnalysesResponse(
            analyses=[to_proto(analysis, line.get(analysis.id)) for analysis in page[:size]],
            next_page_token=token_of(position_of(page[size - 1], request.order)) if len(page) > size else "",
        )

    async def ExportAnalysis(  # noqa: N802
        self, request: analysis_pb2.ExportAnalysisRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        """See the contract."""
        analysis = await self.find(resource_id(request.name, "analyses"))
        return exports.document(await self._whole(analysis), request.format)

    async def UpdateAnalysis(  # noqa: N802
        self, request: analysis_pb2.UpdateAnalysisRequest, context: Context
    ) -> analysis_pb2.Analysis:
        """See the contract."""
        analysis = await self.find(resource_id(request.analysis.name, "analyses"))
        auditing.concerns(request.analysis.name)
        paths = set(request.update_mask.paths) or _ANNOTATIONS
        if not paths <= _ANNOTATIONS:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT, "BAD_UPDATE_MASK", "Only `reviewed` and `note` can be changed."
            )
        if len(request.analysis.note) > _LONGEST_NOTE or "\0" in request.analysis.note:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT, "BAD_NOTE", f"A note is text of at most {_LONGEST_NOTE} characters."
            )
        values = {path: getattr(request.analysis, path) for path in paths}
        await asyncio.to_thread(self._records.annotate, analysis.id, **values)
        return to_proto(await self.find(analysis.id))

    async def WatchAnalyses(  # noqa: N802
        self, request: analysis_pb2.WatchAnalysesRequest, context: Context
    ) -> AsyncIterator[analysis_pb2.AnalysisEvent]:
        """See the contract."""
        if not 1 <= len(request.targets) <= _MAX_TARGETS:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT, "BAD_TARGETS", f"Name between 1 and {_MAX_TARGETS} analyses."
            )
        if any(target.after_sequence > _LAST_SEQUENCE for target in request.targets):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_TARGETS", "No analysis has that many events.")
        targets = [
            ((await self.find(resource_id(t.name, "analyses"))).id, max(t.after_sequence, 0)) for t in request.targets
        ]
        async for event in self._watching.watch(targets, include_series=request.include_series):
            yield event

    async def CancelAnalysis(  # noqa: N802
        self, request: analysis_pb2.CancelAnalysisRequest, context: Context
    ) -> analysis_pb2.Analysis:
        """See the contract."""
        analysis = await self.find(resource_id(request.name, "analyses"))
        await self._analyses.cancel(analysis.id)
        return await self._whole(await self.find(analysis.id))

    async def DeleteAnalysis(  # noqa: N802
        self, request: analysis_pb2.DeleteAnalysisRequest, context: Context
    ) -> empty_pb2.Empty:
        """See the contract."""
        analysis = await self.find(resource_id(request.name, "analyses"))
        await self.forget(analysis)
        return empty_pb2.Empty()

    async def DeleteAnalyses(  # noqa: N802
        self, request: analysis_pb2.DeleteAnalysesRequest, context: Context
    ) -> analysis_pb2.DeleteAnalysesResponse:
        """See the contract."""
        if not 1 <= len(request.names) <= _MAX_TARGETS:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT, "BAD_TARGETS", f"Name between 1 and {_MAX_TARGETS} analyses."
            )
        auditing.concerns(*request.names)
        deleted = 0
        for analysis_id in [resource_id(name, "analyses") for name in request.names]:
            analysis = await asyncio.to_thread(self._records.analysis, analysis_id)
            if analysis is not None:
                await self.forget(analysis)
                deleted += 1
        return analysis_pb2.DeleteAnalysesResponse(deleted=deleted)

    async def DownloadMedia(  # noqa: N802
        self, request: analysis_pb2.DownloadMediaRequest, context: Context
    ) -> AsyncIterator[analysis_pb2.DownloadMediaResponse]:
        """See the contract."""
        analysis = await self.find(resource_id(request.name, "analyses"))
        if request.offset > analysis.size_bytes:
            raise Refusal(grpc.StatusCode.OUT_OF_RANGE, "WRONG_OFFSET", f"The file has {analysis.size_bytes} bytes.")
        key = media_key(analysis.sha256)
        if analysis.media_removed_at is not None:
            raise media_not_found()
        digest = hashlib.sha256()
        try:
            for start in range(request.offset, analysis.size_bytes, MEBIBYTE):
                end = min(start + MEBIBYTE, analysis.size_bytes)
                data = await self._media.read(key, start, end)
                digest.update(data)
                for piece in range(0, len(data), _DOWNLOAD_PIECE):
                    yield analysis_pb2.DownloadMediaResponse(data=data[piece : piece + _DOWNLOAD_PIECE])
        except FileNotFoundError:
            raise media_not_found() from None
        if not request.offset and digest.hexdigest() != analysis.sha256:
            raise damaged()

    async def find(self, analysis_id: str) -> Analysis:
        """The record of an analysis.

        Raises:
            Refusal: NOT_FOUND, ANALYSIS_NOT_FOUND.
        """
        analysis = await asyncio.to_thread(self._records.analysis, analysis_id)
        if analysis is None or subjects.current().analysis_id not in (None, analysis.id):
            raise analysis_not_found()
        return analysis

    async def forget(self, analysis: Analysis) -> None:
        """Cancel and remove an analysis with all that belongs to it, on a full disk too."""
        with self._room.for_deleting():
            await self._analyses.cancel(analysis.id)
            await self._janitor.remove(analysis.id, analysis.sha256)

    async def whole(self, analysis: Analysis) -> analysis_pb2.Analysis:
        """An analysis with its result; without one where that is gone."""
        try:
            return await self._whole(analysis)
        except Refusal as refusal:
            if refusal.reason != "RESULT_NOT_FOUND":
                raise
            return to_proto(analysis)

    async def _whole(self, analysis: Analysis, *, series: bool = False) -> analysis_pb2.Analysis:
        line = await self._admission.line() if analysis.state == analysis_pb2.ANALYSIS_STATE_QUEUED else {}
        resource = to_proto(analysis, line.get(analysis.id))
        if analysis.state == analysis_pb2.ANALYSIS_STATE_SUCCEEDED:
            result = await self._blobs.result(analysis.id, series=series)
            if result is None:  # being deleted, or lost; an empty one would read as a probability of 0
                raise _result_not_found()
            resource.result.CopyFrom(result)
        if subjects.current().analysis_id is not None:  # the owner has shared the result, not what they think of it
            resource.ClearField("note")
            resource.ClearField("reviewed")
            resource.ClearField("batch")
        return resource


def _check_mask(mask: field_mask_pb2.FieldMask) -> None:
    if not mask.IsValidForDescriptor(analysis_pb2.Analysis.DESCRIPTOR):
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT, "BAD_READ_MASK", "read_mask names a field that an analysis does not have."
        )


def _masked(analysis: analysis_pb2.Analysis, mask: field_mask_pb2.FieldMask) -> analysis_pb2.Analysis:
    """The fields asked for, and the name; all where none is named."""
    if not mask.paths:
        return analysis
    shown = analysis_pb2.Analysis(name=analysis.name)
    mask.MergeMessage(analysis, shown)
    return shown


def analysis_not_found() -> Refusal:
    """The refusal of an analysis that does not exist."""
    text = "There is no such analysis. It may have been deleted."
    return Refusal(grpc.StatusCode.NOT_FOUND, "ANALYSIS_NOT_FOUND", text)


def batch_not_found() -> Refusal:
    """The refusal of a batch that does not exist."""
    return Refusal(grpc.StatusCode.NOT_FOUND, "BATCH_NOT_FOUND", "There is no such batch. It may have been deleted.")


def _result_not_found() -> Refusal:
    text = "The result of this analysis is gone. Delete the analysis, and upload the file again."
    return Refusal(grpc.StatusCode.NOT_FOUND, "RESULT_NOT_FOUND", text)


def to_proto(analysis: Analysis, queue_position: int | None = None) -> analysis_pb2.Analysis:
    """The analysis as its resource, with the verdict in short but not the whole result."""
    resource = analysis_pb2.Analysis(
        name=f"analyses/{analysis.id}",
        state=analysis.state,
        filename=analysis.filename,
        percent=analysis.percent,
        stage=analysis.stage,
        queue_position=queue_position,
        batch=f"batches/{analysis.batch_id}" if analysis.batch_id else "",
        reviewed=analysis.reviewed,
        note=analysis.note,
        model_version=analysis.model_version or "",
        length_s=analysis.length_s,
        people=analysis.people,
    )
    resource.media.sha256 = analysis.sha256
    resource.media.size_bytes = analysis.size_bytes
    resource.create_time.FromDatetime(analysis.created_at)
    if analysis.ended_at is not None:
        resource.end_time.FromDatetime(analysis.ended_at)
    if analysis.media_removed_at is not None:
        resource.media_remove_time.FromDatetime(analysis.media_removed_at)
    if analysis.error is not None:
        resource.error.ParseFromString(analysis.error)
    if analysis.verdict is not None and analysis.prob_fake is not None:
        resource.result.verdict = analysis.verdict
        resource.result.headline = analysis.headline or analysis_pb2.PART_UNSPECIFIED
        resource.result.prob_fake = analysis.prob_fake
        resource.result.prob_real = 1 - analysis.prob_fake
        resource.result.authenticity_score = 100 * (1 - analysis.prob_fake)
    return resource


def resource_id(name: str, collection: str) -> str:
    """The id in a resource name such as ``uploads/{id}``.

    Raises:
        Refusal: INVALID_ARGUMENT, BAD_NAME.
    """
    prefix, _, identifier = name.partition("/")
    try:
        if prefix == collection:
            return str(uuid.UUID(identifier))
    except ValueError:
        pass
    raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_NAME", f"A name has the form {collection}/{{uuid}}.")


def request_id_of(text: str) -> str | None:
    """A request id as it was given; None for none.

    Raises:
        Refusal: INVALID_ARGUMENT, BAD_REQUEST_ID.
    """
    if not text:
        return None
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST_ID", "A request_id must be a UUID.") from None
