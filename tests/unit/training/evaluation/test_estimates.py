"""Areas, shares and their intervals against known answers."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from training.data.videos import Videos
from training.evaluation.estimates import auc, auc_change, auc_estimate, concordance, share, weighted_auc

Population = Callable[..., Videos]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


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
            videos, videos.features[np.newaxis, :, 0], np.ones(len(videos), dtype=np.bool_), np.random.default_rng(0)
        )
        for videos in (one_video_each, four_copies)
    ]
    assert estimates[0].low < estimates[0].value < estimates[0].high
    assert [estimate.people for estimate in estimates] == [40, 40]
    assert [estimate.videos for estimate in estimates] == [80, 320]
    assert estimates[1].low == pytest.approx(estimates[0].low)
    assert estimates[1].high == pytest.approx(estimates[0].high)


def test_of_two_people_no_interval_is_given(population: Population) -> None:
    videos = population(people=40, signal=1.0)
    few = ~videos.fake | (np.arange(len(videos)) < 4)
    estimate = auc_estimate(videos, videos.features[np.newaxis, :, 0], few, np.random.default_rng(0))
    assert np.isfinite(estimate.value)
    assert np.isnan([estimate.low, estimate.high]).all()
    change = auc_change(videos, -videos.features[np.newaxis, :, 0], videos.features[np.newaxis, :, 0], few, rng())
    assert np.isnan(change.low)
    two = share(np.array(["a", "a", "b"]), np.ones((1, 3)), None, rng())
    assert (two.value, two.people, two.fewest) == (1.0, 2, 2)
    assert np.isnan(two.low)


@pytest.mark.parametrize(("fakes_of", "rough"), [(3, True), (7, True), (8, False)])
def test_an_interval_of_few_people_on_one_side_is_rough(population: Population, fakes_of: int, *, rough: bool) -> None:
    videos = population(people=40, signal=1.0)
    few = ~videos.fake | (np.arange(len(videos)) < 2 * fakes_of)
    scores = videos.features[np.newaxis, :, 0]
    for estimate in (auc_estimate(videos, scores, few, rng()), auc_change(videos, scores, -scores, few, rng())):
        assert (estimate.people, estimate.fewest, estimate.rough) == (40, fakes_of, rough)
        assert np.isfinite(estimate.low)


def test_of_a_share_only_those_count_who_are_shared_out() -> None:
    groups, called = np.arange(20).astype(str), np.zeros((1, 20))
    called[0, :5] = 1.0
    estimate = share(groups, called, called, rng())
    assert (estimate.people, estimate.fewest, estimate.rough) == (20, 5, True)
    assert not share(groups, called, None, rng()).rough


def test_within_folds_it_does_not_matter_what_a_model_calls_its_scores(population: Population) -> None:
    videos = population(people=40, signal=1.0)
    everything, scores = np.ones(len(videos), dtype=np.bool_), videos.features[np.newaxis, :, 0]

    def area(of: np.ndarray, *, within_folds: bool) -> float:
        return auc_estimate(videos, of, everything, np.random.default_rng(0), within_folds=within_folds).value

    shifted = scores + 100.0 * videos.fold
    assert area(shifted, within_folds=True) == pytest.approx(area(scores, within_folds=True))
    assert area(shifted, within_folds=False) < area(scores, within_folds=False) - 0.05
    # By hand: of all comparisons within a fold, the share that the fake one wins.
    same = videos.fold[videos.fake][:, np.newaxis] == videos.fold[~videos.fake]
    wins = scores[0, videos.fake][:, np.newaxis] > scores[0, ~videos.fake]
    assert area(scores, within_folds=True) == pytest.approx(wins[same].mean())


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


def test_an_area_that_is_known_lies_in_its_interval(population: Population) -> None:
    videos = population(people=150, signal=1.0)
    found = auc_estimate(
        videos, videos.features[np.newaxis, :, 0], np.ones(len(videos), dtype=np.bool_), np.random.default_rng(0)
    )
    # Two unit normals one apart: the normal distribution function at 1/√2.
    assert found.low < 0.760 < found.high
    assert found.high - found.low < 0.15


def test_seeds_are_averaged_and_their_spread_told(population: Population) -> None:
    videos = population(people=40, signal=3.0)
    everything, rng = np.ones(len(videos), dtype=np.bool_), np.random.default_rng(0)
    told, untold = videos.features[:, 0], np.zeros(len(videos))
    both = auc_estimate(videos, np.array([told, untold]), everything, rng)
    area = auc(videos.fake, told)
    assert both.value == pytest.approx((area + 0.5) / 2)
    assert both.spread == pytest.approx((area - 0.5) / np.sqrt(2))
    assert auc_estimate(videos, told[np.newaxis], everything, rng).spread is None


def test_a_change_is_surer_than_the_two_it_is_between(population: Population) -> None:
    videos = population(people=60, signal=1.0)
    everything = np.ones(len(videos), dtype=np.bool_)
    scores = videos.features[np.newaxis, :, 0]
    worse = scores + np.random.default_rng(1).normal(scale=0.2, size=scores.shape)
    alone = auc_estimate(videos, worse, everything, np.random.default_rng(0))
    change = auc_change(videos, worse, scores, everything, np.random.default_rng(0))
    assert change.value == pytest.approx(alone.value - auc(videos.fake, scores[0]))
    assert change.high - change.low < (alone.high - alone.low) / 2
    nothing = auc_change(videos, scores, scores, everything, np.random.default_rng(0))
    assert (nothing.low, nothing.value, nothing.high) == (0.0, 0.0, 0.0)


def test_a_share_of_none_or_all_is_as_sure_as_there_are_people() -> None:
    # Of twenty people two videos each.
    groups = np.repeat(np.arange(20), 2).astype(str)
    none, all_of_them = np.zeros((2, 40)), np.ones((2, 40))
    found = share(groups, none, None, rng())
    assert [found.value, found.low, found.high] == pytest.approx([0, 0, binomtest(0, 20).proportion_ci().high])
    found = share(groups, all_of_them, None, rng())
    assert [found.value, found.low, found.high] == pytest.approx([1, binomtest(20, 20).proportion_ci().low, 1])
    # Those alone count who are shared out, and all of them alike.
    some = np.where(np.arange(40) < 20, all_of_them, none)
    assert share(groups, none, some, rng()).high == pytest.approx(binomtest(0, 10).proportion_ci().high)
    uneven = share(groups, none, some + 0.2, rng())
    assert uneven.value == 0.0
    assert np.isnan([uneven.low, uneven.high]).all()


def test_an_area_of_one_has_no_interval(population: Population) -> None:
    videos = population(people=40)
    everything = np.ones(len(videos), dtype=np.bool_)
    found = auc_estimate(videos, videos.fake[np.newaxis].astype(float), everything, rng())
    assert found.value == 1.0
    assert np.isnan([found.low, found.high]).all()


def test_a_share_of_nothing_is_not_known() -> None:
    groups, rng = np.array(["a", "b", "c", "d"]), np.random.default_rng(0)
    half = share(groups, np.array([[1.0, 0, 1, 0]]), None, rng)
    assert half.value == 0.5
    assert half.low == 0.0
    assert half.high == 1.0
    assert np.isnan(share(groups, np.zeros((1, 4)), np.zeros((1, 4)), rng).value)
    nobody = share(groups[:0], np.zeros((1, 0)), None, rng)
    assert np.isnan(nobody.value)
    assert (nobody.videos, nobody.people) == (0, 0)
