"""Scores and intervals against known answers; verdicts by curves that have not seen what they judge."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.baselines import baselines, only_bits, only_missingness
from training.evaluation import (
    ablate,
    auc,
    auc_estimate,
    concordance,
    cross_fitted,
    decisions,
    evaluate,
    look_again,
    permuted,
    permuted_labels,
    weighted_auc,
)
from training.fitting import Recipe
from training.scores import TextureScores
from training.vectors import FEATURE_NAMES
from training.videos import BITS, Videos

Population = Callable[..., Videos]


def test_the_area_is_that_of_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(0)
    fake, scores = rng.random(200) < 0.4, rng.integers(0, 10, 200).astype(float)
    assert auc(fake, scores) == pytest.approx(roc_auc_score(fake, scores))
    twice = np.where(np.arange(200) < 50, 2.0, 1.0)
    repeated = np.repeat(np.arange(200), twice.astype(int))
    (weighted,) = weighted_auc(fake, scores, twice[np.newaxis])
    assert weighted == pytest.approx(roc_auc_score(fake[repeated], scores[repeated]))
    assert np.isnan(auc(np.ones(3, dtype=np.bool_), np.arange(3.0)))


def test_the_interval_draws_people_not_videos(population: Population) -> None:
    one_video_each = population(people=40, signal=1.0)
    # The same numbers again as four copies of each person's videos: no more is known than before.
    four_copies = dataclasses.replace(
        one_video_each,
        features=np.tile(one_video_each.features, (4, 1)),
        fake=np.tile(one_video_each.fake, 4),
        groups=np.tile(one_video_each.groups, 4),
    )
    estimates = [
        auc_estimate(
            videos, videos.features[np.newaxis, :, 1], np.ones(len(videos), dtype=np.bool_), np.random.default_rng(0)
        )
        for videos in (one_video_each, four_copies)
    ]
    assert estimates[0].low < estimates[0].value < estimates[0].high
    assert [estimate.people for estimate in estimates] == [40, 40]
    assert [estimate.videos for estimate in estimates] == [80, 320]
    assert estimates[1].low == pytest.approx(estimates[0].low)
    assert estimates[1].high == pytest.approx(estimates[0].high)


def test_one_person_gives_no_interval(population: Population) -> None:
    videos = population(people=3)
    estimate = auc_estimate(
        videos, videos.features[np.newaxis, :, 0], videos.groups == "person 0", np.random.default_rng(0)
    )
    assert estimate.value in (0.0, 1.0)
    assert np.isnan(estimate.low)


def test_concordance_counts_pairs(population: Population) -> None:
    videos = population(people=4, paired=4)
    scores = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.5])
    assert concordance(videos, scores[np.newaxis], np.random.default_rng(0)).value == pytest.approx(2.5 / 4)


def test_verdicts_on_plain_scores_are_many_and_right(population: Population) -> None:
    videos = population(people=100, signal=4.0)
    everything = np.ones(len(videos), dtype=np.bool_)
    prob_fake, called = cross_fitted(videos, 4 * videos.features[:, 1] - 8)
    verdicts = decisions(videos, called[np.newaxis], everything, np.random.default_rng(0))
    assert verdicts.coverage > 0.9
    assert verdicts.wrong_real < 0.1
    assert verdicts.wrong_fake < 0.1
    assert verdicts.wrong < 0.1
    assert verdicts.false_alarms.value < 0.1
    assert verdicts.false_alarms.low <= verdicts.false_alarms.value <= verdicts.false_alarms.high
    assert np.mean(prob_fake[videos.fake]) > 0.9 > 0.1 > np.mean(prob_fake[~videos.fake])


def test_verdicts_on_noise_are_none(population: Population) -> None:
    videos = population(people=100)
    everything = np.ones(len(videos), dtype=np.bool_)
    _, called = cross_fitted(videos, videos.features[:, 1])
    verdicts = decisions(videos, called[np.newaxis], everything, np.random.default_rng(0))
    assert verdicts.coverage == 0
    assert np.isnan(verdicts.wrong_fake)
    assert verdicts.false_alarms.value == 0


def test_a_fold_is_judged_by_curves_that_have_not_seen_it(population: Population) -> None:
    videos = population(people=40, signal=3.0)
    scores = videos.features[:, 1]
    first = videos.fold == 0
    prob_fake, called = cross_fitted(videos, scores)
    flipped = dataclasses.replace(videos, fake=np.where(first, ~videos.fake, videos.fake))
    prob_flipped, called_flipped = cross_fitted(flipped, scores)
    assert np.array_equal(prob_fake[first], prob_flipped[first])
    assert np.array_equal(called[first], called_flipped[first])
    assert not np.array_equal(prob_fake[~first], prob_flipped[~first])


def test_the_views_keep_gaps_and_hide_values() -> None:
    features = np.random.default_rng(0).normal(size=(30, 10))
    features[:10, 3] = np.nan
    features[:, 8] = np.nan
    gaps = only_missingness(features)
    assert np.array_equal(np.isnan(gaps), np.isnan(features))
    assert len(np.unique(gaps[10:, 3])) == 1
    bits = only_bits(features)
    assert np.array_equal(bits[:, BITS], features[:, BITS])
    assert len(np.unique(bits[:, 0])) == 1


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


def test_an_evaluation_reports_pairs_parts_checks_and_is_repeatable(population: Population) -> None:
    videos = population(people=60, signal=1.5, paired=30)
    evaluation = evaluate([videos], Recipe(0, False))
    # In the studio every fake is paired, in the street none is.
    assert set(evaluation.scores) == {"paired", "all", "subset street", "subset studio", "method swap, pairs"}
    assert evaluation.scores["all"].value > 0.7
    assert evaluation.scores["all"].videos == 120
    assert evaluation.scores["paired"].videos == 60
    assert all(
        check.value == pytest.approx(0.5, abs=0.15) for name, check in evaluation.checks.items() if "only" in name
    )
    assert 0 <= evaluation.figures["Expected calibration error, all, 10 bins of equal weight"] < 0.25
    assert 0.1 < evaluation.figures["Equal error rate, all"] < 0.4
    again = evaluate([videos], Recipe(0, False))
    assert again.scores == evaluation.scores
    assert again.log_odds.tolist() == evaluation.log_odds.tolist()


def test_seeds_are_averaged(population: Population) -> None:
    plain, noise = population(people=40, signal=3.0), population(people=40, signal=0.0)
    alone = [evaluate([videos], Recipe(0, False)).scores["all"].value for videos in (plain, noise)]
    both = evaluate([plain, noise], Recipe(0, False))
    assert both.log_odds.shape == (2, 80)
    assert both.scores["all"].value == pytest.approx(np.mean(alone), abs=0.1)


def test_fakes_without_real_ones_of_their_own_are_held_against_all(population: Population) -> None:
    videos = population(people=20, signal=1.0)
    videos = dataclasses.replace(videos, subsets=np.where(videos.fake, "heads", "people"))
    evaluation = evaluate([videos], Recipe(0, False))
    assert evaluation.concordance is None
    assert set(evaluation.scores) == {
        "all",
        "subset heads against all real",
        "all subsets without real videos, against all real",
        "method swap against all real",
    }


def test_without_the_feature_that_tells_nothing_is_left(population: Population) -> None:
    videos = population(people=60, signal=3.0, column=0)
    ablations = ablate([videos], Recipe(0, False))
    assert ablations[f"`{FEATURE_NAMES[0]}`"]["all"].value == pytest.approx(0.5, abs=0.15)
    assert ablations[f"`{FEATURE_NAMES[1]}`"]["all"].value > 0.9
    assert "texture network" in ablations


def test_permuted_labels_leave_people_whole_and_nothing_to_learn(population: Population) -> None:
    videos = population(people=40, signal=3.0)
    labels = permuted_labels(videos, np.random.default_rng(0))
    assert all(labels[videos.groups == name].sum() == 1 for name in np.unique(videos.groups))
    assert 0 < np.sum(labels != videos.fake) < len(videos)
    apart = dataclasses.replace(videos, groups=np.arange(len(videos)).astype(str))
    assert permuted_labels(apart, np.random.default_rng(0)).sum() == videos.fake.sum()
    areas = permuted([videos], Recipe(0, False), 12)
    assert np.mean(areas) == pytest.approx(0.5, abs=0.06)


def test_compression_and_shams_are_measured_on_the_network_alone(population: Population) -> None:
    videos = population(people=40)
    told = tuple(np.full(3, 2.0 if fake else -2.0) + np.arange(3) / 10 for fake in videos.fake)
    lost = tuple(np.zeros(3) for _ in videos.fake)
    alarmed = tuple(np.full(3, 5.0) if not fake else np.empty(0) for fake in videos.fake)
    texture = TextureScores((0,), videos.fold, (told,), {"CRF 40": (lost,)}, {"blurred": (alarmed,), "kept": (told,)})
    grid, shams = look_again(videos, texture, np.random.default_rng(0))
    assert grid["as it is"]["all"].value == 1.0
    assert grid["CRF 40"]["all"].value == 0.5
    assert shams["blurred"].value == pytest.approx(1.0, abs=0.06)
    assert shams["kept"].value == 0.0
