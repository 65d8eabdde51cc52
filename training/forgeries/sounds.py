"""Forged sound: another voice under the same picture, or the same words from a vocoder."""

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT

from training.forgeries.footage import SOUND_HZ

Sound = NDArray[np.float32]
"""(n,) samples at `SOUND_HZ`."""

_MEL_BANDS, _WINDOW, _HOP = 80, 1024, 256
_SPECTRUM = ShortTimeFFT.from_window("hann", SOUND_HZ, _WINDOW, _WINDOW - _HOP)
_ROUNDS = 32
_LEAST_MAGNITUDE = 1e-8
_LEAST_SHIFT_S = 0.4
_CLIP = 1.0


def redubbed(own: Sound, foreign: Sound | None, rng: np.random.Generator) -> Sound:
    """Foreign sound as loud as the clip's own, or, without any, the clip's own from another moment."""
    if foreign is None or not len(foreign):
        least = min(round(_LEAST_SHIFT_S * SOUND_HZ), len(own) // 2)
        return np.roll(own, int(rng.integers(least, max(least + 1, len(own) - least))))
    start = int(rng.integers(len(foreign)))
    return _as_loud(np.resize(np.roll(foreign, -start), len(own)), own)


def vocoded(own: Sound, rng: np.random.Generator) -> Sound:
    """Through a mel spectrogram of 80 bands, which drops phases and fine harmonics, and back.

    Griffin and Lim 1984, *Signal Estimation from Modified Short-Time Fourier Transform*. librosa has it too, but
    compiled by numba, which is not available in a process that has imported `services.audio`.
    """
    heard = _SPECTRUM.stft(own)
    bands = librosa.filters.mel(sr=SOUND_HZ, n_fft=_WINDOW, n_mels=_MEL_BANDS) @ np.square(np.abs(heard))
    magnitude = librosa.feature.inverse.mel_to_stft(bands, sr=SOUND_HZ, n_fft=_WINDOW)
    phase = np.exp(2j * np.pi * rng.random(magnitude.shape))
    for _ in range(_ROUNDS):
        consistent = _SPECTRUM.stft(_SPECTRUM.istft(magnitude * phase, k1=len(own)))
        phase = consistent / np.maximum(np.abs(consistent), _LEAST_MAGNITUDE)
    return _as_loud(_SPECTRUM.istft(magnitude * phase, k1=len(own)), own)


def through_spectrum(own: Sound) -> Sound:
    """The sham of `vocoded`: to a spectrogram and back without loss."""
    return np.asarray(_SPECTRUM.istft(_SPECTRUM.stft(own), k1=len(own)), dtype=np.float32)


def _as_loud(sound: Sound, other: Sound) -> Sound:
    loudness = float(np.sqrt(np.mean(np.square(sound))))
    gain = float(np.sqrt(np.mean(np.square(other)))) / max(loudness, 1e-6)
    return np.asarray(np.clip(sound * gain, -_CLIP, _CLIP), dtype=np.float32)
