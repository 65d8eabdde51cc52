"""Asking the four services: their channels, and runs of windows streamed into the blob store.

A window's signals are stored the moment they arrive, so a run that is cut short and asked for again asks only for the
windows still missing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import grpc
from notreally.v1 import (
    audio_pb2,
    audio_pb2_grpc,
    classifier_pb2,
    classifier_pb2_grpc,
    face_pb2,
    face_pb2_grpc,
    features_pb2,
    media_pb2,
    metadata_pb2,
    metadata_pb2_grpc,
)

from gateway.blobs import Blobs
from gateway.settings import GatewaySettings
from services.kit.channels import open_channel
from services.kit.errors import Refusal, refusal_of

_PROBE_DEADLINE_S = 60.0
_CLASSIFY_DEADLINE_S = 10.0
_RUN_DEADLINE_S = 600.0

Response = TypeVar("Response")


class Report(Protocol):
    """Told how far a run is."""

    def __call__(self, done: float, text: str, finished: media_pb2.TimeWindow | None) -> Awaitable[None]:
        """`done` is the share of the run's seconds finished; `finished` a window whose signals are now stored."""


class Extraction:
    """The services as the gateway uses them."""

    def __init__(self, settings: GatewaySettings, blobs: Blobs) -> None:
        """Open channels; nothing is sent before the first call."""
        targets = (settings.face_target, settings.audio_target, settings.metadata_target, settings.classifier_target)
        self._channels = [open_channel(target) for target in targets]
        face, audio, metadata, classifier = self._channels
        self._face = face_pb2_grpc.FaceServiceStub(face)
        self._audio = audio_pb2_grpc.AudioServiceStub(audio)
        self._metadata = metadata_pb2_grpc.MetadataServiceStub(metadata)
        self._classifier = classifier_pb2_grpc.ClassifierServiceStub(classifier)
        self._blobs = blobs

    async def close(self) -> None:
        """Close the channels."""
        for channel in self._channels:
            await channel.close()

    async def probe(self, media: media_pb2.MediaRef) -> metadata_pb2.ProbeResponse:
        """Container facts and keyframe times.

        Raises:
            Refusal: What the service refused with, or <SERVICE>_UNAVAILABLE when it gave no answer.
        """
        request = metadata_pb2.ProbeRequest(media=media)
        return await _answer(self._metadata.Probe(request, timeout=_PROBE_DEADLINE_S), "metadata")

    async def classify(self, features: features_pb2.FeatureVector) -> classifier_pb2.ClassifyResponse:
        """A calibrated probability with reasons; raises as `probe` does."""
        request = classifier_pb2.ClassifyRequest(features=features)
        return await _answer(self._classifier.Classify(request, timeout=_CLASSIFY_DEADLINE_S), "classifier")

    async def model(self) -> classifier_pb2.Model:
        """The model in use; raises as `probe` does."""
        call = self._classifier.GetModel(classifier_pb2.GetModelRequest(), timeout=_CLASSIFY_DEADLINE_S)
        return await _answer(call, "classifier")

    async def face_run(
        self,
        analysis_id: str,
        media: media_pb2.MediaRef,
        windows: Sequence[media_pb2.TimeWindow],
        frame_stride: int,
        most_frames: int,
        thumbnails: int,
        report: Report,
    ) -> None:
        """Store the face signals of a run of windows, each of `most_frames` analysed frames at most.

        Raises as `probe` does.
        """
        request = face_pb2.FaceServiceExtractWindowsRequest(
            media=media, frame_stride=frame_stride, max_frames=most_frames, max_thumbnails=thumbnails
        )
        await self._run(analysis_id, "face", windows, request, self._face.ExtractWindows, report)

    async def audio_run(
        self,
        analysis_id: str,
        media: media_pb2.MediaRef,
        windows: Sequence[media_pb2.TimeWindow],
        video_start_s: float,
        report: Report,
    ) -> None:
        """Store the sound signals of a run of windows; raises as `probe` does."""
        request = audio_pb2.AudioServiceExtractWindowsRequest(media=media, video_start_s=video_start_s)
        await self._run(analysis_id, "audio", windows, request, self._audio.ExtractWindows, report)

    async def _run(
        self,
        analysis_id: str,
        modality: str,
        windows: Sequence[media_pb2.TimeWindow],
        request: Any,
        method: Callable[..., Any],
        report: Report,
    ) -> None:
        missing = [w for w in windows if not await self._blobs.has_window(analysis_id, modality, w.index)]
        total_s = sum(w.end_s - w.start_s for w in windows) or 1.0
        missing_s = sum(w.end_s - w.start_s for w in missing)
        await report(1 - missing_s / total_s, "", None)
        if not missing:
            return
        request.windows.extend(missing)
        async for response in _answers(method(request, timeout=_RUN_DEADLINE_S), modality):
            if response.HasField("progress"):
                progress = response.progress
                await report(1 - (1 - progress.fraction) * missing_s / total_s, progress.text, None)
            else:
                window = response.window
                await self._blobs.put_window(analysis_id, modality, window)
                await report(0.0, "", window.window)
        await report(1.0, "", None)


async def _answer(call: Awaitable[Response], service: str) -> Response:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise _refusal(error, service) from None


async def _answers(call: Any, service: str) -> AsyncIterator[Any]:
    try:
        async for response in call:
            yield response
    except grpc.aio.AioRpcError as error:
        raise _refusal(error, service) from None
    finally:
        # Reached with the call still open when the work was cancelled: the service must hear of it.
        call.cancel()


_NO_ANSWER = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
    }
)


def may_pass(error: BaseException) -> bool:
    """Whether asking again may help: the service gave no answer, rather than refusing."""
    return not isinstance(error, Refusal) or error.code in _NO_ANSWER


def _refusal(error: grpc.aio.AioRpcError, service: str) -> Refusal:
    answered = refusal_of(error)
    if answered is not None:
        return answered
    code = error.code() if error.code() in _NO_ANSWER else grpc.StatusCode.UNKNOWN
    return Refusal(
        code, f"{service.upper()}_UNAVAILABLE", f"The {service} service gave no answer. Try again in a while."
    )
