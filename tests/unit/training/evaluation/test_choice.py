"""Recipes chosen for people by other people: whoever is scored has no say."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from training.data.videos import APPEARANCE, BLENDING, MOTION, Videos
from training.evaluation.choice import RELEASED, Candidate, candidates, choose
from training.evaluation.estimates import auc
from training.fitting.model import Recipe, log_odds_by

Population = Callable[..., Videos]

RECIPE = Recipe(0, learn_sound=False)


def reading(videos: Videos, column: int, *, told: float, of: int | None = None) -> Videos:
    """With fakes `told` higher in a column, all of them or those of one fold, and noise in both readings else."""
    features = videos.features.copy()
    features[:, [APPEARANCE, MOTION]] = np.random.default_rng(1).normal(size=(len(videos), 2))
    features[videos.fake & (True if of is None else videos.fold == of), column] += told
    return dataclasses.replace(videos, features=features)


def test_what_does_best_among_others_scores_each_fold(population: Population) -> None:
    videos = population(people=60, paired=30)
    told, deaf = reading(videos, APPEARANCE, told=3.0), reading(videos, APPEARANCE, told=0.0)
    choice = choose({RELEASED: Candidate([deaf], RECIPE), "told": Candidate([told], RECIPE)})
    assert choice is not None
    assert choice.folds == {RELEASED: (), "told": (0, 1, 2, 3)}
    assert min(choice.inner["told"]) > 0.9
    assert max(choice.inner[RELEASED]) < 0.7
    assert choice.log_odds[0] == pytest.approx(log_odds_by(told, RECIPE))


def test_who_is_scored_has_no_say_in_what_scores_them(population: Population) -> None:
    videos = population(people=80)
    # One fold's fakes are told by what says the contrary of all others.
    misled = reading(videos, APPEARANCE, told=2.0)
    features = misled.features.copy()
    one = videos.fold == 0
    features[one, APPEARANCE] = np.where(videos.fake[one], 9.0, -9.0)
    features[~one, APPEARANCE] = np.random.default_rng(2).normal(size=int(np.sum(~one)))
    lucky = dataclasses.replace(videos, features=features)
    choice = choose({"lucky": Candidate([lucky], RECIPE), "told": Candidate([misled], RECIPE)})
    assert choice is not None
    assert 0 in choice.folds["told"]
    assert auc(videos.fake[one], choice.log_odds[0, one]) < 1.0


def test_fakes_without_real_videos_of_their_own_count_by_themselves(population: Population) -> None:
    videos = population(people=60, paired=30)
    # Six of 120 videos are heads, which one recipe tells and the other does not; it tells the rest a little better.
    heads = videos.fake & (np.arange(120) >= 108)
    told, better = reading(videos, APPEARANCE, told=1.5), reading(videos, APPEARANCE, told=1.7)
    features = better.features.copy()
    features[heads, APPEARANCE] -= 2.0
    seeds = [dataclasses.replace(one, subsets=np.where(heads, "heads", one.subsets)) for one in (told, better)]
    seeds[1] = dataclasses.replace(seeds[1], features=features)
    choice = choose({"all alike": Candidate(seeds[:1], RECIPE), "not heads": Candidate(seeds[1:], RECIPE)})
    assert choice is not None
    assert choice.folds["all alike"] == (0, 1, 2, 3)


def test_seeds_are_counted_up_and_averaged(population: Population) -> None:
    videos = population(people=40, paired=40)
    seeds = [reading(videos, MOTION, told=told) for told in (0.0, 4.0)]
    choice = choose({RELEASED: Candidate(seeds, RECIPE)})
    assert choice is not None
    assert choice.log_odds.shape == (2, 80)
    assert choice.log_odds[1] == pytest.approx(log_odds_by(seeds[1], dataclasses.replace(RECIPE, seed=1)))
    assert 0.6 < np.mean(choice.inner[RELEASED]) < 0.9


def test_who_has_fewer_seeds_is_held_against_the_first_on_those(population: Population) -> None:
    videos = population(people=60, paired=30)
    # The second seed is a poor one; the other candidate has the first alone, and is a little worse there.
    seeds = [reading(videos, APPEARANCE, told=told) for told in (2.0, 0.2)]
    fewer = Candidate([reading(videos, APPEARANCE, told=1.5)], RECIPE)
    choice = choose({RELEASED: Candidate(seeds, RECIPE), "fewer": fewer})
    assert choice is not None
    assert np.mean(choice.inner["fewer"]) > np.mean(choice.inner[RELEASED]) + 0.1
    assert max(choice.gains["fewer"]) < 0
    assert choice.folds == {RELEASED: (0, 1, 2, 3), "fewer": ()}
    assert choice.seeds == {RELEASED: 2, "fewer": 1}


def test_the_seeds_of_what_is_chosen_stand_for_those_that_it_lacks(population: Population) -> None:
    videos = population(people=60, paired=30)
    told = reading(videos, APPEARANCE, told=3.0)
    standard = Candidate([reading(videos, APPEARANCE, told=0.2)] * 3, RECIPE)
    choice = choose({RELEASED: standard, "fewer": Candidate([told], RECIPE)})
    assert choice is not None
    assert choice.folds["fewer"] == (0, 1, 2, 3)
    assert min(choice.gains["fewer"]) > 0.2
    assert choice.gains[RELEASED] == (0, 0, 0, 0)
    assert choice.log_odds == pytest.approx(np.tile(log_odds_by(told, RECIPE), (3, 1)))


def test_too_few_folds_to_leave_two_are_not_asked(population: Population) -> None:
    among = candidates([population(people=20, folds=2)], RECIPE)
    assert choose(among) is None
    assert choose({RELEASED: Candidate([population(people=20, folds=3)], RECIPE)}) is not None


def test_candidates_differ_from_the_released_recipe_in_one_respect(population: Population) -> None:
    seeds = [population(people=10)]
    found = candidates(seeds, RECIPE)
    assert found[RELEASED] == Candidate(seeds, RECIPE)
    everything, networks, alone = (one.recipe for one in found.values() if one.recipe != RECIPE)
    assert everything.noisy == ()
    assert sorted({*range(10)} - {*networks.blind}) == [MOTION, APPEARANCE, BLENDING]
    assert sorted({*range(10)} - {*alone.blind}) == [APPEARANCE, BLENDING]
