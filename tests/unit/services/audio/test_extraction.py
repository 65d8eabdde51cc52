"""A run of windows gives each window's signals, and what a window gives depends on nothing but the window."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from services.audio import decoding
from services.audio.decoding import Sound
from services.audio.extraction import Progress, SilentWindow, WindowSound, describe, extract
from services.audio.signals import Samples
from services.audio.spans import Span
from services.audio.voice.network import VoiceNetwork
from services.kit.errors import Refusal
from services.kit.media.process import ProcessLimits

MakeFile = Callable[..., Path]

SPANS = [Span(index, index * 1.5, (index + 1) * 1.5) for index in range(3)]


def _never() -> bool:
    return False


def _talking(make_file: MakeFile, kind: str) -> Path:
    """Five seconds of picture, and about four of speech."""
    codec, _, container = kind.partition(".")
    return make_file(
        f"talking.{container}",
        *("-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=5"),
        *("-f", "lavfi", "-i", "flite=text='Here is some speech. Nobody said it. It was made by a machine.'"),
        *("-c:a", codec, "-ar", "48000", "-g", "60"),
    )


@pytest.fixture(scope="module")
def talking(make_file: MakeFile) -> Path:
    """Speech in the most common container."""
    return _talking(make_file, "aac.mp4")


def _windows(
    path: Path, spans: list[Span], limits: ProcessLimits, network: VoiceNetwork
) -> list[WindowSound | SilentWindow]:
    return [item for item in extract(_never, path, spans, 0.0, None, limits, network) if not isinstance(item, Progress)]


@pytest.mark.parametrize("kind", ["aac.mp4", "libmp3lame.avi", "libopus.webm", "aac.ts"])
def test_a_window_alone_is_the_window_in_a_run(
    make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork, kind: str
) -> None:
    path = _talking(make_file, kind)
    run = _windows(path, SPANS, limits, network)
    assert [window.span for window in run] == SPANS
    for together in run[1:2]:  # the transport stream begins at 1.4 s
        (alone,) = _windows(path, [together.span], limits, network)
        assert isinstance(together, WindowSound)
        assert isinstance(alone, WindowSound)
        assert together.voiced_s > 0.2
        for name in ("log_rms", "mfcc", "mfcc_times_s"):
            assert getattr(alone, name).tobytes() == getattr(together, name).tobytes()
        assert alone.image.levels.tobytes() == together.image.levels.tobytes()
        assert alone.outline.low.tobytes() == together.outline.low.tobytes()


def test_the_same_samples_as_from_a_run_of_its_own(talking: Path, limits: ProcessLimits, network: VoiceNetwork) -> None:
    stream = decoding.find_stream(_never, talking, limits)
    assert stream is not None
    for window in _windows(talking, SPANS, limits, network):
        sound = decoding.decode(_never, talking, stream, window.span.start_s, window.span.end_s, limits)
        alone = describe(window.span, sound, network)
        assert isinstance(window, WindowSound)
        assert isinstance(alone, WindowSound)
        assert alone.log_rms.tobytes() == window.log_rms.tobytes()
        assert alone.mfcc.tobytes() == window.mfcc.tobytes()


def test_the_windows_of_a_short_video_take_one_run_of_ffmpeg(
    talking: Path, limits: ProcessLimits, network: VoiceNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[float] = []
    decode = decoding.decode

    def counted(*args: Any) -> Sound:
        runs.append(args[3])
        return decode(*args)

    monkeypatch.setattr(decoding, "decode", counted)
    _windows(talking, [*SPANS, Span(3, 60.0, 61.0)], limits, network)
    assert runs == [0.0, 60.0]


def test_shapes_and_times_agree(talking: Path, limits: ProcessLimits, network: VoiceNetwork) -> None:
    for window in _windows(talking, SPANS[1:2], limits, network):
        assert isinstance(window, WindowSound)
        assert window.log_rms.shape == (37,)
        assert window.mfcc.shape == (window.mfcc_times_s.size, 12)
        assert window.voiced_s == pytest.approx(0.01 * window.mfcc_times_s.size)
        assert window.mfcc_times_s.min() >= 1.5
        assert window.mfcc_times_s.max() < 3.0
        assert window.outline.high.shape == (150,)
        assert window.image.levels.shape == (37, 64)


def test_progress_grows_to_the_end(talking: Path, limits: ProcessLimits, network: VoiceNetwork) -> None:
    progress = [
        item for item in extract(_never, talking, SPANS, 0.0, None, limits, network) if isinstance(item, Progress)
    ]
    fractions = [item.fraction for item in progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert progress[-1].text == "4 of 4 s of sound"


def test_no_sound_is_an_answer(make_file: MakeFile, limits: ProcessLimits, network: VoiceNetwork) -> None:
    silent = make_file("mute.mp4", "-f", "lavfi", "-i", "testsrc=size=64x64:duration=1")
    assert _windows(silent, SPANS, limits, network) == [SilentWindow(span) for span in SPANS]


def test_windows_after_the_end_of_the_sound_are_silent(
    talking: Path, limits: ProcessLimits, network: VoiceNetwork
) -> None:
    late = Span(9, 60.0, 61.0)
    assert _windows(talking, [SPANS[0], late], limits, network)[1] == SilentWindow(late)


def test_digital_silence_is_sound_without_voice(network: VoiceNetwork) -> None:
    window = describe(SPANS[0], Sound(np.zeros((24_000, 2), np.float32), np.ones(24_000, np.bool_)), network)
    assert isinstance(window, WindowSound)
    assert window.voiced_s == 0.0
    assert window.mfcc.shape == (0, 12)


def test_times_count_from_the_window(speech: Samples, network: VoiceNetwork) -> None:
    sound = Sound(speech[:, None], np.ones(speech.size, np.bool_))
    early, late = (describe(Span(0, start_s, start_s + 4), sound, network) for start_s in (0.0, 100.0))
    assert isinstance(early, WindowSound)
    assert isinstance(late, WindowSound)
    np.testing.assert_allclose(late.mfcc_times_s - early.mfcc_times_s, 100.0)


def test_it_stops_when_nobody_waits(talking: Path, limits: ProcessLimits, network: VoiceNetwork) -> None:
    items = extract(lambda: True, talking, SPANS, 0.0, None, limits, network)
    assert all(isinstance(item, Progress) for item in items)


def test_running_out_of_time_is_refused_and_not_taken_for_silence_or_for_no_answer(
    talking: Path, limits: ProcessLimits, network: VoiceNetwork
) -> None:
    with pytest.raises(Refusal) as refused:
        list(extract(_never, talking, SPANS, 0.0, None, ProcessLimits(0.0, limits.memory_bytes), network))
    assert refused.value.code is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.value.reason == "SOUND_TOO_SLOW"
