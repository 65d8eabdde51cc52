"""Pictures of sound small enough to send and draw: a waveform outline and a mel spectrogram."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from services.audio import spectra
from services.audio.signals import SAMPLE_RATE_HZ, Floats, Samples

_OUTLINE_STEP = 160  # samples: 100 points a second
_COLUMN_STEP = 640  # samples: 25 columns a second
_FFT_SAMPLES = 1024
_BANDS = 64
_RANGE_DB = 80.0
_EPSILON = 1e-12


@dataclass(frozen=True)
class Outline:
    """Lowest and highest sample of each step; both of shape (steps,), full scale 1."""

    step_s: float
    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]


@dataclass(frozen=True)
class MelImage:
    """Levels of shape (columns, bands): 0 is 80 dB or more below a full-scale sine, 255 is a full-scale sine."""

    step_s: float
    levels: npt.NDArray[np.uint8]
    frequencies_hz: npt.NDArray[np.float32]


def outline(samples: Samples) -> Outline:
    """The waveform's outline, 100 points a second; an incomplete last step is left out."""
    steps = samples.size // _OUTLINE_STEP
    blocks = samples[: steps * _OUTLINE_STEP].reshape(steps, _OUTLINE_STEP)
    return Outline(_OUTLINE_STEP / SAMPLE_RATE_HZ, blocks.min(axis=1), blocks.max(axis=1))


def mel_image(samples: Samples) -> MelImage:
    """The mel spectrogram, 64 bands up to 8 kHz, 25 columns a second.

    Column k is a 64 ms Hann window around the middle of samples [640 k, 640 (k + 1)). The first and the last one are
    moved inwards by 12 ms: silence around the samples would draw a line through every pitch where one window of sound
    ends and the next begins.
    """
    columns = samples.size // _COLUMN_STEP
    margin = (_FFT_SAMPLES - _COLUMN_STEP) // 2
    padded = np.pad(samples, (0, max(0, _FFT_SAMPLES - samples.size)))
    window = np.hanning(_FFT_SAMPLES)
    bank, frequencies = _mel_bank()
    levels = np.zeros((columns, _BANDS), np.uint8)
    for column in range(columns):
        start = min(max(0, column * _COLUMN_STEP - margin), padded.size - _FFT_SAMPLES)
        frame = padded[start : start + _FFT_SAMPLES]
        # A full-scale sine has a peak magnitude of half the window's sum.
        power = (np.abs(np.fft.rfft(frame * window)) / (window.sum() / 2)) ** 2
        decibels = 10 * np.log10(np.maximum(bank @ power, _EPSILON))
        levels[column] = np.clip((decibels / _RANGE_DB + 1) * 255, 0, 255).round()
    return MelImage(_COLUMN_STEP / SAMPLE_RATE_HZ, levels, frequencies)


@cache
def _mel_bank() -> tuple[Floats, npt.NDArray[np.float32]]:
    """Triangles of height 1, shape (bands, bins), and their centres in hertz, shape (bands,)."""
    bank = spectra.mel_bank(sr=SAMPLE_RATE_HZ, n_fft=_FFT_SAMPLES, n_mels=_BANDS, norm=None, dtype=np.float64)
    centres = spectra.mel_frequencies(n_mels=_BANDS + 2, fmin=0.0, fmax=SAMPLE_RATE_HZ / 2)[1:-1]
    return bank, centres.astype(np.float32)
