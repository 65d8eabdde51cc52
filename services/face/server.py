"""FaceService over gRPC: translation between messages and `extraction`."""

import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from notreally.v1 import face_pb2, face_pb2_grpc, media_pb2

from services.face.extraction import extract
from services.face.settings import FaceSettings
from services.face.thumbnails import MOST as MOST_THUMBNAILS
from services.face.windows import FaceJob, Progress, TrackSignals, Window, WindowFaces
from services.kit.errors import Refusal
from services.kit.media import MediaStore
from services.kit.work import Workers

SERVICE_NAME = face_pb2.DESCRIPTOR.services_by_name["FaceService"].full_name

_FURTHEST_S = 1e6  # eleven days: beyond any video
_MOST_FACES = 16
_LARGEST_STRIDE = 1000


class FaceServicer(face_pb2_grpc.FaceServiceServicer):
    """Extracts face windows with a bounded number of workers."""

    def __init__(self, store: MediaStore, workers: Workers, settings: FaceSettings) -> None:
        """Serve the media of `store`."""
        self._store = store
        self._workers = workers
        self._settings = settings

    async def ExtractWindows(  # noqa: N802 - the name in the contract
        self, request: face_pb2.FaceServiceExtractWindowsRequest, context: Any
    ) -> AsyncIterator[face_pb2.FaceServiceExtractWindowsResponse]:
        """Stream progress and windows.

        Raises:
            Refusal: INVALID_ARGUMENT with BAD_WINDOWS or OUT_OF_RANGE; NOT_FOUND with MEDIA_NOT_FOUND; see also
                `extract`.
        """
        job = _job(request, self._settings)
        async with self._store.local_path(request.media) as path:
            items = self._workers.stream(extract, path, job)
            # Closed at once when the call ends, not when the garbage collector gets to it: that stops the work.
            async with aclosing(items):
                async for item in items:
                    yield _response(item)


def _job(request: face_pb2.FaceServiceExtractWindowsRequest, settings: FaceSettings) -> FaceJob:
    if request.max_faces > _MOST_FACES:
        raise _out_of_range(f"At most {_MOST_FACES} faces can be followed at once.")
    if request.max_thumbnails > MOST_THUMBNAILS:
        raise _out_of_range(f"At most {MOST_THUMBNAILS} thumbnails are made.")
    if request.frame_stride > _LARGEST_STRIDE:
        raise _out_of_range(f"The frame stride may be at most {_LARGEST_STRIDE}.")
    return FaceJob(
        windows=_windows(request, settings),
        frame_stride=request.frame_stride or 1,
        max_faces=request.max_faces or settings.face_max_faces,
        max_thumbnails=request.max_thumbnails,
        decode_threads=settings.face_decode_threads,
        max_frames=min(request.max_frames or settings.face_max_frames, settings.face_max_frames),
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


def _response(item: Progress | WindowFaces) -> face_pb2.FaceServiceExtractWindowsResponse:
    if isinstance(item, Progress):
        progress = media_pb2.WindowProgress(fraction=item.fraction, text=item.text)
        return face_pb2.FaceServiceExtractWindowsResponse(progress=progress)
    window = item.window
    return face_pb2.FaceServiceExtractWindowsResponse(
        window=face_pb2.FaceWindow(
            window=media_pb2.TimeWindow(index=window.index, start_s=window.start_s, end_s=window.end_s),
            frame_times_s=item.frame_times_s.tolist(),
            frames_decoded=item.frames_decoded,
            tracks=[_track(track) for track in item.tracks],
            thumbnails=[
                face_pb2.FaceThumbnail(time_s=one.time_s, track=one.track, jpeg=one.jpeg) for one in item.thumbnails
            ],
            frame_width=item.frame_size[0],
            frame_height=item.frame_size[1],
            faces_left_out=item.faces_left_out,
        )
    )


def _track(track: TrackSignals) -> face_pb2.FaceTrack:
    return face_pb2.FaceTrack(
        frames=track.frames.tolist(),
        segments=track.segments.tolist(),
        ear_right=track.ear_right.tolist(),
        ear_left=track.ear_left.tolist(),
        mouth_gap=track.mouth_gap.tolist(),
        nose_x=track.nose[:, 0].tolist(),
        nose_y=track.nose[:, 1].tolist(),
        iod=track.iod.tolist(),
        yaw_deg=track.yaw_deg.tolist(),
        aligned_lips=track.aligned_lips.ravel().tolist(),
        residual_second_difference=track.residual_second_difference.tolist(),
        boxes=track.boxes.ravel().tolist(),
        textures=[
            face_pb2.FaceTexture(
                entry=texture.entry,
                highpass_inside=texture.highpass_inside,
                highpass_ring=texture.highpass_ring,
                gradient_band=texture.gradient_band,
                gradient_inside=texture.gradient_inside,
            )
            for texture in track.textures
        ],
    )
