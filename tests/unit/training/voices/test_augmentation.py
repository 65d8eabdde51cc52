"""Augmentation: what it does to sound, and that it cannot know the label."""

import inspect
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.training.voices.made import spoken
from training.voices import augmentation
from training.voices.augmentation import (
    CODECS,
    LEVEL,
    SAMPLE_RATE_HZ,
    Codec,
    Encoding,
    Sound,
    at_level,
    augment,
    draw_encoding,
    encoded,
    through,
)

Step = Callable[[Sound, np.random.Generator], Sound]
STEPS = (augmentation.reverberated, augmentation.tilted, augmentation.noisy, augmentation.band_limited)


def rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def envelope(sound: Sound) -> NDArray[np.float64]:
    """Level by 50 ms."""
    pieces = sound[: len(sound) // 800 * 800].reshape(-1, 800)
    return np.asarray(np.sqrt(np.mean(np.square(pieces, dtype=np.float64), axis=1)), np.float64)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_every_codec_gives_about_the_same_sound_back(codec: Codec) -> None:
    sound = spoken(2.0)
    for rate_hz in codec.rates_hz:
        for bit_rate in (min(codec.bit_rates), max(codec.bit_rates)) if codec.bit_rates else (None,):
            back = through(sound, codec, rate_hz, bit_rate)
            assert abs(len(back) - len(sound)) < 0.15 * SAMPLE_RATE_HZ
            assert back.dtype == np.float32
            assert np.isfinite(back).all()
            assert rms(back) == pytest.approx(rms(sound), rel=0.4)
            length = min(len(back), len(sound))
            # Codecs begin up to a tenth of a second early or late.
            before, after = envelope(sound[:length]), envelope(back[:length])
            alike = [
                np.corrcoef(a[lag:], b[: -lag or None])[0, 1]
                for a, b in ((before, after), (after, before))
                for lag in range(3)
            ]
            assert max(alike) > 0.7
            assert not np.array_equal(back[:length], sound[:length])


def test_what_hardly_comes_back_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = spoken(1.0)
    encoding = Encoding(CODECS[0], 16_000, 32_000)
    monkeypatch.setattr(augmentation, "through", lambda *_: sound[:100])
    assert encoded(sound, encoding) is sound


@pytest.mark.parametrize("level", [0.01, LEVEL, 0.5])
def test_a_level_is_kept(level: float) -> None:
    assert rms(at_level(spoken(1.0), level)) == pytest.approx(level, rel=1e-5)
    assert np.isfinite(at_level(np.zeros(100, np.float32), level)).all()


@pytest.mark.parametrize("step", STEPS)
def test_each_step_changes_the_sound_and_keeps_its_length(step: Step) -> None:
    sound = spoken(1.5)
    changed = step(sound, np.random.default_rng(1))
    assert changed.shape == sound.shape
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    assert 0.01 * rms(sound) < rms(changed - sound) < 2 * rms(sound)
    assert step(sound, np.random.default_rng(1)).tobytes() == changed.tobytes()


def test_noise_is_where_it_says() -> None:
    sound = spoken(1.0)
    below_db = [
        -20 * np.log10(rms(augmentation.noisy(sound, np.random.default_rng(seed)) - sound) / rms(sound))
        for seed in range(30)
    ]
    assert 11.5 < min(below_db) < 20
    assert 32 < max(below_db) < 40.5


def test_nothing_is_left_far_above_the_limit_of_the_band() -> None:
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    shares = []
    for seed in range(20):
        power = np.abs(np.fft.rfft(augmentation.band_limited(noise, np.random.default_rng(seed)))) ** 2
        assert power[1000:2500].mean() == pytest.approx(SAMPLE_RATE_HZ, rel=0.3)
        shares.append(power[-200:].mean() / power[1000:2500].mean())
    assert min(shares) < 1e-3


@pytest.mark.parametrize("seconds", [0.6, 2.0, 4.0])
def test_augmented_it_lasts_two_seconds_at_most(seconds: float) -> None:
    sound = spoken(seconds)
    for seed in range(6):
        found = augment(sound, np.random.default_rng(seed))
        assert abs(len(found) - SAMPLE_RATE_HZ * min(seconds, 2.0)) < 0.15 * SAMPLE_RATE_HZ
        assert np.isfinite(found).all()
        assert 0.1 * LEVEL < rms(found) < 2 * LEVEL


def test_a_seed_draws_the_same_again_and_another_something_else() -> None:
    sound = spoken(2.5)
    made = [augment(sound, np.random.default_rng(seed)).tobytes() for seed in (1, 2, 3)]
    assert len(set(made)) == 3
    assert augment(sound, np.random.default_rng(2)).tobytes() == made[1]


def test_all_codecs_are_drawn_as_often_as_they_weigh() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_encoding(rng) for _ in range(1500)]
    total = sum(codec.weight for codec in CODECS)
    for codec in CODECS:
        own = [one for one in drawn if one.codec is codec]
        assert len(own) / len(drawn) == pytest.approx(codec.weight / total, abs=0.04)
        assert {one.rate_hz for one in own} == set(codec.rates_hz)
        rates: set[int | None] = set(codec.bit_rates) or {None}
        assert {one.bit_rate for one in own} == rates


def test_it_cannot_know_the_label() -> None:
    """Nothing but sound and randomness goes in, so that both classes are treated alike."""
    for step in (augment, *STEPS):
        assert list(inspect.signature(step).parameters) == ["sound", "rng"]
