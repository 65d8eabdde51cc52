"""Gaps shown in training are alike in both classes, whatever the natural ones are."""

import numpy as np
import pytest

from training.fitting.masking import mask


def patterns(features: np.ndarray, weights: np.ndarray) -> dict[tuple[bool, ...], float]:
    """Weighted share of each pattern of gaps."""
    shares: dict[tuple[bool, ...], float] = {}
    for row, weight in zip(np.isnan(features), weights, strict=True):
        key = tuple(row.tolist())
        shares[key] = shares.get(key, 0.0) + weight / weights.sum()
    return shares


@pytest.mark.parametrize("weighted", [False, True])
def test_patterns_of_gaps_are_equally_frequent_in_both_classes(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    fake = np.arange(400) % 2 == 1
    features = rng.normal(size=(400, 10))
    # Half of the real videos are silent, nearly all fakes are; every third real one is too short to count blinks.
    features[rng.random(400) < np.where(fake, 0.9, 0.5), 6:9] = np.nan
    features[(rng.random(400) < 0.33) & ~fake, 0] = np.nan
    # Weights that go with a gap in one class.
    weights = np.where(weighted & np.isnan(features[:, 0]), 3.0, 1.0)

    masked = mask(features, fake, weights, copies=200, rng=rng)
    label, weight = fake[masked.source], weights[masked.source]
    real_shares = patterns(masked.features[~label], weight[~label])
    fake_shares = patterns(masked.features[label], weight[label])
    for pattern in real_shares.keys() | fake_shares.keys():
        assert real_shares.get(pattern, 0) == pytest.approx(fake_shares.get(pattern, 0), abs=0.01)


def test_values_are_kept_or_hidden_never_changed() -> None:
    rng = np.random.default_rng(0)
    fake = np.arange(60) % 2 == 1
    features = rng.normal(size=(60, 10))
    features[rng.random(features.shape) < 0.2] = np.nan
    masked = mask(features, fake, np.ones(60), copies=3, rng=rng)
    assert masked.source.tolist() == [*range(60)] * 3
    shown = np.isfinite(masked.features)
    assert shown.any()
    assert np.array_equal(masked.features[shown], features[masked.source][shown])


def test_a_feature_that_one_class_never_has_is_hidden_from_both() -> None:
    fake = np.arange(60) % 2 == 1
    features = np.ones((60, 10))
    features[fake, 6:9] = np.nan
    masked = mask(features, fake, np.ones(60), copies=5, rng=np.random.default_rng(0))
    assert np.isnan(masked.features[:, 6:9]).all()


def test_every_feature_is_hidden_now_and_then_and_sound_together() -> None:
    fake = np.arange(200) % 2 == 1
    masked = mask(np.ones((200, 10)), fake, np.ones(200), copies=20, rng=np.random.default_rng(0))
    hidden = np.isnan(masked.features)
    assert hidden.mean(axis=0) == pytest.approx(np.full(10, 0.1), abs=0.02)
    assert np.array_equal(hidden[:, 6], hidden[:, 7])
    assert np.array_equal(hidden[:, 6], hidden[:, 8])
