"""Voice activity: frames that are loud, louder than the background, and periodic like a voice.

Cheap and deterministic: no model and no pitch tracking. It is a voice-like test, not a speech recogniser: singing
and some music pass; silence, a steady hum or tone, steady noise and clicks do not.
"""

from typing import cast

import numpy as np
import numpy.typing as npt

from services.audio.signals import (
    FRAME_SAMPLES,
    HOP_SAMPLES,
    SAMPLE_RATE_HZ,
    Floats,
    Mask,
    Samples,
    frame_count,
    frames_of,
)

_FLOOR_DB = -60.0
_BELOW_LOUD_DB = 30.0
_ABOVE_BACKGROUND_DB = 6.0
_LOUD_PERCENTILE = 95
_BACKGROUND_PERCENTILE = 10

_PITCH_HZ = (70, 400)
_PERIODICITY = 0.45
_SHORTEST_RUN = 5  # frames: 50 ms

_FFT_SAMPLES = 2048  # at least twice a frame, so that the correlation does not wrap
_BLOCK_FRAMES = 256
_EPSILON = 1e-12


def voiced_frames(samples: Samples, present: Mask) -> Mask:
    """Whether each frame is voiced.

    A frame is voiced when all its samples are present; its level is above -60 dBFS, within 30 dB of the window's loud
    part (95th percentile) and at least 6 dB above the window's background (10th percentile); the autocorrelation
    peaks at 0.45 or more within 70–400 Hz; and the same holds for at least five frames in a row.

    Args:
        samples: Shape (n,), 16 kHz, full scale 1.
        present: Shape (n,), false where there is no sound and `samples` is padding.

    Returns:
        Shape (frame_count(n),).
    """
    whole = cast("Mask", frames_of(present).all(axis=1))
    if not whole.any():
        return np.zeros(frame_count(samples.size), np.bool_)
    levels = frame_levels_db(samples)
    loud, background = np.percentile(levels[whole], [_LOUD_PERCENTILE, _BACKGROUND_PERCENTILE])
    threshold = max(_FLOOR_DB, loud - _BELOW_LOUD_DB, background + _ABOVE_BACKGROUND_DB)
    candidates = whole & (levels > threshold)
    candidates[candidates] = periodicity(samples, np.flatnonzero(candidates)) >= _PERIODICITY
    return _without_short_runs(candidates)


def frame_levels_db(samples: Samples) -> Floats:
    """Mean power of each frame in decibels below full scale, floored at -120; shape (frame_count(n),)."""
    squares = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    starts = np.arange(frame_count(samples.size)) * HOP_SAMPLES
    power = (squares[starts + FRAME_SAMPLES] - squares[starts]) / FRAME_SAMPLES
    return cast("Floats", 10 * np.log10(np.maximum(power, _EPSILON)))


def periodicity(samples: Samples, indices: npt.NDArray[np.intp]) -> Floats:
    """Height of the highest autocorrelation peak at lags of 70–400 Hz: about 1 for a periodic frame, 0 for noise.

    The autocorrelation of the windowed frame is divided by that of the window (Boersma 1993), so that a long period
    is not punished.

    Args:
        samples: Shape (n,).
        indices: Shape (k,), the frames asked for.

    Returns:
        Shape (k,).
    """
    frames = frames_of(samples)
    window = np.hanning(FRAME_SAMPLES)
    window_correlation = _autocorrelation(window[None, :])[0]
    lags = slice(SAMPLE_RATE_HZ // _PITCH_HZ[1] - 1, SAMPLE_RATE_HZ // _PITCH_HZ[0] + 2)
    heights = np.zeros(indices.size)
    for first in range(0, indices.size, _BLOCK_FRAMES):
        block = frames[indices[first : first + _BLOCK_FRAMES]].astype(np.float64)
        block = (block - block.mean(axis=1, keepdims=True)) * window
        curve = (_autocorrelation(block) / window_correlation)[:, lags]
        middle = curve[:, 1:-1]
        # Only a peak counts: low-frequency noise slopes down through the shortest lags from a high value.
        peaks = (middle >= curve[:, :-2]) & (middle >= curve[:, 2:])
        heights[first : first + _BLOCK_FRAMES] = np.where(peaks, middle, 0.0).max(axis=1)
    return heights


def _autocorrelation(frames: Floats) -> Floats:
    """Autocorrelation of each row at lags 0 to FRAME_SAMPLES / 2, divided by its value at lag 0."""
    spectrum = np.abs(np.fft.rfft(frames, _FFT_SAMPLES, axis=1)) ** 2
    correlation = np.fft.irfft(spectrum, _FFT_SAMPLES, axis=1)[:, : FRAME_SAMPLES // 2]
    return correlation / np.maximum(correlation[:, :1], _EPSILON)


def _without_short_runs(mask: Mask) -> Mask:
    """`mask` without its runs of fewer than `_SHORTEST_RUN` true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    kept = np.zeros_like(mask)
    for start, end in edges.reshape(-1, 2):
        kept[start:end] = end - start >= _SHORTEST_RUN
    return kept
