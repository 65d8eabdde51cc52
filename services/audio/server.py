"""AudioService over gRPC: requests to spans for the workers, and their answers back."""

import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from notreally.v1 import audio_pb2, audio_pb2_grpc

from services.audio.settings import AudioSettings
from services.audio.spans import Span
from services.audio.work import extract_windows
from services.kit.errors import Refusal
from services.kit.media.formats import FURTHEST_CLOCK_S
from services.kit.media.process import ProcessLimits
from services.kit.media.store import MediaStore
from services.kit.workers.losses import Losses
from services.kit.workers.pool import WorkerProcesses

SERVICE_NAME = audio_pb2.DESCRIPTOR.services_by_name["AudioService"].full_name

_FURTHEST_S = 1e6  # eleven days: beyond any video


class AudioServicer(audio_pb2_grpc.AudioServiceServicer):
    """Extracts sound windows with a bounded number of workers."""

    def __init__(self, store: MediaStore, workers: WorkerProcesses, settings: AudioSettings) -> None:
        """Serve the media of `store`."""
        self._store = store
        self._workers = workers
        self._settings = settings
        self._losses = Losses()

    async def ExtractWindows(  # noqa: N802 - the name in the contract
        self, request: audio_pb2.AudioServiceExtractWindowsRequest, context: Any
    ) -> AsyncIterator[audio_pb2.AudioServiceExtractWindowsResponse]:
        """Stream progress and windows.

        Raises:
            Refusal: INVALID_ARGUMENT with BAD_WINDOWS; NOT_FOUND with MEDIA_NOT_FOUND; see also
                `services.audio.extraction.extract`, `WorkerProcesses.stream` and `Losses.counted`.
        """
        settings = self._settings
        spans = _spans(request, settings)
        stream = request.stream_index if request.HasField("stream_index") else None
        limits = ProcessLimits(settings.audio_decode_s, settings.decoder_memory_bytes)
        with self._losses.counted(request.media.sha256):
            file = self._store.local_path(request.media)
            arguments = (spans, request.video_start_s, stream, limits, settings.voice_model, request.is_excerpt)
            items = self._workers.stream_file(file, extract_windows, *arguments)
            # Closed at once when the call ends, not when the garbage collector gets to it: that stops ffmpeg.
            async with aclosing(items):
                async for item in items:
                    yield audio_pb2.AudioServiceExtractWindowsResponse.FromString(item)


def _spans(request: audio_pb2.AudioServiceExtractWindowsRequest, settings: AudioSettings) -> list[Span]:
    spans = [Span(window.index, window.start_s, window.end_s) for window in request.windows]
    if not 1 <= len(spans) <= settings.audio_max_windows:
        raise _bad_windows(f"Ask for 1 to {settings.audio_max_windows} windows.")
    if not math.isfinite(request.video_start_s) or abs(request.video_start_s) > FURTHEST_CLOCK_S:
        raise _bad_windows("The start of the video is out of range.")
    earliest_s = 0.0
    for span in spans:
        if not earliest_s <= span.start_s < span.end_s <= _FURTHEST_S:
            raise _bad_windows("Windows must start at 0 or later, be ascending, and not be empty or overlap.")
        if span.end_s - span.start_s > settings.audio_max_window_s:
            raise _bad_windows(f"A window may last at most {settings.audio_max_window_s:g} seconds.")
        earliest_s = span.end_s
    return spans


def _bad_windows(message: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_WINDOWS", message)
