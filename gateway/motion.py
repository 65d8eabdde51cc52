"""Jitter of landmarks: differences over time that steady motion leaves at zero.

White noise of standard deviation σ a coordinate gives a k-th difference of standard deviation σ·√C(2k, k) a
coordinate: √6 for the second. Divided by it, every number here has the scale of σ ÷ inter-ocular
distance. Differences are taken only over frames that follow one another (FaceSignals.follows).
"""

import numpy as np

from gateway.signals import Bools, FaceSignals, Floats

_SECOND = np.sqrt(6.0)


def nose_jitter(signals: FaceSignals) -> Floats:
    """(n,) norm of the second difference of the nose tip ÷ (IOD·√6), at the last of its three frames; else NaN."""
    nose = signals.nose_px
    difference = np.full(nose.shape, np.nan)
    difference[2:] = nose[2:] - 2 * nose[1:-1] + nose[:-2]
    # The middle one of three: the distance over which the nose was seen to move.
    iod = np.full(len(nose), np.nan)
    iod[2:] = np.where(signals.iod_px[1:-1] > 0, signals.iod_px[1:-1], np.nan)
    return _where(_unbroken(signals, 2), np.hypot(difference[:, 0], difference[:, 1]) / (iod * _SECOND))


def residual_jitter(signals: FaceSignals) -> Floats:
    """(n,) second difference of all aligned landmarks ÷ √6, inter-ocular distances; NaN where frames do not follow."""
    return _where(_unbroken(signals, 2), signals.residual / _SECOND)


def covered_s(signals: FaceSignals, values: Floats, order: int) -> float:
    """Seconds of frames that take part in at least one finite difference of this order."""
    if not signals.interval_s > 0:
        return 0.0
    takes_part = np.zeros(len(values), dtype=np.bool_)
    for last in np.flatnonzero(np.isfinite(values)):
        takes_part[max(0, last - order) : last + 1] = True
    return float(np.count_nonzero(takes_part)) * signals.interval_s


def _unbroken(signals: FaceSignals, order: int) -> Bools:
    """(n,) True where an entry and the `order` - 1 before it each follow the one before."""
    follows = signals.follows()
    result = follows.copy()
    for step in range(1, order):
        result[step:] &= follows[:-step]
        result[:step] = False
    return result


def _where(usable: Bools, values: Floats) -> Floats:
    return np.where(usable & np.isfinite(values), values, np.nan)
