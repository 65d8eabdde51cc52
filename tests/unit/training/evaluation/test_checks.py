"""Trees shown less, told wrong or without a method, and what compressions and shams do."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from training.data.vectors import FEATURE_NAMES
from training.data.videos import MOTION, TEXTURE, VARIATION, Videos, texture_features
from training.evaluation.checks import (
    ablate,
    after_shams,
    permuted,
    permuted_labels,
    without_method,
)
from training.evaluation.estimates import auc
from training.fitting.model import Recipe, log_odds_by
from training.networks.scores import TextureScores

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
    assert ablations[f"`{FEATURE_NAMES[MOTION]}`"].auc["all"].value > 0.9
    assert "texture network" in ablations
    # Nor told apart from what leaves the trees as much.
    assert f"`{FEATURE_NAMES[TEXTURE]}`" not in ablations
    # What the trees never look at cannot be taken from them.
    assert f"`{FEATURE_NAMES[6]}`" not in ablations


def test_a_method_left_out_of_training_is_not_learned(population: Population) -> None:
    videos = population(people=80)
    odd = np.arange(len(videos)) // 2 % 2 == 1
    features = videos.features.copy()
    features[:, MOTION] = np.nan  # one reading is noise enough
    # The new method goes the other way in the same feature.
    features[:, 0] += np.where(videos.fake, np.where(odd, -3.0, 3.0), 0.0)
    videos = dataclasses.replace(videos, features=features, methods=np.where(videos.fake & odd, "new", videos.methods))
    chosen = {"new": ~videos.fake | (videos.methods == "new"), "rare": np.arange(len(videos)) < 8}
    rng = np.random.default_rng(0)
    found = without_method([videos], [RECIPE], chosen, rng)
    assert set(found) == {"new"}
    assert found["new"].value < 0.4
    assert auc(videos.fake[chosen["new"]], log_odds_by(videos, RECIPE)[chosen["new"]]) > 0.8


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


def test_a_sham_that_alarms_is_told_from_one_that_does_not(population: Population) -> None:
    videos = population(people=60)
    rng = np.random.default_rng(0)
    told = tuple(rng.normal(3.0 if fake else -3.0, 1.0) + rng.normal(0, 0.1, 18) for fake in videos.fake)
    features = videos.features.copy()
    features[:, [TEXTURE, VARIATION]] = [texture_features(clip) for clip in told]
    videos = dataclasses.replace(videos, features=features)
    alarmed = tuple(np.full(6, 3.0) if not fake else np.empty(0) for fake in videos.fake)
    kept = tuple(clip[::3] if not fake else np.empty(0) for clip, fake in zip(told, videos.fake, strict=True))
    texture = TextureScores((0,), videos.fold, (told,), {}, {}, {"repainted": (alarmed,), "re-encoded": (kept,)})
    shams = after_shams([videos], [RECIPE], texture, np.random.default_rng(0))
    for who in ("network at 5 % false alarms", "verdicts"):
        same, worse = shams[f"re-encoded: {who}"], shams[f"repainted: {who}"]
        assert (same.change.low, same.change.value, same.change.high) == (0.0, 0.0, 0.0)
        assert worse.change.low > 0.5
        assert worse.after.value == pytest.approx(worse.before.value + worse.change.value)
        assert worse.before.videos == 60


def test_without_faces_there_is_nothing_to_look_at_again(population: Population) -> None:
    videos = population(people=10)
    nothing = (tuple(np.empty(0) for _ in videos.fake),)
    texture = TextureScores((0,), videos.fold, nothing, {}, {"CRF 40": nothing}, {"re-encoded": nothing})
    assert after_shams([videos], [RECIPE], texture, np.random.default_rng(0)) == {}
