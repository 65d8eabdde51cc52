"""What the voice network hears: log-mel spectra without what a recording's level, rumble and offset would tell.

The spectra are those that Whisper's encoder was pretrained on (Radford et al. 2022, *Robust Speech Recognition via
Large-Scale Weak Supervision*): 80 mel bands, frames of 25 ms, 10 ms apart.
"""

from functools import cache
from typing import cast

import numpy as np

from services.audio import spectra
from services.audio.signals import HOP_SAMPLES, SAMPLE_RATE_HZ, Floats, Samples

BANDS = 80

_FFT_SAMPLES = 400
# A Butterworth filter of fourth order, as a gain on the power of each bin: below it are rumble and mains hum, which
# say where something was recorded and not whether.
_CUTOFF_HZ, _ORDER = 80.0, 4
# Full scale 1. What speech usually has, so that the encoder hears it as loud as what it was pretrained on.
_LEVEL = 0.08
_FLOOR = 1e-10
_RANGE = 8.0  # powers of ten below the loudest


def log_mel(samples: Samples) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Spectra of some sound, whatever its level.

    Args:
        samples: shape (n,), 16 kHz; at least 400.

    Returns:
        Shape (80, n // 160), about -1 to 1.

    Raises:
        ValueError: there are fewer samples.
    """
    if samples.size < _FFT_SAMPLES:
        raise ValueError("less sound than a frame has no spectrum")
    padded = np.pad(samples.astype(np.float64), _FFT_SAMPLES // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT_SAMPLES)[::HOP_SAMPLES][
        : samples.size // HOP_SAMPLES
    ]
    power = np.abs(np.fft.rfft(frames * _window(), axis=1)) ** 2 * _gain()
    # Parseval: of the windowed frames, so that the level is that of what is left after the filter.
    mean_square = 2 * power.sum() / (len(frames) * _FFT_SAMPLES * (_window() ** 2).sum())
    power *= _LEVEL**2 / max(mean_square, _FLOOR)
    bands = np.log10(np.maximum(_bank() @ power.T, _FLOOR))
    return cast(
        "np.ndarray[tuple[int, int], np.dtype[np.float32]]",
        ((np.maximum(bands, bands.max() - _RANGE) + 4) / 4).astype(np.float32),
    )


@cache
def _window() -> Floats:
    """Hann, periodic."""
    return np.hanning(_FFT_SAMPLES + 1)[:-1]


@cache
def _gain() -> Floats:
    frequencies = np.fft.rfftfreq(_FFT_SAMPLES, 1 / SAMPLE_RATE_HZ)
    with np.errstate(divide="ignore"):
        gain: Floats = 1 / (1 + (_CUTOFF_HZ / frequencies) ** (2 * _ORDER))
        return gain


@cache
def _bank() -> Floats:
    bank: Floats = spectra.mel_bank(sr=SAMPLE_RATE_HZ, n_fft=_FFT_SAMPLES, n_mels=BANDS, dtype=np.float64)
    return bank
