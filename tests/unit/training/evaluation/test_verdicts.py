"""Verdicts by curves that have not seen what they judge, and what they come to."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from training.data.videos import Videos
from training.evaluation.estimates import Estimate
from training.evaluation.verdicts import Decisions, cross_fitted, decisions, not_proven, proven
from training.fitting.calibration import Band

Population = Callable[..., Videos]


def test_verdicts_on_plain_scores_are_many_and_right(population: Population) -> None:
    videos = population(people=100, signal=4.0)
    everything = np.ones(len(videos), dtype=np.bool_)
    ((prob_fake, called),) = cross_fitted(videos, 4 * videos.features[:, 0] - 8)
    verdicts = decisions(videos, prob_fake[np.newaxis], called[np.newaxis], everything, np.random.default_rng(0))
    assert verdicts.coverage.value > 0.9
    assert verdicts.wrong_real.value < 0.1
    assert verdicts.wrong_fake.value < 0.1
    assert verdicts.wrong.value < 0.1
    assert verdicts.false_alarms.value < 0.1
    assert verdicts.caught.value > 0.9
    assert verdicts.cleared.value > 0.9
    assert verdicts.missed.value < 0.1
    assert verdicts.false_alarms.low <= verdicts.false_alarms.value <= verdicts.false_alarms.high
    assert np.mean(prob_fake[videos.fake]) > 0.9 > 0.1 > np.mean(prob_fake[~videos.fake])


def test_verdicts_on_noise_are_none(population: Population) -> None:
    videos = population(people=100)
    everything = np.ones(len(videos), dtype=np.bool_)
    ((prob_fake, called),) = cross_fitted(videos, videos.features[:, 0])
    verdicts = decisions(videos, prob_fake[np.newaxis], called[np.newaxis], everything, np.random.default_rng(0))
    assert verdicts.coverage.value == 0
    assert np.isnan(verdicts.wrong_fake.value)
    assert verdicts.false_alarms.value == 0


def test_a_fold_is_judged_by_curves_that_have_not_seen_it(population: Population) -> None:
    videos = population(people=40, signal=3.0)
    scores = videos.features[:, 0]
    first = videos.fold == 0
    ((prob_fake, called),) = cross_fitted(videos, scores)
    flipped = dataclasses.replace(videos, fake=np.where(first, ~videos.fake, videos.fake))
    ((prob_flipped, called_flipped),) = cross_fitted(flipped, scores)
    assert np.array_equal(prob_fake[first], prob_flipped[first])
    assert np.array_equal(called[first], called_flipped[first])
    assert not np.array_equal(prob_fake[~first], prob_flipped[~first])


def test_too_little_evidence_gets_no_verdict_and_counts(population: Population) -> None:
    videos = population(people=100, signal=4.0)
    poor = np.arange(len(videos)) % 4 < 2
    videos = dataclasses.replace(videos, judged=~poor)
    ((prob_fake, called),) = cross_fitted(videos, 4 * videos.features[:, 0] - 8)
    assert not called[poor].any()
    assert np.mean(prob_fake[poor & videos.fake]) > 0.9
    verdicts = decisions(
        videos,
        prob_fake[np.newaxis],
        called[np.newaxis],
        np.ones(len(videos), dtype=np.bool_),
        np.random.default_rng(0),
    )
    assert verdicts.judged == 0.5
    assert 0.4 < verdicts.coverage.value <= 0.5


def test_a_view_is_judged_by_the_curves_of_the_scores_themselves(population: Population) -> None:
    videos = population(people=100, signal=4.0)
    scores = 4 * videos.features[:, 0] - 8
    own, same, alarming = cross_fitted(videos, scores, scores, scores + 100)
    assert np.array_equal(own[1], same[1])
    assert (alarming[1] == 1).all()


def test_what_is_called_real_is_counted_for_each_class(population: Population) -> None:
    videos = population(people=50)
    everything = np.ones(len(videos), dtype=np.bool_)
    called = np.zeros(len(videos), dtype=np.int_)
    called[np.flatnonzero(~videos.fake)[:20]], called[np.flatnonzero(videos.fake)[:5]] = -1, -1
    found = decisions(videos, np.full((1, len(videos)), 0.4), called[np.newaxis], everything, np.random.default_rng(0))
    assert (found.cleared.value, found.missed.value) == (20 / 50, 5 / 50)
    assert found.wrong_real.value == 5 / 25
    alone = decisions(
        videos, np.full((1, len(videos)), 0.4), called[np.newaxis], ~videos.fake, np.random.default_rng(0)
    )
    assert (alone.cleared.value, math.isnan(alone.missed.value)) == (20 / 50, True)


def test_a_subset_of_real_videos_has_false_alarms_alone(population: Population) -> None:
    videos = population(people=50)
    called = np.where(np.arange(len(videos)) % 4 == 0, 1, 0)
    prob_fake = np.where(np.arange(len(videos)) % 4 == 0, 0.9, 0.4)
    found = decisions(videos, prob_fake[np.newaxis], called[np.newaxis], ~videos.fake, np.random.default_rng(0))
    assert found.false_alarms.value == 0.5
    assert found.leaning.value == 0.5
    assert found.wrong.value == 1.0
    assert np.isnan(found.caught.value)
    # Both classes do not weigh half where there is one: none in fifty people are fewer than 7 % of all.
    called[:] = -1
    found = decisions(videos, prob_fake[np.newaxis], called[np.newaxis], ~videos.fake, np.random.default_rng(0))
    for none in (found.wrong, found.wrong_real, found.false_alarms):
        assert [none.value, none.low, none.high] == pytest.approx([0, 0, 0.071], abs=1e-3)


@pytest.mark.parametrize(
    ("wrong_real", "wrong_fake", "left"),
    [
        (0.1, 0.1, Band(0.2, 0.8)),
        (0.11, 0.02, Band(0.0, 0.8)),
        (0.05, 0.2, Band(0.2, 1.0)),
        (math.nan, math.nan, Band(0.0, 1.0)),
    ],
)
def test_a_side_that_was_wrong_or_never_tried_on_others_has_no_verdicts(
    wrong_real: float, wrong_fake: float, left: Band
) -> None:
    well = Decisions(1.0, *[Estimate(0.05, 0.0, 0.1, 100, 50, 50)] * 9)
    parts = dataclasses.replace(
        well,
        wrong_real=dataclasses.replace(well.wrong_real, value=wrong_real),
        wrong_fake=dataclasses.replace(well.wrong_fake, value=wrong_fake),
    )
    assert proven(Band(0.2, 0.8), parts) == left
    told = not_proven(Band(0.2, 0.8), parts)
    assert [sentence.split()[4] for sentence in told] == [
        side for side, gone in {"real,": left.real_below == 0, "fake,": left.fake_above == 1}.items() if gone
    ]
    assert not_proven(left, parts) == []
