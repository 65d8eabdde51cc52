"""Loudness and cepstra of sounds whose answers are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import get_window

from services.audio import signals
from services.audio.signals import Samples

RATE = signals.SAMPLE_RATE_HZ


def _sine(frequency_hz: float, seconds: float, amplitude: float) -> Samples:
    times = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)


def log_rms(samples: Samples) -> signals.Floats:
    """Where every sample was recorded."""
    return signals.log_rms(samples, np.ones(samples.size, np.bool_))


@pytest.mark.parametrize("amplitude", [1.0, 0.5, 0.01])
def test_the_loudness_of_a_sine_is_its_amplitude_over_root_two(amplitude: float) -> None:
    envelope = log_rms(_sine(200, 2.0, amplitude))
    assert envelope.shape == (50,)
    np.testing.assert_allclose(envelope, np.log(amplitude / np.sqrt(2)), atol=1e-4)


def test_silence_is_as_loud_as_the_floor() -> None:
    np.testing.assert_array_equal(log_rms(np.zeros(6400, np.float32)), np.full(10, np.log(1e-5)))


def test_what_was_not_recorded_is_not_silence() -> None:
    sound = np.zeros(6400, np.float32)
    present = np.ones(6400, np.bool_)
    present[1279:1281] = False
    present[6000:] = False
    loudness = signals.log_rms(sound, present)
    assert np.flatnonzero(np.isnan(loudness)).tolist() == [1, 2, 9]


def test_the_envelope_follows_the_phase_of_a_modulation() -> None:
    # 2 Hz modulation of noise; the phase of the envelope's 2 Hz component must be the modulation's.
    times = np.arange(4 * RATE) / RATE
    phase = 0.7
    noise = np.random.default_rng(1).standard_normal(times.size)
    sound = (0.1 * np.exp(0.8 * np.cos(2 * np.pi * 2 * times - phase)) * noise).astype(np.float32)
    envelope = log_rms(sound)
    middles = (np.arange(envelope.size) + 0.5) * 0.04
    measured = -np.angle(np.sum((envelope - envelope.mean()) * np.exp(-2j * np.pi * 2 * middles)))
    assert measured == pytest.approx(phase, abs=0.05)


def test_an_incomplete_last_step_is_left_out() -> None:
    assert log_rms(_sine(200, 0.0799, 1.0)).size == 1
    assert log_rms(np.zeros(0, np.float32)).size == 0


# A busy machine is no failure.
@settings(deadline=None)
@given(st.integers(min_value=0, max_value=5000))
def test_every_frame_lies_inside_the_samples(size: int) -> None:
    samples = np.arange(size, dtype=np.float32)
    frames = signals.frames_of(samples)
    assert frames.shape == (signals.frame_count(size), signals.FRAME_SAMPLES)
    for index, middle_s in enumerate(signals.frame_times_s(len(frames))):
        assert frames[index, 0] == index * signals.HOP_SAMPLES
        assert middle_s * RATE == pytest.approx((frames[index, 0] + frames[index, -1] + 1) / 2)


def test_cepstra_do_not_depend_on_loudness(speech: Samples) -> None:
    present = np.ones(speech.size, np.bool_)
    loud = signals.mfcc(signals.rms_normalised(speech, present))
    quiet = signals.mfcc(signals.rms_normalised((speech * 0.01).astype(np.float32), present))
    assert loud.shape == (signals.frame_count(speech.size), 12)
    assert float(np.abs(loud).max()) > 10
    np.testing.assert_allclose(quiet, loud, atol=0.01)


def test_cepstra_tell_a_dark_sound_from_a_bright_one() -> None:
    noise = np.random.default_rng(2).standard_normal(RATE)
    dark = np.cumsum(noise)
    bright = np.diff(noise, prepend=0.0)
    # c1 is the balance of low against high bands.
    c1 = [
        signals.mfcc(signals.rms_normalised(sound.astype(np.float32), np.ones(RATE, np.bool_)))[:, 0].mean()
        for sound in (dark, noise, bright)
    ]
    assert c1[0] > c1[1] + 20 > c1[2] + 40


def test_too_few_samples_have_no_cepstra() -> None:
    assert signals.mfcc(np.zeros(639, np.float32)).shape == (0, 12)
    assert signals.mfcc(np.zeros(640, np.float32)).shape == (1, 12)


def test_normalisation_counts_only_what_is_there() -> None:
    samples = np.concatenate([_sine(200, 1.0, 0.2), np.zeros(RATE, np.float32)])
    present = np.arange(samples.size) < RATE
    normalised = signals.rms_normalised(samples, present)
    assert np.sqrt(np.mean(normalised[present].astype(np.float64) ** 2)) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("present", [True, False])
def test_silence_and_absence_are_not_blown_up(present: bool) -> None:
    silence = np.full(RATE, 1e-7, np.float32)
    np.testing.assert_array_equal(signals.rms_normalised(silence, np.full(RATE, present)), silence)


def test_the_window_is_scipys_to_the_bit() -> None:
    np.testing.assert_array_equal(signals._HANN, get_window("hann", signals.FRAME_SAMPLES))
