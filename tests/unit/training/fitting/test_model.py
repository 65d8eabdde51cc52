"""The trees find what is there, do not find what is not, and do not read gaps or bit rates as labels."""

import json
from collections.abc import Callable

import numpy as np
import pytest
import xgboost

from training.data.vectors import FEATURE_NAMES
from training.data.videos import APPEARANCE, BITS, BLENDING, MOTION, SOUND, Videos
from training.evaluation.estimates import auc
from training.fitting import model
from training.fitting.masking import Masked
from training.fitting.model import (
    NETWORKS_ATTRIBUTE,
    Recipe,
    class_weights,
    fit_trees,
    log_odds,
    out_of_fold,
    sound_is_comparable,
    trees,
)

Population = Callable[..., Videos]

# The chances of gaps in real and in fake videos: blinks and sound give the label away.
TELLING_GAPS = (
    np.array([0.8, 0, 0, 0, 0, 0, 0.2, 0.2, 0.2, 0]),
    np.array([0.2, 0, 0, 0, 0, 0, 0.8, 0.8, 0.8, 0]),
)


def cross_validated_auc(videos: Videos, *, learn_sound: bool = True) -> float:
    (scores,) = out_of_fold(videos, trees(Recipe(0, learn_sound)))
    return auc(videos.fake, scores)


def test_a_clear_difference_is_found(population: Population) -> None:
    # Two normal distributions two deviations apart have an AUC of Φ(2/√2) = 0.92.
    assert cross_validated_auc(population(signal=2.0)) == pytest.approx(0.92, abs=0.04)


def test_noise_scores_like_a_coin(population: Population) -> None:
    areas = [cross_validated_auc(population(seed=seed)) for seed in range(3)]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.05)


def test_gaps_that_give_the_label_away_are_not_learned(population: Population) -> None:
    # One draw has a standard deviation of 0.1.
    areas = [cross_validated_auc(population(missing=TELLING_GAPS, seed=seed)) for seed in range(12)]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.08)


def test_without_masking_those_gaps_would_be_learned(population: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    def unmasked(features: np.ndarray, fake: np.ndarray, *_: object, copies: int, **__: object) -> Masked:
        source = np.tile(np.arange(len(fake)), copies)
        return Masked(features[source], source)

    monkeypatch.setattr(model, "mask", unmasked)
    assert cross_validated_auc(population(missing=TELLING_GAPS)) > 0.85


def test_a_signal_is_found_through_gaps_that_give_the_label_away(population: Population) -> None:
    assert cross_validated_auc(population(signal=2.0, column=APPEARANCE, missing=TELLING_GAPS)) > 0.85


def test_a_bit_rate_that_differs_is_not_learned(population: Population) -> None:
    videos = population(people=100, signal=2.0, column=BITS)
    assert "log10_bits_per_pixel" not in fit_trees(videos, np.arange(200), Recipe(0, learn_sound=True)).get_score()
    assert cross_validated_auc(videos) == pytest.approx(0.5, abs=0.1)


def test_class_weights_give_each_class_half() -> None:
    fake = np.array([True, False, False, False])
    assert class_weights(fake).tolist() == pytest.approx([2.0, 2 / 3, 2 / 3, 2 / 3])


def test_sound_is_not_looked_at_unless_told_to(population: Population) -> None:
    videos = population(signal=2.0, column=int(SOUND[0]))
    rows = np.arange(len(videos))
    deaf = fit_trees(videos, rows, Recipe(0, learn_sound=False))
    hearing = fit_trees(videos, rows, Recipe(0, learn_sound=True))
    assert not {"mfcc_mean", "mfcc_std", "av_sync_corr"} & set(deaf.get_score())
    assert "mfcc_mean" in hearing.get_score()
    assert cross_validated_auc(videos, learn_sound=False) < 0.65


def test_sound_is_comparable_only_among_people_of_both_kinds(population: Population) -> None:
    videos = population(people=20)
    assert sound_is_comparable(videos)
    silent = videos.features.copy()
    silent[np.ix_(videos.fake, SOUND)] = np.nan
    assert not sound_is_comparable(Videos(**{**vars(videos), "features": silent}))
    strangers = np.array([f"person {row}" for row in range(40)])
    assert not sound_is_comparable(Videos(**{**vars(videos), "groups": strangers}))


def test_the_same_seed_gives_the_same_trees(population: Population) -> None:
    videos = population(people=30, signal=1.0)
    rows = np.arange(len(videos))

    def raw(seed: int) -> bytes:
        return bytes(fit_trees(videos, rows, Recipe(seed, True)).save_raw("json"))

    assert raw(1) == raw(1)
    assert raw(1) != raw(2)


def test_every_video_is_scored_by_trees_that_have_not_seen_its_group(population: Population) -> None:
    videos = population(people=10, folds=5)
    seen: list[set[str]] = []

    def fit(videos: Videos, rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        known = set(videos.groups[rows])
        seen.append(known)
        return lambda features: np.full(len(features), float(len(seen)))

    out_of_fold(videos, fit)
    for number, known in enumerate(seen):
        assert len(known) == 8, number


def test_without_networks_log_odds_are_the_margins_of_the_trees(population: Population) -> None:
    videos = population(people=30, signal=2.0)
    booster = fit_trees(videos, np.arange(60), Recipe(0, True, hidden=(APPEARANCE, BLENDING, MOTION)))
    matrix = xgboost.DMatrix(videos.features, feature_names=booster.feature_names)
    probability = booster.predict(matrix)
    assert 1 / (1 + np.exp(-log_odds(booster, videos.features))) == pytest.approx(probability, abs=1e-6)


@pytest.mark.parametrize("column", [APPEARANCE, BLENDING, MOTION])
def test_two_videos_on_one_step_of_the_trees_are_told_apart_by_a_networks_reading(
    population: Population, column: int
) -> None:
    videos = population(people=60, signal=2.0, column=column)
    booster = fit_trees(videos, np.arange(len(videos)), Recipe(0, True))
    rows = np.zeros((200, 10))
    rows[:, column] = np.linspace(-3, 5, 200)
    assert np.all(np.diff(log_odds(booster, rows)) > 0)
    matrix = xgboost.DMatrix(rows, feature_names=booster.feature_names)
    assert len(np.unique(booster.predict(matrix))) < 100


@pytest.mark.parametrize("column", [APPEARANCE, BLENDING, MOTION])
def test_gaps_of_a_network_are_no_sign_either_way(population: Population, column: int) -> None:
    videos = population(people=400, signal=0.5, column=column)
    networks = model._fit_networks(videos.features, videos.fake, class_weights(videos.fake))
    networks["slope"] = 1.0
    real = videos.features[~videos.fake]
    gappy = real.copy()
    gappy[:, column] = np.nan
    whole, without = (np.median(model._networks_log_odds(networks, rows)) for rows in (real, gappy))
    assert without == pytest.approx(whole, abs=1e-4)
    term = networks["terms"][FEATURE_NAMES[column]]
    assert term["usual"] == pytest.approx(real[:, column].mean())
    assert term["spread"] == pytest.approx(real[:, column].std())


def test_a_forgery_that_one_network_finds_is_not_drowned_by_the_others(population: Population) -> None:
    """A third of the fakes shows in each of three networks, and real videos vary in all."""
    videos = population(people=400, signal=0.0)
    rng = np.random.default_rng(0)
    videos.features[:, [APPEARANCE, BLENDING, MOTION]] = rng.normal(size=(len(videos), 3))
    which = rng.integers(0, 3, len(videos))
    for number, column in enumerate((APPEARANCE, BLENDING, MOTION)):
        videos.features[videos.fake & (which == number), column] += 3.0
    networks = Recipe(0, True, hidden=tuple(column for column in range(10)))
    booster = fit_trees(videos, np.arange(len(videos)), networks)
    assert json.loads(booster.attr(NETWORKS_ATTRIBUTE) or "")["terms"] == {}, "hidden features are no terms"
    soft = fit_trees(videos, np.arange(len(videos)), Recipe(0, True, quick=True))
    terms = json.loads(soft.attr(NETWORKS_ATTRIBUTE) or "")
    apart = model._networks_log_odds(terms, videos.features)
    summed = videos.features[:, [APPEARANCE, BLENDING, MOTION]].sum(axis=1)
    assert auc(videos.fake, apart) > auc(videos.fake, summed) + 0.02


def test_a_network_that_scores_fakes_lower_is_left_out(population: Population) -> None:
    videos = population(people=60, signal=2.0, column=APPEARANCE)
    videos.features[:, MOTION] = -videos.features[:, APPEARANCE]
    booster = fit_trees(videos, np.arange(len(videos)), Recipe(0, True))
    terms = json.loads(booster.attr(NETWORKS_ATTRIBUTE) or "")["terms"]
    assert FEATURE_NAMES[APPEARANCE] in terms
    assert FEATURE_NAMES[MOTION] not in terms


def test_networks_and_trees_find_what_is_in_the_reading_and_beside_it(population: Population) -> None:
    reading, beside = (population(people=80, signal=1.5, column=column) for column in (APPEARANCE, 0))
    both = population(people=80, signal=1.5, column=APPEARANCE)
    both.features[:, 0] = beside.features[:, 0]
    alone, together = cross_validated_auc(reading), cross_validated_auc(both)
    assert together > alone + 0.03


def test_what_is_hidden_is_not_looked_at(population: Population) -> None:
    videos = population(people=60, signal=3.0, column=0)
    (scores,) = out_of_fold(videos, trees(Recipe(0, False, hidden=(0,))))
    assert auc(videos.fake, scores) == pytest.approx(0.5, abs=0.12)


def test_more_of_a_forged_appearance_is_never_less_suspicious(population: Population) -> None:
    # Learned from fakes with less of it: the trees may only give up on the feature, not turn it around.
    videos = population(people=80, signal=-2.0, column=APPEARANCE)
    booster = fit_trees(videos, np.arange(len(videos)), Recipe(0, True))
    rows = np.zeros((50, 10))
    rows[:, APPEARANCE] = np.linspace(-5, 5, 50)
    assert np.all(np.diff(log_odds(booster, rows)) >= -1e-6)
