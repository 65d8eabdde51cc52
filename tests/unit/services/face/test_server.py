"""The service over a real socket."""

import asyncio
import hashlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from notreally.v1 import face_pb2, face_pb2_grpc, media_pb2

from services.face.server import SERVICE_NAME, FaceServicer
from services.face.settings import FaceSettings
from services.face.work import warm_up
from services.kit.errors import refusal_of
from services.kit.media.store import MediaStore, media_key
from services.kit.serving.server import running
from services.kit.workers.pool import WorkerProcesses
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables
from tests.workers import workers_reading

if TYPE_CHECKING:
    FaceStub = face_pb2_grpc.FaceServiceAsyncStub
else:  # the stub of a channel of grpc.aio has a type of its own in the type stubs only
    FaceStub = face_pb2_grpc.FaceServiceStub

VIDEO = FaceVideo(seconds=1.5, size=(320, 240), iod=60, mouth=syllables)
LONG = FaceVideo(seconds=20, size=(320, 240), iod=60)


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the media of these tests live."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def workers() -> WorkerProcesses:
    """One worker, and the spare."""
    return WorkerProcesses("face", 1, warm_up)


@pytest.fixture(scope="module")
async def channel(store_folder: Path, workers: WorkerProcesses) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a running service with one worker, on a free port."""
    settings = FaceSettings(listen="127.0.0.1:0", media_url=str(store_folder), face_workers=1)
    servicer = FaceServicer(MediaStore.open(settings.media_url), workers, settings)

    def add(server: grpc.aio.Server) -> None:
        face_pb2_grpc.add_FaceServiceServicer_to_server(servicer, server)

    async with (
        running([SERVICE_NAME], add, settings, workers=workers) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield channel


@pytest.fixture
def face(channel: grpc.aio.Channel) -> FaceStub:
    """A stub of that service."""
    return face_pb2_grpc.FaceServiceStub(channel)


@pytest.fixture
def health(channel: grpc.aio.Channel) -> health_pb2_grpc.HealthStub:
    """A stub of its health."""
    return health_pb2_grpc.HealthStub(channel)


def stored(folder: Path, path: Path) -> media_pb2.MediaRef:
    """Put a file into the store."""
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    place = folder / media_key(sha256)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return media_pb2.MediaRef(sha256=sha256, size_bytes=len(content))


def request(
    ref: media_pb2.MediaRef, *spans: tuple[float, float], video_start_s: float | None = None, **fields: int
) -> face_pb2.FaceServiceExtractWindowsRequest:
    """Ask for some windows."""
    windows = [media_pb2.TimeWindow(index=i, start_s=start, end_s=end) for i, (start, end) in enumerate(spans)]
    return face_pb2.FaceServiceExtractWindowsRequest(media=ref, windows=windows, video_start_s=video_start_s, **fields)


async def test_windows_arrive_with_progress_and_fit_together(
    face: FaceStub, store_folder: Path, face_video: MakeFaceVideo
) -> None:
    ref = stored(store_folder, face_video(VIDEO))
    answers = [
        one async for one in face.ExtractWindows(request(ref, (0, 0.7), (0.7, 1.5), max_thumbnails=2, max_crops=3))
    ]
    windows = [one.window for one in answers if one.HasField("window")]
    assert [window.window.index for window in windows] == [0, 1]
    assert answers[-1].progress.fraction == 1
    assert sum(len(window.frame_times_s) for window in windows) == 45
    for window in windows:
        (track,) = window.tracks
        entries = len(track.frames)
        assert entries == len(window.frame_times_s) == window.frames_decoded
        for name in ("segments", "ear_right", "ear_left", "mouth_gap", "nose_x", "nose_y", "iod", "yaw_deg"):
            assert len(getattr(track, name)) == entries
        assert len(track.boxes) == 4 * entries
        contours = track.contours
        assert len(contours.line_points) == len(contours.line_closed) == 9
        assert set(contours.frames) <= set(track.frames)
        assert 7 <= len(contours.frames) <= 9
        assert len(contours.steps) == 2 * len(contours.frames) * sum(contours.line_points)
        # Six hundred frames must not become much larger by them.
        assert contours.ByteSize() < 300 * len(contours.frames)
        assert [crop.entry for crop in track.crops] == sorted({crop.entry for crop in track.crops})
        assert len(track.crops) == 3
        assert not track.movements  # which need longer windows
        assert len(window.face_networks) == 12
        (thumbnail,) = window.thumbnails
        assert thumbnail.heat.side**2 == len(thumbnail.heat.places)
        assert sum(thumbnail.heat.places) / len(thumbnail.heat.places) == pytest.approx(
            thumbnail.heat.log_odds, abs=1e-5
        )
        assert thumbnail.heat.log_odds == max(
            score for crop in track.crops for score in (crop.appearance_log_odds, crop.blending_log_odds)
        )
        assert thumbnail.heat.feature in ("face_appearance_log_odds", "face_blending_log_odds")
        assert (window.frame_width, window.frame_height) == (320, 240)


async def test_how_a_face_moves_arrives_with_the_networks_name(
    face: FaceStub, store_folder: Path, face_video: MakeFaceVideo
) -> None:
    ref = stored(store_folder, face_video(LONG))
    answers = [one async for one in face.ExtractWindows(request(ref, (4, 7)))]
    (window,) = [one.window for one in answers if one.HasField("window")]
    (track,) = window.tracks
    assert not track.crops
    assert [movement.entry for movement in track.movements] == pytest.approx([0, 29], abs=1)
    assert len(window.face_networks) == 12


async def test_times_count_from_where_the_video_is_said_to_start(
    face: FaceStub, store_folder: Path, face_video: MakeFaceVideo
) -> None:
    ref = stored(store_folder, face_video(VIDEO))
    for start_s, first_s in ((None, 0.0), (-0.25, 0.25)):
        answers = [one async for one in face.ExtractWindows(request(ref, (0, 0.5), video_start_s=start_s))]
        (window,) = (one.window for one in answers if one.HasField("window"))
        assert window.frame_times_s[0] == pytest.approx(first_s, abs=1e-4)


def looped(video: Path, times: int) -> Path:
    """The same video so many times over, copied and not encoded again."""
    path = video.with_name(f"{video.stem}-{times}.mp4")
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", str(times - 1), "-i", str(video), "-c", "copy", str(path)]
    subprocess.run(command, check=True)
    return path


async def test_cancelling_frees_the_worker(face: FaceStub, store_folder: Path, face_video: MakeFaceVideo) -> None:
    # Work for a minute at least.
    ref = stored(store_folder, looped(face_video(LONG), 20))
    call = face.ExtractWindows(request(ref, *[(20.0 * n, 20.0 * n + 20) for n in range(20)]))
    await anext(aiter(call))
    call.cancel()
    # There is one worker: the next call gets an answer only once the cancelled one has let go of it.
    await anext(aiter(face.ExtractWindows(request(ref, (0, 0.5)), timeout=20)))


async def test_a_crash_in_the_middle_costs_its_own_call_alone(
    face: FaceStub, store_folder: Path, face_video: MakeFaceVideo, health: health_pb2_grpc.HealthStub
) -> None:
    ref = stored(store_folder, face_video(LONG))
    call = face.ExtractWindows(request(ref, (0, 20)))
    await anext(aiter(call))
    (worker,) = workers_reading(store_folder / media_key(ref.sha256))
    os.kill(worker, signal.SIGSEGV)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async for _ in call:
            pass
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    refused = refusal_of(raised.value)
    assert refused is not None
    assert refused.reason == "WORKER_CRASHED"
    check = await health.Check(health_pb2.HealthCheckRequest(service=SERVICE_NAME))
    assert check.status == health_pb2.HealthCheckResponse.SERVING
    again = [one async for one in face.ExtractWindows(request(ref, (0, 0.5)))]
    assert len([one for one in again if one.HasField("window")]) == 1


async def test_two_calls_wait_for_the_one_worker_and_both_finish(
    face: FaceStub, store_folder: Path, face_video: MakeFaceVideo
) -> None:
    ref = stored(store_folder, face_video(VIDEO))

    async def windows() -> list[bytes]:
        answers = [one async for one in face.ExtractWindows(request(ref, (0, 1)))]
        return [one.window.SerializeToString(deterministic=True) for one in answers if one.HasField("window")]

    one, other = await asyncio.gather(windows(), windows())
    assert len(one) == 1
    assert one == other


@pytest.mark.parametrize(
    ("spans", "fields", "reason"),
    [
        ([], {}, "BAD_WINDOWS"),
        ([(1, 1)], {}, "BAD_WINDOWS"),
        ([(-1, 1)], {}, "BAD_WINDOWS"),
        ([(0, 2), (1, 3)], {}, "BAD_WINDOWS"),
        ([(2, 3), (0, 1)], {}, "BAD_WINDOWS"),
        ([(0, float("nan"))], {}, "BAD_WINDOWS"),
        ([(0, float("inf"))], {}, "BAD_WINDOWS"),
        ([(0, 1000)], {}, "BAD_WINDOWS"),
        ([(0, 1)], {"max_thumbnails": 9}, "OUT_OF_RANGE"),
        ([(0, 1)], {"max_crops": 257}, "OUT_OF_RANGE"),
        ([(0, 1)], {"max_faces": 17}, "OUT_OF_RANGE"),
        ([(0, 1)], {"frame_stride": 4_000_000}, "OUT_OF_RANGE"),
        ([(0, 1)], {"video_start_s": float("nan")}, "OUT_OF_RANGE"),
        ([(0, 1)], {"video_start_s": -2e10}, "OUT_OF_RANGE"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    face: FaceStub, spans: list[tuple[float, float]], fields: dict[str, Any], reason: str
) -> None:
    ref = media_pb2.MediaRef(sha256="0" * 64, size_bytes=1)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await anext(aiter(face.ExtractWindows(request(ref, *spans, **fields))))
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    refused = refusal_of(raised.value)
    assert refused is not None
    assert refused.reason == reason


async def test_a_file_that_is_no_video_is_refused_with_a_sentence(
    face: FaceStub, store_folder: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("nothing to see here\n" * 50)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await anext(aiter(face.ExtractWindows(request(stored(store_folder, text), (0, 1)))))
    assert raised.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    refused = refusal_of(raised.value)
    assert refused is not None
    assert refused.reason == "NOT_A_VIDEO"
    assert str(tmp_path) not in str(raised.value)


async def test_media_that_is_not_there_is_not_found(face: FaceStub) -> None:
    ref = media_pb2.MediaRef(sha256="0" * 64, size_bytes=1)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await anext(aiter(face.ExtractWindows(request(ref, (0, 1)))))
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND
