"""A mouth that follows the sound correlates with it, if they are not too far apart."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from gateway.features.lipsync import BAND_HZ, RATE_HZ, _band_passed, av_sync_correlation
from gateway.features.signals import UnmeasurableError, face_signals
from tests.unit.gateway.synthetic_signals import Floats, face_clip, frame_times, sound_clip


def speech(seed: int) -> Callable[[Floats], Floats]:
    """Loudness like speech: sums of 1-6 Hz waves of random phase, zero mean, about unit size."""
    rng = np.random.default_rng(seed)
    rates, phases = rng.uniform(1, 6, 25), rng.uniform(0, 2 * np.pi, 25)
    return lambda times: np.asarray(np.sin(2 * np.pi * rates * times[:, None] + phases).sum(axis=1) / np.sqrt(12.5))


def correlation(
    delay_s: float = 0.0, duration_s: float = 12.0, fps: float = 30.0, size: float = 0.05, other: bool = False
) -> float:
    times, said = frame_times(duration_s, fps), speech(4)
    heard = speech(5) if other else said
    face = face_signals(face_clip(times, mouth_gap=0.1 + size * said(times)))
    return av_sync_correlation(face, sound_clip(duration_s, lambda moments: heard(moments - delay_s)))


@pytest.mark.parametrize("fps", [15.0, 25.0, 30.0])
def test_a_mouth_in_step_correlates(fps: float) -> None:
    assert correlation(fps=fps) > 0.95


@pytest.mark.parametrize("delay_s", [-0.1, 0.1, 0.2])
def test_a_small_shift_keeps_the_correlation(delay_s: float) -> None:
    # Lags come in steps of 40 ms; being 20 ms off costs a wave of 6 Hz a quarter of its correlation.
    assert correlation(delay_s) > 0.8


@pytest.mark.parametrize("delay_s", [-0.4, 0.4, 1.0])
def test_a_large_shift_loses_it(delay_s: float) -> None:
    assert correlation(delay_s) < 0.5


def test_another_speaker_does_not_correlate() -> None:
    assert correlation(other=True) < 0.5


def test_less_than_five_seconds_do_not_suffice() -> None:
    assert correlation(duration_s=5.0) > 0.95
    with pytest.raises(UnmeasurableError, match="less than 5 seconds"):
        correlation(duration_s=4.8)


def test_a_still_mouth_cannot_be_compared() -> None:
    with pytest.raises(UnmeasurableError, match="mouth hardly moves"):
        correlation(size=0.002)


def test_silence_cannot_be_compared() -> None:
    times = frame_times(8.0)
    face = face_signals(face_clip(times, mouth_gap=0.1 + 0.05 * speech(4)(times)))
    with pytest.raises(UnmeasurableError, match="silent or even"):
        av_sync_correlation(face, sound_clip(8.0, lambda moments: np.full(len(moments), np.log(1e-5))))


def test_few_frames_a_second_cannot_be_compared() -> None:
    with pytest.raises(UnmeasurableError, match="frames a second"):
        correlation(fps=6.0)


def test_distant_windows_are_pooled() -> None:
    said = speech(4)
    windows, sounds = [], []
    for start in (0.0, 100.0):
        times = frame_times(4.0, start_s=start)
        windows += face_clip(times, mouth_gap=0.1 + 0.05 * said(times))
        (sound,) = sound_clip(4.0, lambda moments, start=start: said(moments + start))  # type: ignore[misc]
        sound.window.start_s += start
        sounds.append(sound)
    assert av_sync_correlation(face_signals(windows), sounds) > 0.9


def test_where_the_sound_stops_only_the_rest_is_compared() -> None:
    times, said = frame_times(12.0), speech(4)
    face = face_signals(face_clip(times, mouth_gap=0.1 + 0.05 * said(times)))
    sounds = sound_clip(12.0, said)
    sounds[2].Clear()
    assert av_sync_correlation(face, sounds) > 0.95


def test_where_sound_is_missing_within_a_window_only_the_rest_is_compared() -> None:
    """It starts after the picture, and has a hole: neither is silence."""
    times, said = frame_times(12.0), speech(4)
    face = face_signals(face_clip(times, mouth_gap=0.1 + 0.05 * said(times)))
    sounds = sound_clip(12.0, said)
    for window, missing in ((0, slice(0, 30)), (1, slice(60, 70))):
        sounds[window].log_rms[missing] = [float("nan")] * len(sounds[window].log_rms[missing])
    assert av_sync_correlation(face, sounds) > 0.95


@pytest.mark.parametrize("length", [16, 49, 101, 700])
def test_the_filter_is_scipys(length: int) -> None:
    sections = butter(2, BAND_HZ, btype="bandpass", fs=RATE_HZ, output="sos")
    noise = np.random.default_rng(length).normal(size=(50, length)) * np.logspace(-3, 3, 50)[:, None]
    for values in [*noise, *noise.cumsum(axis=1), np.full(length, 0.3), np.log(np.maximum(noise[-1], 1e-5))]:
        # To the bit on some processors; on others the last digits of scipy's coefficients are different.
        nothing = 1e-12 * np.abs(values).max()
        np.testing.assert_allclose(_band_passed(values), sosfiltfilt(sections, values), rtol=1e-9, atol=nothing)
