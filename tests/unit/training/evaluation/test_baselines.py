"""Simpler models find what they look for, and what is not shown to them does not leak."""

from collections.abc import Callable

import numpy as np
import pytest

from training.data.videos import Videos
from training.evaluation.baselines import baselines, only_missingness
from training.evaluation.estimates import auc

Population = Callable[..., Videos]


def test_the_view_keeps_gaps_and_hides_values() -> None:
    features = np.random.default_rng(0).normal(size=(30, 10))
    features[:10, 3] = np.nan
    features[:, 8] = np.nan
    gaps = only_missingness(features)
    assert np.array_equal(np.isnan(gaps), np.isnan(features))
    assert len(np.unique(gaps[10:, 3])) == 1


def test_baselines_find_what_they_look_for(population: Population) -> None:
    gaps = (np.full(10, 0.1), np.array([0.1] * 9 + [0.7]))
    videos = population(people=100, signal=1.5, column=2, missing=gaps)
    areas = {name: auc(videos.fake, scores) for name, scores in baselines(videos, learn_sound=False).items()}
    assert areas["Majority class"] == 0.5
    assert areas["Gaps only"] > 0.7
    assert areas["Bits per pixel only"] == pytest.approx(0.5, abs=0.1)
    assert areas["Best single feature"] > 0.75
    assert areas["Logistic regression"] > 0.75


def test_baselines_do_not_hear_what_the_trees_do_not(population: Population) -> None:
    videos = population(people=100, signal=3.0, column=6)
    deaf = baselines(videos, learn_sound=False)
    hearing = baselines(videos, learn_sound=True)
    for name in ("Logistic regression", "Best single feature"):
        assert auc(videos.fake, deaf[name]) < 0.65
        assert auc(videos.fake, hearing[name]) > 0.9
