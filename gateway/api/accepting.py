"""Which file an analysis is to be of, and whether a result of that file is there already."""

import asyncio
import time
import uuid

import grpc
import structlog
from notreally.v1 import classifier_pb2

from gateway.analysis.extraction import Extraction
from gateway.analysis.keeping import Keeping
from gateway.api.admission import Admission
from gateway.identity.quotas import Quotas
from gateway.store import owners
from gateway.store.blobs import Blobs
from gateway.store.records import Analysis, Records, Upload
from services.kit.errors import Refusal

log = structlog.get_logger()

_MODEL_AGE_S = 10.0
_MODEL_PATIENCE_S = 3.0


class ModelInUse:
    """The classifier's model, asked for now and then.

    Args:
        extraction: For the classifier.
    """

    def __init__(self, extraction: Extraction) -> None:
        """Nothing is asked yet."""
        self._extraction = extraction
        self._model: classifier_pb2.Model | None = None
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def get(self) -> classifier_pb2.Model:
        """The model.

        Raises:
            Refusal: UNAVAILABLE, CLASSIFIER_UNAVAILABLE, when the classifier does not answer and never has.
        """
        async with self._asking:
            if time.monotonic() - self._asked_at >= _MODEL_AGE_S:
                try:
                    async with asyncio.timeout(_MODEL_PATIENCE_S):
                        self._model = await self._extraction.model()
                    self._asked_at = time.monotonic()
                except (Refusal, TimeoutError):
                    log.info("the classifier did not say which model it uses")
        if self._model is None:
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "CLASSIFIER_UNAVAILABLE",
                "The classifier does not answer right now. Try again in a moment.",
            )
        return self._model

    async def version(self) -> str:
        """Its version; empty when that is not known."""
        try:
            return (await self.get()).version
        except Refusal:
            return ""


class Accepting:
    """Accepts files for analysis.

    Args:
        records: Rows of analyses.
        blobs: Their results.
        admission: The queue.
        analyses: Starts what was accepted.
        model: Whose results are up to date.
        quotas: What each owner may have.
    """

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        admission: Admission,
        analyses: Keeping,
        model: ModelInUse,
        quotas: Quotas,
    ) -> None:
        """Keep the parts."""
        self._quotas = quotas
        self._records = records
        self._blobs = blobs
        self._admission = admission
        self._analyses = analyses
        self._model = model

    async def accept(
        self, file: Upload, request_id: str | None, caller: str, *, batch_id: str | None = None, reuse: bool = False
    ) -> Analysis:
        """An analysis of a file: begun, or one that has ended if `reuse` is on and its result is there already.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, QUEUE_FULL or DAILY_QUOTA; ALREADY_EXISTS, REQUEST_ID_REUSED.
        """
        analysis = await asyncio.to_thread(self._records.by_request, request_id) if request_id else None
        if analysis is None and reuse:
            analysis = await self._again(file, request_id, batch_id)
        if analysis is None:
            analysis = await self._begin(file, request_id, caller, batch_id)
        if analysis.sha256 != file.sha256:
            raise request_id_reused()
        if not analysis.ended:
            await self._analyses.start(analysis)
        return analysis

    async def _begin(self, file: Upload, request_id: str | None, caller: str, batch_id: str | None) -> Analysis:
        owner = owners.current()
        await asyncio.to_thread(self._quotas.begin, owner)
        try:
            return await self._admission.admit(file, request_id, caller, batch_id)
        except Refusal:
            await asyncio.to_thread(self._quotas.take_back, owner)
            raise

    async def renew(self, old: Analysis, caller: str) -> Analysis:
        """Analyse a file once more, in the place that `old` has in its batch. Repeated, it gives the same analysis."""
        request_id = str(uuid.uuid5(uuid.UUID(old.id), await self._model.version()))
        analysis = await self.accept(as_upload(old), request_id, caller, batch_id=old.batch_id)
        await asyncio.to_thread(self._records.replace_in_batch, old.id)
        return analysis

    async def _again(self, file: Upload, request_id: str | None, batch_id: str | None) -> Analysis | None:
        """What the model in use has said of the same file before; in a batch, a copy of its own."""
        version = await self._model.version()
        if not version or file.sha256 is None:
            return None
        earlier = await asyncio.to_thread(self._records.newest_result, file.sha256, version)
        if earlier is None or batch_id is None:
            return earlier
        analysis_id = str(uuid.uuid4())
        if not await self._blobs.copy_result(earlier.id, analysis_id):
            return None  # it is being deleted
        made = await asyncio.to_thread(
            self._records.create_copy, analysis_id, earlier, file.filename, request_id, batch_id
        )
        if made.id != analysis_id:  # another call was faster
            await self._blobs.delete(analysis_id)
        return made


def as_upload(analysis: Analysis, filename: str = "") -> Upload:
    """The file of an analysis, as if it had just been uploaded.

    Raises:
        Refusal: NOT_FOUND, MEDIA_NOT_FOUND.
    """
    if analysis.media_removed_at is not None:
        raise media_not_found()
    return Upload(
        id=analysis.upload_id or "",
        request_id=None,
        filename=filename or analysis.filename,
        size_bytes=analysis.size_bytes,
        committed_size=analysis.size_bytes,
        announced_sha256="",
        sha256=analysis.sha256,
        created_at=analysis.created_at,
        touched_at=analysis.created_at,
        sharer="",
    )


def media_not_found() -> Refusal:
    """The refusal of a file that is kept no more."""
    text = "The file is no longer kept, only its result. To play it or analyse it anew, upload it again."
    return Refusal(grpc.StatusCode.NOT_FOUND, "MEDIA_NOT_FOUND", text)


def request_id_reused() -> Refusal:
    """The refusal of a request id that stands for something else."""
    return Refusal(
        grpc.StatusCode.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
        "This request_id was used before for something else. Use a new one.",
    )
