"""From network scores of single snippets or spans to features of a video."""

import math
from collections.abc import Sequence

import numpy as np
from notreally.v1.audio_pb2 import AudioWindow, VoiceReading

from gateway.features.signals import Floats

_SUREST = 8.0
"""Log-odds: 3000 to 1. Beyond it one snippet would outweigh all others."""


def limited(log_odds: Floats) -> Floats:
    """Log-odds (k,), each limited to ±8."""
    return np.clip(log_odds, -_SUREST, _SUREST)


def mean_log_odds(log_odds: Floats) -> float:
    """Mean of the log-odds (k,) of being forged, each limited."""
    return float(np.mean(limited(log_odds)))


def voice_readings(sound: Sequence[AudioWindow]) -> list[VoiceReading]:
    """The voice network's readings of all windows, ascending in time, without those that are no numbers."""
    readings = [reading for window in sound for reading in window.voice if math.isfinite(reading.log_odds)]
    return sorted(readings, key=lambda reading: (reading.start_s, reading.end_s))


def voice_networks(sound: Sequence[AudioWindow]) -> str:
    """Version of the network that made the readings; empty when there are none.

    Scores of two networks are not comparable: where a service was replaced in the middle, the name matches none.
    """
    return "+".join(sorted({window.voice_network for window in sound if window.voice} - {""}))
