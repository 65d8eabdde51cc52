"""A voice whose loudness is known: harmonics of 120 Hz with wandering vowels."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
_PITCH_HZ = 120.0
_HARMONICS = 30
_QUIET = 0.01
# Centre and half of the travel of two formants, and how often a second they travel.
_FORMANTS = ((600.0, 250.0, 1.3), (1700.0, 500.0, 0.7))
_FORMANT_WIDTH_HZ = 200.0


def voice(seconds: float, loudness: Callable[[float], float], shift_s: float = 0.0) -> NDArray[np.float32]:
    """Samples at 16 kHz, between -1 and 1.

    Args:
        seconds: Length.
        loudness: Amplitude from 0 to 1 at a time in seconds.
        shift_s: How much later than `loudness` the sound is.
    """
    t = np.arange(round(seconds * RATE)) / RATE
    formants = [centre + travel * np.sin(2 * np.pi * hz * t) for centre, travel, hz in _FORMANTS]
    sound = np.zeros_like(t)
    for number in range(1, _HARMONICS + 1):
        frequency = number * _PITCH_HZ
        gain = sum(np.exp(-(((frequency - formant) / _FORMANT_WIDTH_HZ) ** 2)) for formant in formants) + 0.05
        sound += gain * np.sin(2 * np.pi * frequency * t)
    envelope_times = np.arange(0, seconds + 0.01, 0.01)
    envelope = np.interp(t, envelope_times, [max(0.0, loudness(float(at) - shift_s)) for at in envelope_times])
    shaped = sound / np.abs(sound).max() * (_QUIET + (1 - _QUIET) * np.clip(envelope, 0, 1)) * 0.8
    return np.asarray(shaped, dtype=np.float32)
