"""Scores and intervals against known answers; verdicts by curves that have not seen what they judge."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.baselines import baselines, only_bits, only_missingness
from training.evaluation import auc, auc_estimate, concordance, decisions, evaluate, weighted_auc
from training.fitting import Recipe, folds
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
        auc_estimate(videos, videos.features[:, 1], np.ones(len(videos), dtype=np.bool_), np.random.default_rng(0))
        for videos in (one_video_each, four_copies)
    ]
    assert estimates[0].low < estimates[0].value < estimates[0].high
    assert [estimate.people for estimate in estimates] == [40, 40]
    assert [estimate.videos for estimate in estimates] == [80, 320]
    assert estimates[1].low == pytest.approx(estimates[0].low)
    assert estimates[1].high == pytest.approx(estimates[0].high)


def test_one_person_gives_no_interval(population: Population) -> None:
    videos = population(people=3)
    estimate = auc_estimate(videos, videos.features[:, 0], videos.groups == "person 0", np.random.default_rng(0))
    assert estimate.value in (0.0, 1.0)
    assert np.isnan(estimate.low)


def test_concordance_counts_pairs(population: Population) -> None:
    videos = population(people=4, paired=4)
    scores = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.5])
    assert concordance(videos, scores, np.random.default_rng(0)).value == pytest.approx(2.5 / 4)


def test_verdicts_on_plain_scores_are_many_and_right(population: Population) -> None:
    videos = population(people=100, signal=4.0)
    fold = folds(videos, 0)
    everything = np.ones(len(videos), dtype=np.bool_)
    verdicts = decisions(videos, fold, 4 * videos.features[:, 1] - 8, everything)
    assert verdicts.coverage > 0.9
    assert verdicts.wrong_real < 0.1
    assert verdicts.wrong_fake < 0.1
    assert verdicts.false_alarms < 0.1


def test_verdicts_on_noise_are_none(population: Population) -> None:
    videos = population(people=100)
    everything = np.ones(len(videos), dtype=np.bool_)
    verdicts = decisions(videos, folds(videos, 0), videos.features[:, 1], everything)
    assert verdicts.coverage == 0
    assert np.isnan(verdicts.wrong_fake)
    assert verdicts.false_alarms == 0


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
    areas = {
        name: auc(videos.fake, scores)
        for name, scores in baselines(videos, folds(videos, 0), learn_sound=False).items()
    }
    assert areas["Majority class"] == 0.5
    assert areas["Gaps only"] > 0.7
    assert areas["Bits per pixel only"] == pytest.approx(0.5, abs=0.1)
    assert areas["Best single feature"] > 0.75
    assert areas["Logistic regression"] > 0.75


def test_baselines_do_not_hear_what_the_trees_do_not(population: Population) -> None:
    videos = population(people=100, signal=3.0, column=6)
    deaf = baselines(videos, folds(videos, 0), learn_sound=False)
    hearing = baselines(videos, folds(videos, 0), learn_sound=True)
    for name in ("Logistic regression", "Best single feature"):
        assert auc(videos.fake, deaf[name]) < 0.65
        assert auc(videos.fake, hearing[name]) > 0.9


def test_an_evaluation_reports_pairs_parts_checks_and_is_repeatable(population: Population) -> None:
    videos = population(people=60, signal=1.5, paired=30)
    fold = folds(videos, 0)
    evaluation = evaluate(videos, fold, Recipe(0, False))
    assert set(evaluation.scores) == {"paired", "all", "subset street", "subset studio", "method swap"}
    assert evaluation.scores["all"].value > 0.7
    assert evaluation.scores["all"].videos == 120
    assert all(
        check.value == pytest.approx(0.5, abs=0.15) for name, check in evaluation.checks.items() if "only" in name
    )
    again = evaluate(videos, fold, Recipe(0, False))
    assert again.scores == evaluation.scores
    assert again.log_odds.tolist() == evaluation.log_odds.tolist()


def test_without_pairs_everything_else_is_reported(population: Population) -> None:
    videos = population(people=20, signal=1.0)
    evaluation = evaluate(videos, folds(videos, 0), Recipe(0, False))
    assert evaluation.concordance is None
    assert "paired" not in evaluation.scores
    assert "all" in evaluation.scores
