"""Augmentation of speech, alike for real and synthesised: what tells where it was recorded must not tell the label.

Synthesised speech of demonstration pages has other codecs, rates and levels than real speech has. So both go through
rooms, microphones, noise, telephone bands and the codecs that phones and sites use.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple, cast

import av
import numpy as np
from numpy.typing import NDArray
from scipy import signal

SAMPLE_RATE_HZ = 16_000

Sound = NDArray[np.float32]
"""(n,) samples at `SAMPLE_RATE_HZ`, full scale 1."""

LEVEL = 0.08
"""Root mean square that recordings are brought to, full scale 1."""

_STRETCH_S = 2.0
_SILENCE = 1e-6


@dataclass(frozen=True)
class Codec:
    """How sound is encoded.

    Attributes:
        name: of ffmpeg's encoder.
        container: of ffmpeg's muxer.
        rates_hz: sampling rates to draw from.
        bit_rates: bits a second to draw from; empty where there is one only.
        weight: how often, against the others.
    """

    name: str
    container: str
    rates_hz: tuple[int, ...]
    bit_rates: tuple[int, ...]
    weight: float


CODECS = (
    Codec("libmp3lame", "mp3", (16_000, 22_050, 44_100), (32_000, 48_000, 64_000, 96_000, 128_000), 3),
    Codec("aac", "adts", (16_000, 22_050, 44_100), (24_000, 32_000, 48_000, 64_000, 96_000, 128_000), 3),
    Codec("libopus", "ogg", (16_000, 48_000), (10_000, 16_000, 24_000, 32_000, 48_000), 3),
    Codec("libopencore_amrnb", "amr", (8_000,), (4_750, 7_950, 12_200), 1),
    Codec("pcm_mulaw", "wav", (8_000,), (), 0.7),
    Codec("g722", "g722", (16_000,), (), 0.5),
)
"""Of music and video files, of messengers, of telephones."""


def augment(sound: Sound, rng: np.random.Generator) -> Sound:
    """Two seconds of a recording, after a random part of the steps in this module.

    Args:
        sound: shorter recordings are used whole.
        rng: source of the randomness.
    """
    length = min(len(sound), round(_STRETCH_S * SAMPLE_RATE_HZ))
    first = int(rng.integers(len(sound) - length + 1))
    piece = sound[first : first + length]
    steps: Sequence[tuple[float, Callable[[Sound, np.random.Generator], Sound]]] = (
        (0.25, reverberated),
        (0.3, tilted),
        (0.4, noisy),
        (0.4, band_limited),
    )
    for chance, step in steps:
        if rng.random() < chance:
            piece = step(piece, rng)
    piece = at_level(piece, LEVEL * rng.uniform(0.3, 1.5))
    return encoded(piece, draw_encoding(rng)) if rng.random() < 0.7 else piece


def reverberated(sound: Sound, rng: np.random.Generator) -> Sound:
    """In a room: noise that decays exponentially, 60 dB in 0.1 to 0.6 s (Polack 1988), behind the direct sound."""
    decay_s = rng.uniform(0.1, 0.6)
    times_s = np.arange(int(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    response = rng.standard_normal(len(times_s)) * np.exp(-np.log(1000) * times_s / decay_s)
    response *= rng.uniform(0.2, 1.0) / np.sqrt((response**2).sum())
    response[0] += 1
    return np.asarray(signal.fftconvolve(sound, response)[: len(sound)], np.float32)


def tilted(sound: Sound, rng: np.random.Generator) -> Sound:
    """A microphone's slope towards low or high frequencies."""
    return np.asarray(signal.lfilter([1, rng.uniform(-0.5, 0.5)], [1], sound), np.float32)


def noisy(sound: Sound, rng: np.random.Generator) -> Sound:
    """With noise between white and pink, 12 to 40 dB below the sound."""
    frequencies = np.arange(1, len(sound) // 2 + 2, dtype=np.float64)
    spectrum = np.fft.rfft(rng.standard_normal(len(sound))) / frequencies[: len(sound) // 2 + 1] ** rng.uniform(0, 0.5)
    noise = np.fft.irfft(spectrum, len(sound))
    share = 10 ** (-rng.uniform(12, 40) / 20)
    return np.asarray(sound + at_level(np.asarray(noise, np.float32), share * _level(sound)), np.float32)


def band_limited(sound: Sound, rng: np.random.Generator) -> Sound:
    """Without what is above 3 to 7.8 kHz."""
    cutoff_hz, order = rng.uniform(3_000, 7_800), int(rng.choice([4, 8]))
    sections = signal.butter(order, cutoff_hz, "low", fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(signal.sosfilt(sections, sound), np.float32)


class Encoding(NamedTuple):
    """A codec at a rate.

    Attributes:
        codec: one of `CODECS`.
        rate_hz: sampling rate.
        bit_rate: bits a second; None where the codec has one only.
    """

    codec: Codec
    rate_hz: int
    bit_rate: int | None


def draw_encoding(rng: np.random.Generator) -> Encoding:
    """One of `CODECS` at a random rate."""
    weights = np.array([codec.weight for codec in CODECS])
    codec = CODECS[int(rng.choice(len(CODECS), p=weights / weights.sum()))]
    rate_hz = int(rng.choice(codec.rates_hz))
    return Encoding(codec, rate_hz, int(rng.choice(codec.bit_rates)) if codec.bit_rates else None)


def encoded(sound: Sound, encoding: Encoding) -> Sound:
    """Sound after a codec; as it was, if hardly anything comes back."""
    back = through(sound, *encoding)
    return back if len(back) > len(sound) // 2 else sound


def through(sound: Sound, codec: Codec, rate_hz: int, bit_rate: int | None) -> Sound:
    """Sound after a codec, a few milliseconds longer or shorter."""
    file = BytesIO()
    layout = "mono"
    frame = av.AudioFrame.from_ndarray(_as_integers(sound)[np.newaxis], format="s16", layout=layout)
    frame.sample_rate = SAMPLE_RATE_HZ
    with av.open(file, "w", format=codec.container) as container:
        stream = cast("av.AudioStream", container.add_stream(codec.name, rate=rate_hz, options={}))
        stream.codec_context.layout = layout
        if bit_rate:
            stream.bit_rate = bit_rate
        length = stream.codec_context.frame_size or None
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate_hz, frame_size=length)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode())
    file.seek(0)
    options = {"ar": str(rate_hz)} if codec.container == "g722" else {}
    with av.open(file, "r", format={"adts": "aac"}.get(codec.container, codec.container), options=options) as container:
        return decoded(container)


def decoded(container: "av.container.InputContainer", most_s: float = np.inf) -> Sound:
    """The first sound of an open file, its channels mixed, as far as `most_s` and a little more."""
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    pieces: list[Sound] = []
    for frame in container.decode(audio=0):
        pieces += [np.asarray(one.to_ndarray()[0], np.float32) for one in resampler.resample(frame)]
        if sum(map(len, pieces)) >= most_s * SAMPLE_RATE_HZ:
            return np.concatenate(pieces)
    pieces += [np.asarray(one.to_ndarray()[0], np.float32) for one in resampler.resample(None)]
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)


def at_level(sound: Sound, level: float) -> Sound:
    """Sound with that root mean square."""
    return np.asarray(sound * (level / max(_level(sound), _SILENCE)), np.float32)


def _level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def _as_integers(sound: Sound) -> NDArray[np.int16]:
    return np.asarray(np.clip(sound, -1, 1) * 32_767, np.int16)
