"""What the services are asked for."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from notreally.v1 import audio_pb2, audio_pb2_grpc, face_pb2, face_pb2_grpc, media_pb2

from gateway.analysis.extraction import Extraction
from gateway.settings import GatewaySettings
from gateway.store.blobs import Blobs
from services.kit.media.store import MediaStore

MEDIA = media_pb2.MediaRef(sha256="0" * 64, size_bytes=1)
WINDOWS = [media_pb2.TimeWindow(index=0, start_s=0, end_s=4)]


class Services(face_pb2_grpc.FaceServiceServicer, audio_pb2_grpc.AudioServiceServicer):
    """Face and sound; keeps the requests and has nothing to say."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def ExtractWindows(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self.asked.append(request)
        for _ in ():
            yield


@pytest.fixture
async def services() -> AsyncIterator[tuple[Services, str]]:
    """Both, and their address."""
    services, server = Services(), grpc.aio.server()
    face_pb2_grpc.add_FaceServiceServicer_to_server(services, server)
    audio_pb2_grpc.add_AudioServiceServicer_to_server(services, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield services, f"127.0.0.1:{port}"
    await server.stop(None)


async def report(done: float, text: str, finished: media_pb2.TimeWindow | None) -> None:
    """To nobody."""


async def waiting() -> None:
    """In silence."""


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(MediaStore.open(tmp_path.as_uri()))


@pytest.fixture
async def extraction(services: tuple[Services, str], blobs: Blobs) -> AsyncIterator[Extraction]:
    _, target = services
    settings = GatewaySettings(
        face_target=target, audio_target=target, metadata_target=target, classifier_target=target
    )
    extraction = Extraction(settings, blobs)
    yield extraction
    await extraction.close()


@pytest.mark.parametrize("start_s", [1.4, 0.0, None])
async def test_face_and_sound_are_told_the_same_start(
    services: tuple[Services, str], extraction: Extraction, start_s: float | None
) -> None:
    await extraction.face_run("one", MEDIA, WINDOWS, start_s, 0, 2, 600, 3, 32, report, waiting)
    await extraction.audio_run("one", MEDIA, WINDOWS, start_s, None, report, waiting)
    face, audio = services[0].asked
    assert isinstance(face, face_pb2.FaceServiceExtractWindowsRequest)
    assert isinstance(audio, audio_pb2.AudioServiceExtractWindowsRequest)
    assert (face.video_start_s if face.HasField("video_start_s") else None) == start_s
    assert (face.frame_stride, face.max_frames, face.max_thumbnails, face.max_crops) == (2, 600, 3, 32)
    assert audio.video_start_s == (start_s or 0.0)


async def test_a_window_that_is_stored_already_is_told_and_not_asked_for(
    services: tuple[Services, str], extraction: Extraction, blobs: Blobs
) -> None:
    first, second = WINDOWS[0], media_pb2.TimeWindow(index=1, start_s=4, end_s=8)
    await blobs.put_window("one", "audio", audio_pb2.AudioWindow(window=first))
    told: list[tuple[float, media_pb2.TimeWindow | None]] = []

    async def report(done: float, text: str, finished: media_pb2.TimeWindow | None) -> None:
        told.append((done, finished))

    await extraction.audio_run("one", MEDIA, [first, second], None, None, report, waiting)
    assert told[:2] == [(0.0, first), (0.5, None)]
    (asked,) = services[0].asked
    assert list(asked.windows) == [second]
