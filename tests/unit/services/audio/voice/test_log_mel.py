"""What the voice network hears: Whisper's spectra, whatever the recording's level and rumble."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.audio.signals import SAMPLE_RATE_HZ, Samples
from services.audio.voice.log_mel import BANDS, log_mel

FFT = 400
LEVEL = 0.08


def at_level(samples: NDArray[np.float64], level: float = LEVEL) -> Samples:
    return np.asarray(samples * level / np.sqrt(np.mean(samples**2)), np.float32)


def tone(hz: float, seconds: float = 1.0) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ)


def edges_hz() -> NDArray[np.float64]:
    """Of Slaney's mel bands: 66.7 Hz a mel up to 1 kHz, and a factor of 6.4 in 27 mels above."""
    mels = np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), BANDS + 2)
    return np.where(mels < 15, 200 / 3 * mels, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))


def as_whisper_does(samples: Samples) -> NDArray[np.float64]:
    """Frame by frame, by the definition in its paper and its code."""
    padded = np.pad(samples.astype(np.float64), FFT // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)
    frames = [window * padded[160 * index : 160 * index + FFT] for index in range(len(samples) // 160)]
    power = np.array([np.abs(np.fft.rfft(frame)) ** 2 for frame in frames])
    bins, edges = np.arange(FFT // 2 + 1) * SAMPLE_RATE_HZ / FFT, edges_hz()
    bands = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        triangle = np.clip(np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)), 0, None)
        bands.append(power @ triangle * 2 / (high - low))
    shown = np.log10(np.maximum(bands, 1e-10))
    return np.asarray((np.maximum(shown, shown.max() - 8) + 4) / 4, np.float64)


@pytest.mark.parametrize("hz", [440.0, 1000.0, 3100.0])
def test_they_are_those_that_the_encoder_was_pretrained_on(hz: float) -> None:
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ)
    samples = at_level(tone(hz) + 0.01 * noise)
    heard, wanted = log_mel(samples), as_whisper_does(samples)
    assert heard.shape == wanted.shape == (BANDS, 100)
    assert heard.dtype == np.float32
    assert abs(int(heard[:, 50].argmax()) - int(np.searchsorted(edges_hz(), hz)) + 1) <= 1
    above = edges_hz()[:-2] > 200  # below, rumble is taken away
    np.testing.assert_allclose(heard[above], wanted[above], atol=0.01)


@pytest.mark.parametrize("gain", [0.01, 0.3, 10.0])
def test_how_loud_it_is_does_not_matter(speech: Samples, gain: float) -> None:
    np.testing.assert_allclose(log_mel(speech * np.float32(gain)), log_mel(speech), atol=1e-3)


@pytest.mark.parametrize(("hz", "share", "most"), [(20, 1, 0.05), (50, 0.1, 0.03), (50, 1, 0.08), (5, 3, 0.05)])
def test_a_hum_or_rumble_changes_little(speech: Samples, hz: float, share: float, most: float) -> None:
    """As loud as the voice, or a tenth of it; and what shakes a microphone, three times as loud."""
    hum = share * at_level(tone(hz, len(speech) / SAMPLE_RATE_HZ + 1)[: len(speech)], float(np.std(speech)))
    moved = np.abs(log_mel(np.asarray(speech + hum, np.float32)) - log_mel(speech))
    assert moved.mean() < most
    voice = np.abs(
        log_mel(np.asarray(speech + share * at_level(tone(900, 9)[: len(speech)]), np.float32)) - log_mel(speech)
    )
    assert moved.mean() < voice.mean()


def test_an_offset_is_not_heard(speech: Samples) -> None:
    moved = np.abs(log_mel(speech + np.float32(0.05)) - log_mel(speech))
    assert moved[4:].max() < 0.02


@pytest.mark.parametrize("length", [0, 1, 399])
def test_less_than_a_frame_has_no_spectrum(length: int) -> None:
    with pytest.raises(ValueError, match="less sound than a frame"):
        log_mel(np.zeros(length, np.float32))
    assert log_mel(np.zeros(400, np.float32)).shape == (BANDS, 2)


def test_silence_is_finite() -> None:
    assert np.isfinite(log_mel(np.zeros(SAMPLE_RATE_HZ, np.float32))).all()
