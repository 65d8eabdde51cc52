"""Every channel is heard, whatever else there is, and none is lost to another."""

from collections.abc import Iterator

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audio import decoding
from services.audio.mixing import Heard, mixed
from services.audio.signals import SAMPLE_RATE_HZ, Channels, Samples

SECOND = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ


def tone(hz: float, amplitude: float = 0.5) -> Samples:
    return np.asarray(amplitude * np.sin(2 * np.pi * hz * SECOND), np.float32)


def room(*channels: Samples) -> Channels:
    return np.stack(channels, axis=1)


SILENCE = tone(0)
NOISE = np.asarray(np.random.default_rng(1).normal(0, 0.1, SAMPLE_RATE_HZ), np.float32)


@pytest.mark.parametrize("place", range(8))
def test_a_voice_in_one_channel_alone_is_that_channel(place: int) -> None:
    channels = [SILENCE] * 8
    channels[place] = NOISE
    mix = mixed(room(*channels))
    assert mix.samples.tobytes() == NOISE.tobytes()
    assert mix.heard is Heard.ALL


def test_two_equal_channels_are_one_of_them_bit_for_bit() -> None:
    mix = mixed(room(NOISE, NOISE, SILENCE))
    assert mix.samples.tobytes() == NOISE.tobytes()


def test_of_different_channels_each_is_heard() -> None:
    mix = mixed(room(tone(300), tone(1000, 0.4)))
    spectrum = np.abs(np.fft.rfft(mix.samples))
    assert spectrum[1000] / spectrum[300] == pytest.approx(0.8, rel=1e-3)
    assert float(np.std(mix.samples)) == pytest.approx(float(np.std(tone(300))), rel=1e-3)
    assert mix.heard is Heard.ALL


def test_opposite_channels_do_not_cancel_each_other_out() -> None:
    mix = mixed(room(0.9 * NOISE, -NOISE))
    assert mix.samples.tobytes() == (-NOISE).tobytes()
    assert mix.heard is Heard.LOUDEST


def test_hiss_beside_a_voice_is_not_taken_for_cancelling() -> None:
    hiss = np.asarray(-0.01 * NOISE, np.float32)
    assert mixed(room(NOISE, hiss)).heard is Heard.ALL


def test_silence_is_silent() -> None:
    mix = mixed(room(SILENCE, SILENCE))
    assert not mix.samples.any()
    assert mix.heard is Heard.ALL


@given(st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=8))
def test_the_mix_is_as_loud_as_the_loudest_channel(gains: list[float]) -> None:
    channels = room(*(np.asarray(gain * NOISE, np.float32) for gain in gains))
    mix = mixed(channels)
    assert np.isfinite(mix.samples).all()
    loudest = max(float(np.std(channel)) for channel in channels.T)
    assert float(np.std(mix.samples)) == pytest.approx(loudest, rel=1e-3, abs=1e-6)


# --- the same in another version of ffmpeg ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "place", "comes_out"), [("mono", 0, 0), ("stereo", 1, 1), ("5.1", 2, 2), ("7.1", 7, 7), ("16c", 12, 4)]
)
def test_the_libraries_of_pyav_tell_the_channels_apart_too(layout: str, place: int, comes_out: int) -> None:
    """They are of another version than the ffmpeg that the service runs."""
    layout = "hexadecagonal" if layout == "16c" else layout
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=48_000, format="s16", layout=layout)
    steps = [
        graph.add("aresample", f"{SAMPLE_RATE_HZ}:osf=flt"),
        graph.add("aeval", f"'{decoding.CHANNELS}':channel_layout={decoding.LAYOUT}"),
        graph.add("aformat", "sample_fmts=flt"),  # PyAV reads no more than eight planes
        graph.add("abuffersink"),
    ]
    for before, after in zip([source, *steps], steps, strict=False):
        before.link_to(after)
    graph.configure()
    count = av.AudioLayout(layout).nb_channels
    samples = np.zeros((1, 9600 * count), np.int16)
    samples[0, place::count] = 16_384
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
    frame.sample_rate, frame.pts = 48_000, 0
    graph.push(frame)
    graph.push(None)
    rows = np.concatenate([piece.to_ndarray().reshape(-1, piece.layout.nb_channels) for piece in pulled(graph)])
    middle = rows[1000:2000].mean(axis=0)
    expected = np.zeros(9)
    expected[comes_out], expected[-1] = 0.5, 1.0
    assert middle == pytest.approx(expected, abs=0.01)


def pulled(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            piece = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            return
        assert isinstance(piece, av.AudioFrame)
        yield piece
