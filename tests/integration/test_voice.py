"""A voice through every service: scored where the sound is, judged apart from the face, by the networks that ship."""

import hashlib
import math
import subprocess
from functools import partial
from pathlib import Path

import grpc
import pytest
from notreally.v1 import analysis_pb2, audio_pb2, audio_pb2_grpc, media_pb2

from client import NotReally
from services.audio.__main__ import workers
from services.audio.server import SERVICE_NAME, AudioServicer
from services.audio.settings import AudioSettings
from services.audio.work import warm_up
from services.kit.media.store import MediaStore, media_key
from services.kit.networks.network_file import version_of
from services.kit.serving.channels import open_channel
from services.kit.serving.server import running

WORDS = "Here is some speech. Nobody said it. It was made by a machine. Is it real? Who can tell? Listen once more."
WORST_FIRST = (
    analysis_pb2.VERDICT_LIKELY_FAKE,
    analysis_pb2.VERDICT_INCONCLUSIVE,
    analysis_pb2.VERDICT_LIKELY_REAL,
    analysis_pb2.VERDICT_INSUFFICIENT,
)


@pytest.fixture(scope="session")
def read_by_a_machine(lively: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face, and words that ffmpeg's synthesiser reads instead of what its mouth says."""
    path = tmp_path_factory.mktemp("spoken") / "spoken.mp4"
    words = ("-f", "lavfi", "-i", f"flite=text='{WORDS}':voice=slt", "-map", "0:v", "-map", "1:a")
    _ffmpeg("-i", str(lively), *words, "-c:v", "copy", "-c:a", "aac", "-ar", "44100", str(path))
    return path


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True, timeout=60)


async def test_the_audio_service_scores_the_voice_in_a_video(read_by_a_machine: Path, tmp_path: Path) -> None:
    settings = AudioSettings(listen="127.0.0.1:0", media_url=tmp_path.as_uri(), audio_workers=1, worker_spares=0)
    store = MediaStore.open(settings.media_url)
    pool = workers(settings, store, partial(warm_up, settings.voice_model))

    def add(server: grpc.aio.Server) -> None:
        audio_pb2_grpc.add_AudioServiceServicer_to_server(AudioServicer(store, pool, settings), server)

    data = read_by_a_machine.read_bytes()  # noqa: ASYNC240
    media = media_pb2.MediaRef(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
    await store.put(media_key(media.sha256), data)
    request = audio_pb2.AudioServiceExtractWindowsRequest(
        media=media, windows=[media_pb2.TimeWindow(index=i, start_s=3.0 * i, end_s=3.0 * i + 3) for i in range(2)]
    )
    async with (
        running([SERVICE_NAME], add, settings, workers=pool) as port,
        open_channel(f"127.0.0.1:{port}") as channel,
    ):
        answers = [one async for one in audio_pb2_grpc.AudioServiceStub(channel).ExtractWindows(request)]
    version = version_of(settings.voice_model.read_bytes())
    windows = [answer.window for answer in answers if answer.HasField("window")]
    assert len(windows) == 2
    for window in windows:
        assert window.voice
        assert window.voice_network == version
        for reading in window.voice:
            assert math.isfinite(reading.log_odds)
            assert window.window.start_s <= reading.start_s < reading.end_s <= window.window.end_s
    assert len({reading.log_odds for window in windows for reading in window.voice}) > 1


async def test_a_video_gets_a_verdict_on_its_voice_beside_that_on_its_face(
    client: NotReally, read_by_a_machine: Path, tmp_path: Path
) -> None:
    result = (await client.analyze(read_by_a_machine)).result
    voice = result.voice
    assert 0 < voice.prob_fake < 1
    assert not voice.insufficiency
    assert voice.verdict != analysis_pb2.VERDICT_INSUFFICIENT
    assert voice.voiced_s > 2
    assert voice.scored_s >= 2
    assert all(math.isfinite(one.log_odds) and one.end_s <= result.quality.duration_s for one in voice.stretches)
    mean = sum(max(-8.0, min(one.log_odds, 8.0)) for one in voice.stretches) / len(voice.stretches)
    assert result.features.voice_log_odds == pytest.approx(mean)
    curve = result.model.voice
    assert voice.prob_fake == pytest.approx(1 / (1 + math.exp(-(curve.slope * mean + curve.intercept))))
    assert voice.prob_fake > 0.5, "an old synthesiser, which nothing in it hides"

    # The headline is the worse of the two, and the face's where both are alike.
    (face,) = result.faces
    worse = min(face.verdict, voice.verdict, key=WORST_FIRST.index)
    assert result.verdict == worse
    assert result.headline == (analysis_pb2.PART_FACE if face.verdict == worse else analysis_pb2.PART_VOICE)

    # The same pictures without the sound.
    muted = tmp_path / "muted.mp4"
    _ffmpeg("-i", str(read_by_a_machine), "-map", "0:v", "-c", "copy", str(muted))
    silent = (await client.analyze(muted)).result
    assert not silent.HasField("voice")
    assert silent.headline == analysis_pb2.PART_FACE
    assert silent.faces[0].prob_fake == face.prob_fake
    assert silent.faces[0].verdict == face.verdict
