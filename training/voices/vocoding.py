"""Real speech through a vocoder: the synthesised twin of a real recording, of the same speaker in the same room."""

from functools import cache

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT

from training.voices.augmentation import SAMPLE_RATE_HZ, Sound

_WINDOW, _HOP = 1024, 256
_BANDS = (40, 80, 128)
_ROUNDS = (4, 12, 32)
_LEAST = 1e-8


def vocoded(sound: Sound, rng: np.random.Generator) -> Sound:
    """Through a mel spectrogram, which drops phases and fine harmonics, and back, well or badly.

    Griffin and Lim 1984, *Signal Estimation from Modified Short-Time Fourier Transform*; mel bands are spread over the
    bins by the pseudo-inverse.
    """
    spectrum = _spectrum()
    mel, inverse = _bank(int(rng.choice(_BANDS)))
    heard = np.abs(spectrum.stft(sound)) ** 2
    magnitude = np.sqrt(np.maximum(inverse @ (mel @ heard), _LEAST))
    phase = np.exp(2j * np.pi * rng.random(magnitude.shape))
    for _ in range(int(rng.choice(_ROUNDS))):
        consistent = spectrum.stft(spectrum.istft(magnitude * phase, k1=len(sound)))
        phase = consistent / np.maximum(np.abs(consistent), _LEAST)
    return np.asarray(spectrum.istft(magnitude * phase, k1=len(sound)), np.float32)


@cache
def _spectrum() -> ShortTimeFFT:
    return ShortTimeFFT.from_window("hann", SAMPLE_RATE_HZ, _WINDOW, _WINDOW - _HOP)


@cache
def _bank(bands: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bands (bands, bins) and their pseudo-inverse."""
    mel = librosa.filters.mel(sr=SAMPLE_RATE_HZ, n_fft=_WINDOW, n_mels=bands).astype(np.float64)
    inverse: NDArray[np.float64] = np.asarray(np.linalg.pinv(mel), np.float64)
    return mel, inverse
