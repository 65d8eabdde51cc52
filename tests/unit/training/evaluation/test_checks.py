"""Trees shown less, or told wrong."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from training.data.vectors import FEATURE_NAMES
from training.data.videos import Videos
from training.evaluation.checks import ablate, permuted, permuted_labels
from training.evaluation.estimates import auc
from training.fitting.model import Recipe, log_odds_by

Population = Callable[..., Videos]

RECIPE = Recipe(0, learn_sound=False)


def test_without_the_feature_that_tells_nothing_is_left(population: Population) -> None:
    videos = population(people=60, signal=3.0, column=0)
    whole = log_odds_by(videos, RECIPE)[np.newaxis]
    ablations = ablate([videos], [RECIPE], whole, np.random.default_rng(0))
    gone = ablations[f"`{FEATURE_NAMES[0]}`"]
    assert gone.auc["all"].value == pytest.approx(0.5, abs=0.15)
    assert gone.change["all"].value == pytest.approx(gone.auc["all"].value - auc(videos.fake, whole[0]))
    assert gone.change["all"].high < -0.2
    assert ablations["appearance network"].auc["all"].value > 0.9
    # What the trees never look at cannot be taken from them.
    assert f"`{FEATURE_NAMES[6]}`" not in ablations


def test_permuted_labels_leave_people_whole_and_nothing_to_learn(population: Population) -> None:
    videos = population(people=40, signal=3.0)
    labels = permuted_labels(videos, np.random.default_rng(0))
    assert all(labels[videos.groups == name].sum() == 1 for name in np.unique(videos.groups))
    assert 0 < np.sum(labels != videos.fake) < len(videos)
    apart = dataclasses.replace(videos, groups=np.arange(len(videos)).astype(str))
    assert permuted_labels(apart, np.random.default_rng(0)).sum() == videos.fake.sum()
    found = permuted(videos, RECIPE, 12)
    assert np.mean(found.areas) == pytest.approx(0.5, abs=0.06)
    assert found.own > 0.8


def test_labels_that_leave_nothing_to_learn_from_are_not_learned_from(population: Population) -> None:
    videos = population(people=20, folds=2)
    videos = dataclasses.replace(videos, groups=np.arange(40).astype(str), fake=np.isin(np.arange(40), (0, 2)))
    # Of two fakes both are dealt to one fold as often as not.
    assert 0 < len(permuted(videos, RECIPE, 12).areas) < 12


def test_of_permuted_labels_who_has_both_is_no_sign_of_a_leak(population: Population) -> None:
    videos = population(people=80)
    both = np.arange(len(videos)) < 80
    # Of forty people one video is fake and one real, the others' are real but for every tenth of them.
    features, fake = videos.features.copy(), videos.fake & both
    fake[80::20] = fake[81::20] = True
    features[both, 0] += 3.0
    videos = dataclasses.replace(videos, features=features, fake=fake)
    labels = permuted_labels(videos, np.random.default_rng(0))
    assert auc(labels, features[:, 0]) > 0.6, "else there is nothing that must not count"
    assert np.mean(permuted(videos, RECIPE, 12).areas) == pytest.approx(0.5, abs=0.1)
