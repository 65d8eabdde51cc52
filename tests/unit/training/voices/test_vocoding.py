"""Speech through a vocoder: the same words at the same time, and other fine structure."""

import numpy as np
import pytest

from tests.unit.training.voices.made import spoken
from training.voices.vocoding import vocoded


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("seconds", [0.7, 2.5])
def test_it_keeps_how_the_sound_comes_and_goes_and_nothing_finer(seed: int, seconds: float) -> None:
    sound = spoken(seconds, seed=seed)
    twin = vocoded(sound, np.random.default_rng(seed))
    assert twin.shape == sound.shape
    assert twin.dtype == np.float32
    assert np.isfinite(twin).all()
    first, second = (
        np.sqrt(np.mean(np.square(one[: len(one) // 400 * 400].reshape(-1, 400)), axis=1)) for one in (sound, twin)
    )
    assert np.corrcoef(first, second)[0, 1] > 0.8
    assert abs(np.corrcoef(sound, twin)[0, 1]) < 0.9, "phases are lost"
    assert vocoded(sound, np.random.default_rng(seed)).tobytes() == twin.tobytes()


def test_it_is_better_and_worse() -> None:
    sound = spoken(1.0)
    assert len({vocoded(sound, np.random.default_rng(seed)).tobytes() for seed in range(5)}) == 5


def test_silence_stays_silent() -> None:
    assert np.abs(vocoded(np.zeros(16_000, np.float32), np.random.default_rng(0))).max() < 0.01
