"""Forged sound: another voice under the same picture, or the same words out of a vocoder."""

import librosa
import numpy as np
from numpy.typing import NDArray

from training.forgeries.footage import SOUND_HZ

Sound = NDArray[np.float32]
"""(n,) samples at `SOUND_HZ`."""

_MEL_BANDS, _WINDOW, _HOP = 80, 1024, 256
_ROUNDS = 32
_LEAST_SHIFT_S = 0.4
_CLIP = 1.0


def redubbed(own: Sound, foreign: Sound | None, rng: np.random.Generator) -> Sound:
    """Foreign sound as loud as one's own, or, without any, one's own from another moment."""
    if foreign is None or not len(foreign):
        least = min(round(_LEAST_SHIFT_S * SOUND_HZ), len(own) // 2)
        return np.roll(own, int(rng.integers(least, max(least + 1, len(own) - least))))
    start = int(rng.integers(len(foreign)))
    return _as_loud(np.resize(np.roll(foreign, -start), len(own)), own)


def vocoded(own: Sound, rng: np.random.Generator) -> Sound:
    """Through a mel spectrogram of 80 bands, which drops phases and fine harmonics, and back.

    Griffin and Lim 1984, *Signal Estimation from Modified Short-Time Fourier Transform*.
    """
    mel = librosa.feature.melspectrogram(y=own, sr=SOUND_HZ, n_fft=_WINDOW, hop_length=_HOP, n_mels=_MEL_BANDS)
    magnitude = librosa.feature.inverse.mel_to_stft(mel, sr=SOUND_HZ, n_fft=_WINDOW)
    heard = librosa.griffinlim(
        magnitude,
        n_iter=_ROUNDS,
        n_fft=_WINDOW,
        hop_length=_HOP,
        length=len(own),
        random_state=int(rng.integers(2**31)),
    )
    return _as_loud(heard, own)


def through_spectrum(own: Sound) -> Sound:
    """The sham of `vocoded`: into a spectrogram and back, with all that it holds."""
    spectrum = librosa.stft(own, n_fft=_WINDOW, hop_length=_HOP)
    heard = librosa.istft(spectrum, n_fft=_WINDOW, hop_length=_HOP, length=len(own))
    return np.asarray(heard, dtype=np.float32)


def _as_loud(sound: Sound, other: Sound) -> Sound:
    loudness = float(np.sqrt(np.mean(np.square(sound))))
    gain = float(np.sqrt(np.mean(np.square(other)))) / max(loudness, 1e-6)
    return np.asarray(np.clip(sound * gain, -_CLIP, _CLIP), dtype=np.float32)
