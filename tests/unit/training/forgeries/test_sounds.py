"""What is heard under a forged clip."""

import librosa
import numpy as np
import pytest

from tests.synthetic.videos import syllables
from tests.synthetic.voices import voice
from training.forgeries.footage import SOUND_HZ
from training.forgeries.sounds import Sound, redubbed, through_spectrum, vocoded


@pytest.fixture(scope="module")
def own() -> Sound:
    heard = librosa.resample(voice(1.5, syllables), orig_sr=16_000, target_sr=SOUND_HZ)
    return np.asarray(heard, dtype=np.float32)


def loudness(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))


def bands(sound: Sound) -> Sound:
    mel = librosa.feature.melspectrogram(y=sound, sr=SOUND_HZ, n_mels=40)
    return np.asarray(librosa.power_to_db(mel), dtype=np.float32)


def likeness(one: Sound, other: Sound) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("seconds", [0.4, 1.5, 4.0])
def test_a_foreign_voice_fills_the_clip_and_is_as_loud_as_the_own(own: Sound, seconds: float) -> None:
    foreign = np.random.default_rng(1).normal(0, 0.02, round(seconds * SOUND_HZ)).astype(np.float32)
    dubbed = redubbed(own, foreign, np.random.default_rng(0))
    assert dubbed.shape == own.shape
    assert dubbed.dtype == np.float32
    assert loudness(dubbed) == pytest.approx(loudness(own), rel=0.05)
    assert abs(likeness(dubbed, own)) < 0.1


def test_without_a_foreign_voice_the_own_comes_from_another_moment(own: Sound) -> None:
    dubbed = redubbed(own, None, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(dubbed), np.sort(own))
    start = round(0.4 * SOUND_HZ)
    shifts = [
        shift for shift in range(len(own)) if dubbed[0] == own[-shift] and np.array_equal(np.roll(own, shift), dubbed)
    ]
    assert shifts
    assert start <= min(shifts) <= len(own) - start


def test_a_vocoder_keeps_what_is_said_and_loses_the_phases(own: Sound) -> None:
    heard = vocoded(own, np.random.default_rng(0))
    assert heard.shape == own.shape
    assert loudness(heard) == pytest.approx(loudness(own), rel=0.05)
    assert likeness(bands(heard), bands(own)) > 0.9
    assert abs(likeness(heard, own)) < 0.8
    np.testing.assert_array_equal(heard, vocoded(own, np.random.default_rng(0)))


def test_the_vocoders_sham_loses_nothing(own: Sound) -> None:
    np.testing.assert_allclose(through_spectrum(own), own, atol=1e-4)
