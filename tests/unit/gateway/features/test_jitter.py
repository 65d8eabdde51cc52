"""Jitter of known size gives the number expected of it; motion gives none."""

import numpy as np
import pytest

from gateway.features.jitter import covered_s, nose_jitter
from gateway.features.signals import face_signals
from tests.unit.gateway.synthetic_signals import face_clip, frame_times

# White noise of σ a coordinate leaves, divided by √6, σ a coordinate again; the norm of two such coordinates is
# Rayleigh distributed, with median σ·√(2·ln 2).
RAYLEIGH_MEDIAN = np.sqrt(2 * np.log(2))


def test_white_noise_of_known_size() -> None:
    times = frame_times(60.0)
    nose = np.random.default_rng(2).normal((300, 200), 0.5, (len(times), 2))
    jitter = nose_jitter(face_signals(face_clip(times, nose_px=nose, iod_px=80.0)))
    assert np.nanmedian(jitter) == pytest.approx(RAYLEIGH_MEDIAN * 0.5 / 80, rel=0.05)


def test_steady_motion_is_no_jitter() -> None:
    times = frame_times(4.0)
    nose = np.stack([100 + 50 * times, 300 - 20 * times], axis=1)
    jitter = nose_jitter(face_signals(face_clip(times, nose_px=nose)))
    assert np.nanmax(jitter) == pytest.approx(0, abs=1e-6)


def jumps(**changes: object) -> np.ndarray:
    """Finite nose jitter of a head that jumps 40 px at frame 60 of 120."""
    times = changes.pop("times", frame_times(4.0))
    assert isinstance(times, np.ndarray)
    nose = np.where(np.arange(len(times))[:, None] < 60, 300.0, 340.0) * np.ones((1, 2))
    values = nose_jitter(face_signals(face_clip(times, nose_px=nose, **changes)))  # type: ignore[arg-type]
    return values[np.isfinite(values)]


def test_a_jump_is_seen_in_two_differences() -> None:
    assert np.count_nonzero(jumps()) == 2


def test_differences_stop_at_a_window_boundary() -> None:
    values = jumps(window_s=2.0)
    assert not values.any()
    assert len(values) == 116


def test_differences_stop_where_tracking_starts_afresh() -> None:
    assert not jumps(segments=np.arange(120) >= 60).any()


def test_differences_stop_at_a_missing_frame() -> None:
    found = np.arange(120) != 60
    assert not jumps(found=found).any()


def test_differences_stop_at_uneven_timestamps() -> None:
    times = frame_times(4.0)
    times[60:] += 0.02
    assert not jumps(times=times).any()


def test_a_quarter_of_a_frame_is_even_enough() -> None:
    times = frame_times(4.0)
    times[60:] += 0.2 / 30
    assert np.count_nonzero(jumps(times=times)) == 2


def test_a_face_without_size_has_no_jitter() -> None:
    assert not np.isfinite(nose_jitter(face_signals(face_clip(frame_times(4.0), iod_px=0.0)))).any()


def test_time_covered_counts_every_frame_that_takes_part() -> None:
    signals = face_signals(face_clip(frame_times(3.0)))
    assert covered_s(signals, nose_jitter(signals)) == pytest.approx(3.0)
    still = face_signals(face_clip(frame_times(0.03)))
    assert covered_s(still, nose_jitter(still)) == 0
    broken = face_signals(face_clip(frame_times(3.0), segments=np.arange(90) // 2))
    assert covered_s(broken, nose_jitter(broken)) == 0
