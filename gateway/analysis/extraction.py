"""Asking the four services: their channels, and runs of windows streamed into the blob store.

A window's signals are stored the moment they arrive, so a run that is cut short and asked for again asks only for the
windows still missing.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import grpc
import structlog
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

from gateway.analysis.reach import Heard, Reach, Waiting, gave_no_answer
from gateway.settings import GatewaySettings
from gateway.store.blobs import Blobs
from services.kit.errors import Refusal, refusal_of
from services.kit.serving.channels import open_channel

log = structlog.get_logger()

_PROBE_DEADLINE_S = 60.0
_CLASSIFY_DEADLINE_S = 10.0
_RUN_DEADLINE_S = 600.0
_SHORT_PAUSE_S = 0.3

Response = TypeVar("Response")


class Report(Protocol):
    """Told how far a run is."""

    def __call__(self, done: float, text: str, finished: media_pb2.TimeWindow | None) -> Awaitable[None]:
        """`done` is the share of the run's seconds finished; `finished` a window whose signals are stored.

        Of a window that was stored before it is told again: nobody may have been told then.
        """


class Extraction:
    """The services as the gateway uses them."""

    def __init__(self, settings: GatewaySettings, blobs: Blobs) -> None:
        """Open channels; no call is made yet."""
        targets = (settings.face_target, settings.audio_target, settings.metadata_target, settings.classifier_target)
        self._channels = [open_channel(target, tls_dir=settings.tls_dir) for target in targets]
        for channel in self._channels:
            # To all replicas, before the first calls: these would otherwise all go to whichever answers first.
            channel.get_state(try_to_connect=True)
        face, audio, metadata, classifier = self._channels
        self._face = face_pb2_grpc.FaceServiceStub(face)
        self._audio = audio_pb2_grpc.AudioServiceStub(audio)
        self._metadata = metadata_pb2_grpc.MetadataServiceStub(metadata)
        self._classifier = classifier_pb2_grpc.ClassifierServiceStub(classifier)
        self._blobs = blobs
        face_patience_s = math.inf if settings.without_face == "wait" else settings.face_patience_s
        self._reach_face = Reach("face", face_patience_s)
        self._reach_audio = Reach("audio", settings.audio_patience_s)
        self._reach_metadata = Reach("metadata", settings.metadata_patience_s)
        self._reach_classifier = Reach("classifier", settings.classifier_patience_s)

    async def close(self) -> None:
        """Close the channels."""
        for channel in self._channels:
            await channel.close()

    async def probe(self, media: media_pb2.MediaRef, waiting: Waiting) -> metadata_pb2.ProbeResponse:
        """Container facts and keyframe times.

        Raises:
            Refusal: What the service refused with, or <SERVICE>_UNAVAILABLE when it gave no answer for long.
        """
        request = metadata_pb2.ProbeRequest(media=media)

        async def attempt(_: Heard) -> metadata_pb2.ProbeResponse:
            return await _answer(self._metadata.Probe(request, timeout=_PROBE_DEADLINE_S), "metadata")

        return await self._reach_metadata.ask(attempt, waiting)

    async def facts(self, media: media_pb2.MediaRef, timeout_s: float) -> metadata_pb2.ProbeResponse:
        """As `probe`, for those who cannot wait for long."""
        request = metadata_pb2.ProbeRequest(media=media)

        async def attempt(left_s: float) -> metadata_pb2.ProbeResponse:
            return await _answer(self._metadata.Probe(request, timeout=left_s), "metadata")

        return await _within(timeout_s, attempt)

    async def faces(
        self, request: face_pb2.FaceServiceExtractWindowsRequest, timeout_s: float
    ) -> list[face_pb2.FaceWindow]:
        """Windows of picture, which are stored nowhere.

        Raises:
            Refusal: What the service refused with, or its last failure once the time is over: while it is busy or
                away, it is asked again.
        """

        async def attempt(left_s: float) -> list[face_pb2.FaceWindow]:
            answers = _answers(self._face.ExtractWindows(request, timeout=left_s), "face")
            return [answer.window async for answer in answers if answer.HasField("window")]

        return await _within(timeout_s, attempt)

    async def sounds(
        self, request: audio_pb2.AudioServiceExtractWindowsRequest, timeout_s: float
    ) -> list[audio_pb2.AudioWindow]:
        """Windows of sound; see `faces`."""

        async def attempt(left_s: float) -> list[audio_pb2.AudioWindow]:
            answers = _answers(self._audio.ExtractWindows(request, timeout=left_s), "audio")
            return [answer.window async for answer in answers if answer.HasField("window")]

        return await _within(timeout_s, attempt)

    async def classify(self, features: features_pb2.FeatureVector) -> classifier_pb2.ClassifyResponse:
        """A calibrated probability with reasons; raises as `probe` does."""
        request = classifier_pb2.ClassifyRequest(features=features)

        async def attempt(_: Heard) -> classifier_pb2.ClassifyResponse:
            return await _answer(self._classifier.Classify(request, timeout=_CLASSIFY_DEADLINE_S), "classifier")

        return await self._reach_classifier.ask(attempt)

    async def model(self) -> classifier_pb2.Model:
        """The model in use; raises as `probe` does."""
        request = classifier_pb2.GetModelRequest()

        async def attempt(_: Heard) -> classifier_pb2.Model:
            return await _answer(self._classifier.GetModel(request, timeout=_CLASSIFY_DEADLINE_S), "classifier")

        return await self._reach_classifier.ask(attempt)

    async def face_run(
        self,
        analysis_id: str,
        media: media_pb2.MediaRef,
        windows: Sequence[media_pb2.TimeWindow],
        video_start_s: float | None,
        stream: int | None,
        frame_stride: int,
        most_frames: int,
        thumbnails: int,
        crops: int,
        report: Report,
        waiting: Waiting,
    ) -> None:
        """Store the face signals of a run of windows, with some thumbnails over it; raises as `probe` does.

        Of the file's stream with this index, or of the one that players show when it is None.
        Each window has `most_frames` analysed frames at most, and `crops` of them are scored by the appearance network.
        Windows count from `video_start_s` on the container's clock; None: from the first frame that can be decoded.
        """
        request = face_pb2.FaceServiceExtractWindowsRequest(
            media=media,
            video_start_s=video_start_s,
            stream_index=stream,
            frame_stride=frame_stride,
            max_frames=most_frames,
            max_thumbnails=thumbnails,
            max_crops=crops,
        )

        async def attempt(heard: Heard) -> None:
            await self._run(analysis_id, "face", windows, request, self._face.ExtractWindows, report, heard)

        await self._reach_face.ask(attempt, waiting)

    async def audio_run(
        self,
        analysis_id: str,
        media: media_pb2.MediaRef,
        windows: Sequence[media_pb2.TimeWindow],
        video_start_s: float | None,
        stream: int | None,
        report: Report,
        waiting: Waiting,
    ) -> None:
        """Store the sound signals of a run of windows; raises as `probe` does.

        Of the file's stream with this index, or of the one that the service finds when it is None. Windows count from
        `video_start_s` on the container's clock; None: from 0.
        """
        request = audio_pb2.AudioServiceExtractWindowsRequest(
            media=media, video_start_s=video_start_s or 0.0, stream_index=stream
        )

        async def attempt(heard: Heard) -> None:
            await self._run(analysis_id, "audio", windows, request, self._audio.ExtractWindows, report, heard)

        await self._reach_audio.ask(attempt, waiting)

    async def _run(
        self,
        analysis_id: str,
        modality: str,
        windows: Sequence[media_pb2.TimeWindow],
        request: Any,
        method: Callable[..., Any],
        report: Report,
        heard: Heard,
    ) -> None:
        missing: list[media_pb2.TimeWindow] = []
        for window in windows:
            if await self._blobs.has_window(analysis_id, modality, window.index):
                await report(0.0, "", window)
            else:
                missing.append(window)
        total_s = sum(w.end_s - w.start_s for w in windows) or 1.0
        missing_s = sum(w.end_s - w.start_s for w in missing)
        await report(1 - missing_s / total_s, "", None)
        if not missing:
            return
        del request.windows[:]
        request.windows.extend(missing)
        async for response in _answers(method(request, timeout=_RUN_DEADLINE_S), modality):
            if response.HasField("progress"):
                progress = response.progress
                await report(1 - (1 - progress.fraction) * missing_s / total_s, progress.text, None)
            else:
                signals = response.window
                await self._blobs.put_window(analysis_id, modality, signals)
                log.info("window stored", modality=modality, window=signals.window.index, analysis=analysis_id)
                heard()
                await report(0.0, "", signals.window)
        await report(1.0, "", None)


async def _within(timeout_s: float, attempt: Callable[[float], Awaitable[Response]]) -> Response:
    """Ask again and again for so many seconds while no answer comes; an attempt is told how many are left."""
    clock = asyncio.get_running_loop().time
    ends_s = clock() + timeout_s
    while True:
        try:
            return await attempt(max(ends_s - clock(), _SHORT_PAUSE_S))
        except Refusal as refusal:
            if ends_s - clock() <= _SHORT_PAUSE_S or not gave_no_answer(refusal):
                raise
        await asyncio.sleep(_SHORT_PAUSE_S)


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


def _refusal(error: grpc.aio.AioRpcError, service: str) -> Refusal:
    answered = refusal_of(error)
    if answered is not None:
        return answered
    # Without a reason of the service's own, a code says little: "exhausted" is then the transport's word for a message
    # that is too large.
    code = error.code() if error.code() is grpc.StatusCode.UNAVAILABLE else grpc.StatusCode.UNKNOWN
    return Refusal(code, f"{service.upper()}_UNAVAILABLE", f"The {service} service did not answer. Try again later.")
