"""MetadataService over a real socket."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
from notreally.v1 import media_pb2, metadata_pb2, metadata_pb2_grpc

from services.kit.errors import Refusal, refusal_of
from services.kit.media.store import MediaStore, media_key
from services.kit.serving.channels import open_channel
from services.kit.serving.server import running
from services.kit.workers.pool import WorkerProcesses
from services.metadata.server import SERVICE_NAME, MetadataServicer
from services.metadata.settings import MetadataSettings
from services.metadata.work import warm_up
from tests.synthetic.sounds import spoken

MakeFile = Callable[..., Path]
Keep: TypeAlias = Callable[[bytes], Awaitable[media_pb2.MediaRef]]
Stub: TypeAlias = "metadata_pb2_grpc.MetadataServiceAsyncStub"  # exists for type checkers alone

PICTURE = ("-f", "lavfi", "-i", "testsrc=size=128x64:rate=25:duration=2")
SOUND = ("-f", "lavfi", "-i", "sine=duration=1:sample_rate=44100")


@pytest.fixture
async def stub(tmp_path: Path) -> AsyncIterator[Stub]:
    """A client of a server whose clock stands in 2020."""
    settings = MetadataSettings(listen="127.0.0.1:0", media_url=tmp_path.as_uri())
    workers = WorkerProcesses("metadata", 1, warm_up)

    def add(server: grpc.aio.Server) -> None:
        store = MediaStore.open(settings.media_url)
        servicer = MetadataServicer(store, workers, settings, lambda: datetime(2020, 1, 1, tzinfo=UTC))
        metadata_pb2_grpc.add_MetadataServiceServicer_to_server(servicer, server)

    async with (
        running([SERVICE_NAME], add, settings, workers=workers) as port,
        open_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield metadata_pb2_grpc.MetadataServiceStub(channel)


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Puts bytes in the store."""

    async def put(data: bytes) -> media_pb2.MediaRef:
        sha256 = hashlib.sha256(data).hexdigest()
        await MediaStore.open(tmp_path.as_uri()).put(media_key(sha256), data)
        return media_pb2.MediaRef(sha256=sha256, size_bytes=len(data))

    return put


async def _refused(stub: Stub, media: media_pb2.MediaRef) -> Refusal:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Probe(metadata_pb2.ProbeRequest(media=media))
    refusal = refusal_of(caught.value)
    assert refusal is not None
    return refusal


async def test_facts_of_a_video(stub: Stub, keep: Keep, make_file: MakeFile) -> None:
    path = make_file(
        "facts.mp4",
        *(*PICTURE, *SOUND, "-c:v", "libx264", "-pix_fmt", "yuv444p", "-g", "25", "-c:a", "aac"),
        *("-metadata", "creation_time=2024-05-06T07:08:09Z"),
    )
    media = await keep(path.read_bytes())
    response = await stub.Probe(metadata_pb2.ProbeRequest(media=media))
    facts = response.facts
    assert facts.container == "mov,mp4,m4a,3gp,3g2,mj2"
    assert facts.size_bytes == media.size_bytes
    assert facts.duration_s == pytest.approx(2.0, abs=0.01)
    assert (facts.video_streams, facts.audio_streams) == (1, 1)
    video = facts.video
    assert (video.codec, video.width, video.height, video.pixel_format) == ("h264", 128, 64, "yuv444p")
    assert (video.frame_count, video.rotation_deg, video.stream_index) == (50, 0, 0)
    assert video.fps == pytest.approx(25.0)
    assert video.bit_rate > 1000
    assert (facts.audio.codec, facts.audio.sample_rate_hz, facts.audio.channels) == ("aac", 44_100, 1)
    assert facts.audio.duration_s == pytest.approx(1.0, abs=0.1)
    assert facts.creation_time.ToDatetime() == datetime(2024, 5, 6, 7, 8, 9)
    assert facts.encoder.startswith("Lavf")
    assert list(response.keyframe_times_s) == pytest.approx([0.0, 1.0])
    assert {note.reason for note in facts.notes} >= {
        "EDITED_WITH",
        "UNUSUAL_PIXEL_FORMAT",
        "CREATED_IN_FUTURE",
        "SHORTER_SOUND",
    }


async def test_what_is_not_known_is_absent(stub: Stub, keep: Keep, make_file: MakeFile) -> None:
    path = make_file("mute.webm", *PICTURE, "-c:v", "libvpx", "-fflags", "+bitexact", "-live", "1")
    facts = (await stub.Probe(metadata_pb2.ProbeRequest(media=await keep(path.read_bytes())))).facts
    assert not facts.HasField("audio")
    assert not facts.HasField("creation_time")
    # A live recording says nothing of its length: the packets do.
    assert facts.duration_s == pytest.approx(2.0, abs=0.05)
    assert facts.video.duration_s == pytest.approx(2.0, abs=0.05)


async def test_refusals_reach_the_caller(stub: Stub, keep: Keep, make_file: MakeFile, tmp_path: Path) -> None:
    assert (await _refused(stub, await keep(b"words"))).reason == "NOT_A_VIDEO"
    (subtitles := tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:03,000\nwords\n")
    words = await keep(make_file("words.mkv", "-i", str(subtitles)).read_bytes())
    assert (await _refused(stub, words)).reason == "NO_VIDEO_STREAM"
    assert (await _refused(stub, media_pb2.MediaRef(sha256="0" * 64))).reason == "MEDIA_NOT_FOUND"


async def test_a_sound_recording_has_no_video(stub: Stub, keep: Keep, tmp_path: Path) -> None:
    media = await keep(spoken(tmp_path / "voice.mp3", 3.0).read_bytes())
    probed = await stub.Probe(metadata_pb2.ProbeRequest(media=media))
    assert not probed.facts.HasField("video")
    assert probed.facts.audio.codec == "mp3"
    # From where it is heard, which is behind what the encoder puts in front.
    assert 0 < probed.facts.audio.start_s < 0.1
    assert probed.facts.audio.duration_s == pytest.approx(3.0, abs=0.04)
    assert not probed.keyframe_times_s
