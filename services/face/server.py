"""FaceService over gRPC: requests to jobs for the workers, and their answers back."""

import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from notreally.v1 import face_pb2, face_pb2_grpc
from prometheus_client import Counter

from services.face.settings import FaceSettings
from services.face.windows import MOST_CROPS, MOST_THUMBNAILS, FaceJob, Window
from services.face.work import extract_windows
from services.kit.errors import Refusal
from services.kit.media.formats import FURTHEST_CLOCK_S
from services.kit.media.store import MediaStore
from services.kit.workers.losses import Losses
from services.kit.workers.pool import WorkerProcesses

FRAMES = Counter("notreally_frames", "Frames analysed, of windows that are done.")

SERVICE_NAME = face_pb2.DESCRIPTOR.services_by_name["FaceService"].full_name

_FURTHEST_S = 1e6  # eleven days: beyond any video
_MOST_FACES = 16
_LARGEST_STRIDE = 1000


class FaceServicer(face_pb2_grpc.FaceServiceServicer):
    """Extracts face windows with a bounded number of workers."""

    def __init__(self, store: MediaStore, workers: WorkerProcesses, settings: FaceSettings) -> None:
        """Serve the media of `store`."""
        self._store = store
        self._workers = workers
        self._settings = settings
        self._losses = Losses()

    async def ExtractWindows(  # noqa: N802 - the name in the contract
        self, request: face_pb2.FaceServiceExtractWindowsRequest, context: Any
    ) -> AsyncIterator[face_pb2.FaceServiceExtractWindowsResponse]:
        """Stream progress and windows.

        Raises:
            Refusal: INVALID_ARGUMENT with BAD_WINDOWS or OUT_OF_RANGE; NOT_FOUND with MEDIA_NOT_FOUND; see also
                `services.face.extraction.extract`, `MediaStore.stored_video`, `WorkerProcesses.stream_video` and
                `Losses.counted`.
        """
        job = _job(request, self._settings)
        with self._losses.counted(request.media.sha256):
            stored = await self._store.stored_video(request.media)
            # Closed at once when the call ends, not when the garbage collector gets to it: that stops the work.
            async with aclosing(self._workers.stream_video(stored, extract_windows, job)) as items:
                async for item in items:
                    response = face_pb2.FaceServiceExtractWindowsResponse.FromString(item)
                    FRAMES.inc(len(response.window.frame_times_s))
                    yield response


def _job(request: face_pb2.FaceServiceExtractWindowsRequest, settings: FaceSettings) -> FaceJob:
    if request.max_faces > _MOST_FACES:
        raise _out_of_range(f"At most {_MOST_FACES} faces can be followed at once.")
    if request.max_thumbnails > MOST_THUMBNAILS:
        raise _out_of_range(f"At most {MOST_THUMBNAILS} thumbnails are made.")
    if request.max_crops > MOST_CROPS:
        raise _out_of_range(f"At most {MOST_CROPS} face crops are scored in a window.")
    if request.frame_stride > _LARGEST_STRIDE:
        raise _out_of_range(f"The frame stride may be at most {_LARGEST_STRIDE}.")
    start_s = request.video_start_s if request.HasField("video_start_s") else None
    if start_s is not None and not abs(start_s) <= FURTHEST_CLOCK_S:
        raise _out_of_range("The start of the video is out of range.")
    return FaceJob(
        windows=_windows(request, settings),
        frame_stride=request.frame_stride or 1,
        max_faces=request.max_faces or settings.face_max_faces,
        max_thumbnails=request.max_thumbnails,
        max_crops=request.max_crops,
        decode_threads=settings.face_decode_threads,
        max_frames=min(request.max_frames or settings.face_max_frames, settings.face_max_frames),
        video_start_s=start_s,
        stream_index=request.stream_index if request.HasField("stream_index") else None,
    )


def _windows(request: face_pb2.FaceServiceExtractWindowsRequest, settings: FaceSettings) -> tuple[Window, ...]:
    windows = tuple(Window(window.index, window.start_s, window.end_s) for window in request.windows)
    if not 1 <= len(windows) <= settings.face_max_windows:
        raise _bad_windows(f"Ask for 1 to {settings.face_max_windows} windows.")
    earliest_s = 0.0
    for window in windows:
        times_are_finite = math.isfinite(window.start_s) and math.isfinite(window.end_s)
        if not times_are_finite or not earliest_s <= window.start_s < window.end_s <= _FURTHEST_S:
            raise _bad_windows("Windows must start at 0 or later, be ascending, and not be empty or overlap.")
        if window.end_s - window.start_s > settings.face_max_window_s:
            raise _bad_windows(f"A window may last at most {settings.face_max_window_s:g} seconds.")
        earliest_s = window.end_s
    return windows


def _bad_windows(message: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "BAD_WINDOWS", message)


def _out_of_range(message: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "OUT_OF_RANGE", message)
