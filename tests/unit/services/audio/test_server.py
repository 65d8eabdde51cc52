"""AudioService over a real socket."""

import hashlib
import math
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
from notreally.v1 import audio_pb2, audio_pb2_grpc, media_pb2

from services.audio.server import SERVICE_NAME, AudioServicer
from services.audio.settings import AudioSettings
from services.audio.voice.network import VoiceNetwork
from services.audio.work import warm_up
from services.kit.errors import refusal_of
from services.kit.media.store import MediaStore, media_key
from services.kit.serving.channels import open_channel
from services.kit.serving.server import running
from services.kit.workers.pool import WorkerProcesses

MakeFile = Callable[..., Path]
Stub: TypeAlias = "audio_pb2_grpc.AudioServiceAsyncStub"  # exists for type checkers alone
Request = audio_pb2.AudioServiceExtractWindowsRequest


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the media of these tests live."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
async def stub(store: Path, network_file: Path) -> AsyncIterator[Stub]:
    """A client of a server with one worker."""
    settings = AudioSettings(
        listen="127.0.0.1:0", media_url=store.as_uri(), audio_max_window_s=30, voice_model=network_file
    )
    workers = WorkerProcesses("audio", 1, partial(warm_up, network_file))

    def add(server: grpc.aio.Server) -> None:
        servicer = AudioServicer(MediaStore.open(settings.media_url), workers, settings)
        audio_pb2_grpc.add_AudioServiceServicer_to_server(servicer, server)

    async with (
        running([SERVICE_NAME], add, settings, workers=workers) as port,
        open_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield audio_pb2_grpc.AudioServiceStub(channel)


@pytest.fixture
async def media(store: Path, make_file: MakeFile) -> media_pb2.MediaRef:
    """Half a minute of a tone that swells, in the store."""
    data = make_file("swell.mka", "-f", "lavfi", "-i", "aevalsrc=t/60*sin(600*PI*t):d=30", "-c:a", "flac").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    await MediaStore.open(store.as_uri()).put(media_key(sha256), data)
    return media_pb2.MediaRef(sha256=sha256, size_bytes=len(data))


def _windows(*spans: tuple[float, float]) -> list[media_pb2.TimeWindow]:
    return [media_pb2.TimeWindow(index=index, start_s=a, end_s=b) for index, (a, b) in enumerate(spans)]


async def test_streams_windows_with_progress(stub: Stub, media: media_pb2.MediaRef) -> None:
    request = Request(media=media, windows=_windows((0, 2), (10, 12), (29, 31), (40, 41)))
    responses = [response async for response in stub.ExtractWindows(request)]
    windows = [response.window for response in responses if response.WhichOneof("payload") == "window"]
    fractions = [response.progress.fraction for response in responses if response.WhichOneof("payload") == "progress"]
    assert [window.window for window in windows] == list(request.windows)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert [window.has_audio for window in windows] == [True, True, True, False]
    assert len(windows[1].log_rms) == 50
    assert windows[1].log_rms[25] - windows[0].log_rms[25] == pytest.approx(2.4, abs=0.1)  # ln(11 s / 1 s)
    assert [math.isnan(level) for level in windows[2].log_rms] == [False] * 25 + [True] * 25
    assert len(windows[1].mfcc) == 12 * len(windows[1].mfcc_times_s)
    assert len(windows[1].waveform.low) == len(windows[1].waveform.high) == 200
    assert len(windows[1].spectrogram.levels) == 50 * windows[1].spectrogram.bands == 50 * 64
    assert not windows[3].log_rms
    assert not windows[3].HasField("waveform")


async def test_a_voice_is_scored_by_the_network_that_the_worker_was_given(
    stub: Stub, store: Path, make_file: MakeFile, network: VoiceNetwork
) -> None:
    spoken = "flite=text='Here is some speech. Nobody said it. It was made by a machine. Is it real?':voice=slt"
    data = make_file("spoken.mka", "-f", "lavfi", "-i", spoken, "-c:a", "flac").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    await MediaStore.open(store.as_uri()).put(media_key(sha256), data)
    request = Request(media=media_pb2.MediaRef(sha256=sha256, size_bytes=len(data)), windows=_windows((0, 4)))
    (window,) = [r.window async for r in stub.ExtractWindows(request) if r.HasField("window")]
    assert window.voice_network == network.version
    assert [(one.start_s, one.end_s) for one in window.voice] == [(0, 2), (1, 3), (2, 4)]
    assert all(math.isfinite(one.log_odds) for one in window.voice)


async def test_the_clock_is_the_videos(stub: Stub, media: media_pb2.MediaRef) -> None:
    requests = (
        Request(media=media, windows=_windows((12, 14))),
        Request(media=media, windows=_windows((2, 4)), video_start_s=10.0),
    )
    answers = [r.window for request in requests async for r in stub.ExtractWindows(request) if r.HasField("window")]
    # Cut from different pieces of a file that rounds times to a millisecond: the same to within that.
    assert list(answers[0].log_rms) == pytest.approx(list(answers[1].log_rms), abs=0.001)
    assert answers[1].window.start_s == 2


async def test_the_stream_may_be_named(stub: Stub, media: media_pb2.MediaRef) -> None:
    async def heard(stream_index: int | None) -> list[audio_pb2.AudioWindow]:
        request = Request(media=media, windows=_windows((0, 2)), stream_index=stream_index)
        return [r.window async for r in stub.ExtractWindows(request) if r.HasField("window")]

    assert await heard(0) == await heard(None)
    # Nothing can be heard in a stream that is not there.
    assert [window.has_audio for window in await heard(7)] == [False]


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [(2, 1)],
        [(1, 1)],
        [(0, 2), (1, 3)],
        [(-1, 1)],
        [(0, float("nan"))],
        [(0, float("inf"))],
        [(0, 31)],
        [(3e6, 4e6)],
    ],
)
async def test_odd_windows_are_refused(stub: Stub, media: media_pb2.MediaRef, spans: list[tuple[float, float]]) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        _ = [r async for r in stub.ExtractWindows(Request(media=media, windows=_windows(*spans)))]
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_WINDOWS")


@pytest.mark.parametrize("start_s", [float("nan"), float("-inf"), 1e12])
async def test_an_odd_start_is_refused(stub: Stub, media: media_pb2.MediaRef, start_s: float) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="out of range"):
        _ = [
            r async for r in stub.ExtractWindows(Request(media=media, windows=_windows((0, 1)), video_start_s=start_s))
        ]


async def test_a_clock_may_be_that_of_unix(stub: Stub, media: media_pb2.MediaRef) -> None:
    request = Request(media=media, windows=_windows((0, 1)), video_start_s=1.79e9)
    assert [r.window.has_audio async for r in stub.ExtractWindows(request) if r.HasField("window")] == [False]


async def test_unknown_media_is_refused(stub: Stub) -> None:
    request = Request(media=media_pb2.MediaRef(sha256="0" * 64), windows=_windows((0, 1)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        _ = [r async for r in stub.ExtractWindows(request)]
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert refusal.reason == "MEDIA_NOT_FOUND"


async def test_a_caller_who_leaves_frees_the_only_worker(stub: Stub, media: media_pb2.MediaRef) -> None:
    # Four hundred windows would keep the worker busy for half a minute.
    long = stub.ExtractWindows(Request(media=media, windows=_windows(*((i / 20, (i + 1) / 20) for i in range(400)))))
    await long.read()
    long.cancel()
    short = [
        r
        async for r in stub.ExtractWindows(Request(media=media, windows=_windows((0, 1))), timeout=15)
        if r.HasField("window")
    ]
    assert short[0].window.has_audio
