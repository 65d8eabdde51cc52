"""Statistics of a stretch's fine spectrum, which the encoder's mel bands blur.

Linear-frequency cepstral coefficients (Sahidullah, Kinnunen and Hanilçi 2015, *A Comparison of Features for Synthetic
Speech Detection*) and how they move; how bands hang together over time; and how the harmonics stand out, by quarter of
the spectrum. Vocoders differ from voices in these. Levels do not matter, nor does what lies below 80 Hz.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
import scipy.fft

from services.audio.signals import HOP_SAMPLES, SAMPLE_RATE_HZ, Floats, Samples

COUNT = 250
"""Statistics of a stretch."""

_FFT_SAMPLES = 512
_BANDS, _COEFFICIENTS = 40, 30
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7_900.0
_LEVEL = 0.08  # full scale 1; makes the floors below mean the same everywhere
_BAND_FLOOR, _BIN_FLOOR = 1e-9, 1e-10
_LOUD = 7.0  # natural log of power: frames within 30 dB of the loud ones
_LOUD_PERCENTILE = 95
_SMOOTHING = 15  # bins: wider than the distance of harmonics, narrower than a formant
_QUARTERS = ((3, 64), (64, 128), (128, 192), (192, 256))  # bins; 31 Hz each
_FAR = 4  # frames: 40 ms


def statistics(samples: Samples) -> npt.NDArray[np.float32]:
    """(COUNT,) statistics of some sound.

    Args:
        samples: shape (n,), 16 kHz; at least a tenth of a second.
    """
    frames = np.lib.stride_tricks.sliding_window_view(_levelled(samples), _FFT_SAMPLES)[::HOP_SAMPLES]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FFT_SAMPLES + 1)[:-1], axis=1)) ** 2
    bands = np.log(power @ _bank().T + _BAND_FLOOR)
    mean = bands.mean(axis=1)
    loud = mean > np.percentile(mean, _LOUD_PERCENTILE) - _LOUD
    found = [*_cepstral(bands, loud), *_temporal(bands), *_harmonic(power[loud])]
    return np.concatenate(found).astype(np.float32)


def _levelled(samples: Samples) -> Floats:
    level = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    return samples.astype(np.float64) * (_LEVEL / max(level, 1e-9))


def _cepstral(bands: Floats, loud: npt.NDArray[np.bool_]) -> list[Floats]:
    """Mean and deviation of the coefficients, and the deviations of their first and second differences."""
    coefficients = scipy.fft.dct(bands, axis=1, norm="ortho")[:, :_COEFFICIENTS]
    first = coefficients[2:] - coefficients[:-2]
    second = first[2:] - first[:-2]
    inside = loud[1:-1]
    shown = coefficients[loud][:, 1:]
    return [shown.mean(axis=0), shown.std(axis=0), _deviation(first[inside]), _deviation(second[inside[1:-1]])]


def _deviation(values: Floats) -> Floats:
    """0 of none."""
    return values.std(axis=0) if len(values) else np.zeros(values.shape[1])


def _temporal(bands: Floats) -> list[Floats]:
    """How like each band is to itself 10 and 40 ms later, and how skewed it is."""
    scaled = (bands - bands.mean(axis=0)) / (bands.std(axis=0) + 1e-6)
    near, far = (scaled[lag:] * scaled[:-lag] for lag in (1, _FAR))
    return [near.mean(axis=0), far.mean(axis=0), (scaled**3).mean(axis=0)]


def _harmonic(power: Floats) -> list[Floats]:
    """How much fine structure there is, how regular it is, and how much of it lasts from one frame to the next."""
    shown = np.log(power + _BIN_FLOOR)
    fine = shown - _smoothed(shown)
    parts = [fine[:, start:end] for start, end in _QUARTERS]
    regular = [np.abs(np.fft.rfft(part[::4], axis=1))[:, 2:].max(axis=1).mean() for part in parts]
    lasting = [float((part[1:] * part[:-1]).mean()) if len(part) > 1 else 0.0 for part in parts]
    return [np.array([part.std() for part in parts]), np.array(regular), np.array(lasting)]


def _smoothed(values: Floats) -> Floats:
    """A moving average along frequency, over zeros beyond the ends."""
    half = _SMOOTHING // 2
    sums = np.cumsum(np.pad(values, ((0, 0), (half + 1, half))), axis=1)
    return (sums[:, _SMOOTHING:] - sums[:, :-_SMOOTHING]) / _SMOOTHING


@cache
def _bank() -> Floats:
    """(bands, bins): triangles, evenly spaced."""
    frequencies = np.fft.rfftfreq(_FFT_SAMPLES, 1 / SAMPLE_RATE_HZ)
    edges = np.linspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 2)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling))
