"""Whether the mouth moves with the sound."""

from collections.abc import Sequence

import numpy as np
from notreally.v1.audio_pb2 import AudioWindow

from gateway.features.signals import FaceSignals, Floats, UnmeasurableError

RATE_HZ = 25.0
BAND_HZ = (0.5, 8.0)
LARGEST_LAG_S = 0.2
LEAST_JOINT_S = 5.0
LEAST_FPS = 10.0
LEAST_MOUTH_STD = 0.01
"""Standard deviation of the band-passed mouth gap, inter-ocular distances, below which a mouth counts as still."""

_LEAST_STRETCH_S = 2.0  # a period of the lowest frequency; less is all filter edge
_LEAST_SOUND_STD = 0.05  # of the band-passed natural log of loudness; silence and pure tones have no envelope
_STEP_S = 1 / RATE_HZ

# scipy.signal.butter(2, BAND_HZ, btype="bandpass", fs=RATE_HZ, output="sos") without the ones in its fourth column, and
# scipy.signal.sosfilt_zi of it: what the sections hold after a long time of ones.
_SECTIONS = (
    (0.39133577250176854, 0.7826715450035371, 0.39133577250176854, 0.48628855869959664, 0.23359467496937325),
    (1.0, -2.0, 1.0, -1.822637460649339, 0.8382713034083783),
)
_SETTLED = ((0.5188092067406765, 0.17873075190062254), (-0.9101449792424391, 0.9101449792424401))
_EDGE = 15  # as sosfiltfilt adds at each end, mirrored: three times the taps


def av_sync_correlation(signals: FaceSignals, sounds: Sequence[AudioWindow]) -> float:
    """Largest correlation of mouth opening with loudness over lags up to 200 ms either way.

    Mouth gap ÷ inter-ocular distance and log-RMS, both at 25 Hz, are band-passed to 0.5-8 Hz without phase shift
    (second-order Butterworth, forwards and backwards) in each stretch in which both go on; the correlation is pooled
    over the stretches. A maximum over eleven lags is above 0 for noise too: compare it with other videos, not with 0.

    Args:
        signals: One person.
        sounds: Audio windows, ascending.

    Returns:
        Between -1 and 1.

    Raises:
        UnmeasurableError: When face and sound go together for less than 5 s, there are fewer than 10 frames a second,
            the mouth is still or the sound is even.
    """
    if not signals.fps >= LEAST_FPS:
        raise UnmeasurableError(f"there are fewer than {LEAST_FPS:g} frames a second")
    mouths: list[Floats] = []
    louds: list[Floats] = []
    audio = _sound_stretches(sounds)
    for index in signals.stretches(np.isfinite(signals.mouth_gap)):
        times, mouth = signals.times_s[index], signals.mouth_gap[index]
        for sound_times, sound in audio:
            start, end = max(times[0], sound_times[0]), min(times[-1], sound_times[-1])
            if end - start < _LEAST_STRETCH_S - _STEP_S:
                continue
            grid = start + _STEP_S * np.arange(int((end - start) / _STEP_S + 1e-6) + 1)
            mouths.append(_band_passed(np.interp(grid, times, mouth)))
            louds.append(_band_passed(np.interp(grid, sound_times, sound)))
    # Both series lack about one step at their ends.
    if sum(len(part) + 1 for part in mouths) * _STEP_S < LEAST_JOINT_S:
        raise UnmeasurableError(f"face and sound go together for less than {LEAST_JOINT_S:g} seconds")
    if np.std(np.concatenate(mouths)) < LEAST_MOUTH_STD:
        raise UnmeasurableError("the mouth hardly moves")
    if np.std(np.concatenate(louds)) < _LEAST_SOUND_STD:
        raise UnmeasurableError("the sound is silent or even")
    furthest = round(LARGEST_LAG_S * RATE_HZ)
    return max(_correlation(mouths, louds, lag) for lag in range(-furthest, furthest + 1))


def _sound_stretches(sounds: Sequence[AudioWindow]) -> list[tuple[Floats, Floats]]:
    """Times and loudness of each span in which sound goes on, over windows that follow one another."""
    times = np.concatenate(
        [np.empty(0), *(window.window.start_s + _STEP_S * (np.arange(len(window.log_rms)) + 0.5) for window in sounds)]
    )
    loudness = np.concatenate([np.empty(0), *(np.asarray(window.log_rms, dtype=np.float64) for window in sounds)])
    heard = np.isfinite(loudness)
    times, loudness = times[heard], loudness[heard]
    steps = np.diff(times)
    cuts = np.flatnonzero(~((steps > 0) & (steps <= 2.5 * _STEP_S))) + 1
    return [part for part in zip(np.split(times, cuts), np.split(loudness, cuts), strict=True) if part[0].size]


def _band_passed(values: Floats) -> Floats:
    """As scipy.signal.sosfiltfilt does it; that package takes a gateway more than a second to load."""
    start, end = 2 * values[0] - values[_EDGE:0:-1], 2 * values[-1] - values[-2 : -_EDGE - 2 : -1]
    there = _filtered(np.concatenate([start, values, end]).tolist())
    there_and_back = _filtered(there[::-1])[::-1]
    return np.asarray(there_and_back[_EDGE:-_EDGE])


def _filtered(values: list[float]) -> list[float]:
    """One section after the other, each beginning as if the first value had always been there."""
    first = values[0]
    for (b0, b1, b2, a1, a2), (early, late) in zip(_SECTIONS, _SETTLED, strict=True):
        one, two = early * first, late * first
        passed = []
        for value in values:
            out = b0 * value + one
            one = b1 * value - a1 * out + two
            two = b2 * value - a2 * out
            passed.append(out)
        values = passed
    return values


def _correlation(mouths: Sequence[Floats], louds: Sequence[Floats], lag: int) -> float:
    """Pearson correlation over all stretches, with the sound taken `lag` steps later."""
    pairs = [
        (mouth[max(0, -lag) : len(mouth) - max(0, lag)], loud[max(0, lag) : len(loud) - max(0, -lag)])
        for mouth, loud in zip(mouths, louds, strict=True)
    ]
    x, y = (np.concatenate(side) for side in zip(*pairs, strict=True))
    # Filtered series have no mean, but a short piece of one may.
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip(x @ y / norm, -1.0, 1.0)) if norm > 0 else 0.0
