"""Jitter of the nose tip: its second difference over time, which steady motion leaves at zero.

White noise of standard deviation σ a coordinate has a second difference of standard deviation σ·√6 a coordinate.
Divided by that, jitter has the scale of σ ÷ inter-ocular distance. Differences are taken only over frames that follow
one another (FaceSignals.follows).
"""

import numpy as np

from gateway.features.signals import Bools, FaceSignals, Floats

_SECOND = np.sqrt(6.0)


def nose_jitter(signals: FaceSignals) -> Floats:
    """(n,) norm of the second difference of the nose tip ÷ (IOD·√6), at the last of its three frames; else NaN."""
    nose = signals.nose_px
    difference = np.full(nose.shape, np.nan)
    difference[2:] = nose[2:] - 2 * nose[1:-1] + nose[:-2]
    # The middle one of three: the distance over which the nose was seen to move.
    iod = np.full(len(nose), np.nan)
    iod[2:] = np.where(signals.iod_px[1:-1] > 0, signals.iod_px[1:-1], np.nan)
    jitter = np.hypot(difference[:, 0], difference[:, 1]) / (iod * _SECOND)
    return np.where(_unbroken(signals) & np.isfinite(jitter), jitter, np.nan)


def covered_s(signals: FaceSignals, jitter: Floats) -> float:
    """Seconds of frames that take part in at least one finite second difference."""
    takes_part = np.zeros(len(jitter), dtype=np.bool_)
    for last in np.flatnonzero(np.isfinite(jitter)):
        takes_part[max(0, last - 2) : last + 1] = True
    return float(signals.shown_s[takes_part].sum())


def _unbroken(signals: FaceSignals) -> Bools:
    """(n,) True where an entry and the one before it each follow the one before."""
    follows = signals.follows()
    result = np.zeros_like(follows)
    result[1:] = follows[1:] & follows[:-1]
    return result
