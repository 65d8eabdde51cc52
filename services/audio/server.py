"""AudioService over gRPC: translation between messages and `extraction`."""

import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, assert_never

import grpc
from notreally.v1 import audio_pb2, audio_pb2_grpc, media_pb2

from services.audio.extraction import Progress, SilentWindow, Span, WindowSound, extract
from services.audio.settings import AudioSettings
from services.kit.errors import Refusal
from services.kit.media import MediaStore
from services.kit.media_process import ProcessLimits
from services.kit.work import Workers

SERVICE_NAME = audio_pb2.DESCRIPTOR.services_by_name["AudioService"].full_name

_FURTHEST_S = 1e6  # eleven days: beyond any video, and far from where floats lose samples


class AudioServicer(audio_pb2_grpc.AudioServiceServicer):
    """Extracts sound windows with a bounded number of workers."""

    def __init__(self, store: MediaStore, workers: Workers, settings: AudioSettings) -> None:
        """Serve the media of `store`."""
        self._store = store
        self._workers = workers
        self._settings = settings

    async def ExtractWindows(  # noqa: N802 - the name in the contract
        self, request: audio_pb2.AudioServiceExtractWindowsRequest, context: Any
    ) -> AsyncIterator[audio_pb2.AudioServiceExtractWindowsResponse]:
        """Stream progress and windows.

        Raises:
            Refusal: INVALID_ARGUMENT with BAD_WINDOWS; NOT_FOUND with MEDIA_NOT_FOUND; see also `extract`.
        """
        settings = self._settings
        spans = _spans(request, settings)
        limits = ProcessLimits(settings.audio_decode_s, settings.decoder_memory_bytes)
        async with self._store.local_path(request.media) as path:
            items = self._workers.stream(extract, path, spans, request.video_start_s, limits)
            # Closed at once when the call ends, not when the garbage collector gets to it: that stops ffmpeg.
            async with aclosing(items):
                async for item in items:
                    yield _response(item)


def _spans(request: audio_pb2.AudioServiceExtractWindowsRequest, settings: AudioSettings) -> list[Span]:
    spans = [Span(window.index, window.start_s, window.end_s) for window in request.windows]
    if not 1 <= len(spans) <= settings.audio_max_windows:
        raise _bad_windows(f"Ask for 1 to {settings.audio_max_windows} windows.")
    if not math.isfinite(request.video_start_s) or abs(request.video_start_s) > _FURTHEST_S:
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


def _response(item: Progress | WindowSound | SilentWindow) -> audio_pb2.AudioServiceExtractWindowsResponse:
    match item:
        case Progress(fraction, text):
            progress = media_pb2.WindowProgress(fraction=fraction, text=text)
            return audio_pb2.AudioServiceExtractWindowsResponse(progress=progress)
        case SilentWindow(span):
            return audio_pb2.AudioServiceExtractWindowsResponse(window=audio_pb2.AudioWindow(window=_window(span)))
        case WindowSound():
            return audio_pb2.AudioServiceExtractWindowsResponse(window=_sound(item))
        case _:
            assert_never(item)


def _sound(sound: WindowSound) -> audio_pb2.AudioWindow:
    return audio_pb2.AudioWindow(
        window=_window(sound.span),
        has_audio=True,
        log_rms=sound.log_rms.tolist(),
        mfcc=sound.mfcc.ravel().tolist(),
        mfcc_times_s=sound.mfcc_times_s.tolist(),
        voiced_s=sound.voiced_s,
        waveform=audio_pb2.Waveform(
            step_s=sound.outline.step_s, low=sound.outline.low.tolist(), high=sound.outline.high.tolist()
        ),
        spectrogram=audio_pb2.Spectrogram(
            step_s=sound.image.step_s,
            bands=sound.image.levels.shape[1],
            levels=sound.image.levels.tobytes(),
            frequencies_hz=sound.image.frequencies_hz.tolist(),
        ),
    )


def _window(span: Span) -> media_pb2.TimeWindow:
    return media_pb2.TimeWindow(index=span.index, start_s=span.start_s, end_s=span.end_s)
