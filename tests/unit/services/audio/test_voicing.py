"""What counts as voice and what does not."""

import numpy as np
import pytest

from services.audio import signals, voicing
from services.audio.signals import Mask, Samples

RATE = signals.SAMPLE_RATE_HZ


def _all(samples: Samples) -> Mask:
    return np.ones(samples.size, np.bool_)


def _vowel(seconds: float, pitch_hz: float = 120.0) -> Samples:
    """Pulses at a pitch, shaped like the first formants of an open vowel."""
    times = np.arange(round(seconds * RATE)) / RATE
    harmonics = np.arange(1, 25)
    weights = 1 / (1 + ((harmonics * pitch_hz - 700) / 200) ** 2) + 0.3 / (
        1 + ((harmonics * pitch_hz - 1200) / 200) ** 2
    )
    tone = np.sum(weights[:, None] * np.cos(2 * np.pi * pitch_hz * harmonics[:, None] * times), axis=0)
    return np.asarray(0.3 * tone / np.abs(tone).max(), np.float32)


def _noise(seconds: float, amplitude: float, seed: int = 3) -> Samples:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (amplitude * noise).astype(np.float32)


def _hum(seconds: float) -> Samples:
    times = np.arange(round(seconds * RATE)) / RATE
    return (0.2 * np.sin(2 * np.pi * 100 * times)).astype(np.float32)


def _clicks(seconds: float) -> Samples:
    samples = _noise(seconds, 1e-4)
    samples[::8000] = 0.9
    return samples


@pytest.mark.parametrize(
    "sound",
    [np.zeros(3 * RATE, np.float32), _hum(3.0), _noise(3.0, 0.1), _clicks(3.0), _vowel(0.03), np.zeros(0, np.float32)],
    ids=["silence", "hum", "steady noise", "clicks", "too short", "nothing"],
)
def test_what_is_no_voice_has_no_voiced_frames(sound: Samples) -> None:
    voiced = voicing.voiced_frames(sound, _all(sound))
    assert voiced.size == signals.frame_count(sound.size)
    assert not voiced.any()


def test_bursts_of_noise_are_no_voice() -> None:
    sound = _noise(4.0, 0.001)
    sound[RATE : 2 * RATE] += _noise(1.0, 0.2, seed=4)
    assert not voicing.voiced_frames(sound, _all(sound)).any()


@pytest.mark.parametrize("gain", [1.0, 0.02])
@pytest.mark.parametrize("pitch_hz", [85.0, 220.0, 380.0])
def test_a_vowel_between_pauses_is_voiced_where_it_sounds(gain: float, pitch_hz: float) -> None:
    sound = _noise(4.0, 0.002)
    sound[RATE : 2 * RATE] += _vowel(1.0, pitch_hz)
    sound *= np.float32(gain)
    voiced = voicing.voiced_frames(sound, _all(sound))
    times = signals.frame_times_s(voiced.size)
    assert voiced[(times > 1.03) & (times < 1.97)].all()
    assert not voiced[(times < 0.97) | (times > 2.03)].any()


def test_speech_is_voiced_in_part(speech: Samples) -> None:
    share = voicing.voiced_frames(speech, _all(speech)).mean()
    assert 0.3 < share < 0.9


def test_speech_over_a_hum_is_found_and_the_hum_is_not(speech: Samples) -> None:
    pause = _hum(2.0) / 40
    sound = np.concatenate([pause, speech + _hum(speech.size / RATE)[: speech.size] / 40])
    voiced = voicing.voiced_frames(sound, _all(sound))
    times = signals.frame_times_s(voiced.size)
    assert not voiced[times < 1.95].any()
    assert voiced[times > 2.05].mean() > 0.3


def test_padding_is_never_voiced(speech: Samples) -> None:
    present = _all(speech)
    present[RATE // 2 : RATE] = False
    voiced = voicing.voiced_frames(speech, present)
    touched = signals.frames_of(~present).astype(np.bool_).any(axis=1)
    assert not voiced[touched].any()
    assert voiced.any()
    assert not voicing.voiced_frames(speech, ~_all(speech)).any()


def test_periodicity_tells_tones_from_noise() -> None:
    every = np.arange(20)
    assert voicing.periodicity(_hum(1.0), every).min() > 0.95
    assert voicing.periodicity(_noise(1.0, 0.1), every).max() < 0.45
    assert voicing.periodicity(np.zeros(RATE, np.float32), every).max() == 0.0
