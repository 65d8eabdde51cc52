"""Statistics of the fine spectrum: what moves them, and what does not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.audio.signals import SAMPLE_RATE_HZ, Samples
from services.audio.voice.statistics import COUNT, statistics

HARMONIC = 12
"""The last of them: fine structure, regularity and persistence, of four quarters each."""


def noise(seconds: float = 2.0) -> Samples:
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE_HZ))).astype(np.float32)


def harmonics(pitch_hz: float = 200.0, seconds: float = 2.0) -> Samples:
    """All harmonics up to the highest frequency, in a little noise."""
    times_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    numbers = np.arange(1, round(SAMPLE_RATE_HZ / 2 / pitch_hz))
    tones = np.cos(2 * np.pi * pitch_hz * numbers[:, np.newaxis] * times_s + numbers[:, np.newaxis] ** 2)
    return np.asarray(0.02 * tones.sum(axis=0), np.float32) + 0.01 * noise(seconds)


def harmonic_part(samples: Samples) -> NDArray[np.float32]:
    """(3, 4): how much fine structure, how regular, how lasting; by quarter of the spectrum."""
    part: NDArray[np.float32] = statistics(samples)[-HARMONIC:].reshape(3, 4)
    return part


def test_there_are_as_many_as_the_network_takes(speech: Samples) -> None:
    found = statistics(speech[: 2 * SAMPLE_RATE_HZ])
    assert found.shape == (COUNT,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert found.std() > 0.1


def test_the_same_sound_has_the_same_ones(speech: Samples) -> None:
    assert statistics(speech).tobytes() == statistics(speech.copy()).tobytes()


@pytest.mark.parametrize("gain", [0.01, 0.5, 8.0])
def test_how_loud_it_is_does_not_matter(speech: Samples, gain: float) -> None:
    np.testing.assert_allclose(statistics(speech * np.float32(gain)), statistics(speech), atol=2e-3)


def test_harmonics_stand_out_and_last_and_noise_does_not() -> None:
    voice, hiss = harmonic_part(harmonics()), harmonic_part(noise())
    assert (voice[0] > 1.2 * hiss[0]).all()
    assert (voice[1] > 1.5 * hiss[1]).all()
    assert (voice[2] > 2 * hiss[2] + 0.5).all()


def test_bands_of_noise_are_less_like_themselves_later() -> None:
    """Frames 10 ms apart share most of their samples, those 40 ms apart none."""
    found = statistics(noise())
    near, far = np.split(found[-HARMONIC - 120 : -HARMONIC - 40], 2)
    assert near.mean() > 0.3
    assert abs(far.mean()) < 0.1
    slow = noise() * np.linspace(0.01, 1, 2 * SAMPLE_RATE_HZ, dtype=np.float32)
    assert statistics(slow)[-HARMONIC - 80 : -HARMONIC - 40].mean() > 0.4


def impulse() -> Samples:
    samples = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    samples[SAMPLE_RATE_HZ] = 1
    return samples


def burst_at_the_end() -> Samples:
    """A tenth of a second of which the last frame alone is loud: nothing follows it that it could differ from."""
    samples = np.zeros(SAMPLE_RATE_HZ // 10, np.float32)
    samples[1400:1470] = noise()[:70]
    return samples


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(2 * SAMPLE_RATE_HZ, np.float32),
        impulse(),
        np.clip(100 * noise(), -1, 1),
        np.sign(harmonics()),
        np.ones(SAMPLE_RATE_HZ, np.float32),
        noise(0.1),
        burst_at_the_end(),
    ],
    ids=[
        "silence",
        "impulse",
        "clipped noise",
        "clipped voice",
        "offset",
        "a tenth of a second",
        "loud in the last frame alone",
    ],
)
def test_odd_sounds_have_finite_ones(samples: Samples) -> None:
    assert np.isfinite(statistics(samples)).all()
