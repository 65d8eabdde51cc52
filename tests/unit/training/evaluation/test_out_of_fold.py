"""One evaluation from scores to figures: what it reports, and that it reports it again."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from training.data.videos import Videos
from training.evaluation.estimates import auc
from training.evaluation.out_of_fold import ALONE, Evaluation, evaluate, method_comparisons, source_comparisons
from training.fitting.model import Recipe

Population = Callable[..., Videos]


def evaluated(*seeds: Videos, people: tuple[Videos, ...] = ()) -> Evaluation:
    """By the features as they are."""
    return evaluate(seeds, people, Recipe(0, learn_sound=False), permutations=2)


def test_an_evaluation_reports_pairs_parts_checks_and_is_repeatable(population: Population) -> None:
    videos = population(people=60, signal=1.5, paired=30)
    evaluation = evaluated(videos)
    # In the studio every fake is paired, in the street none is.
    assert set(evaluation.scores) == {"paired", "members of pairs alone", "all", "subset street", "subset studio"}
    assert set(evaluation.within) == set(evaluation.scores)
    assert evaluation.within["all"].value == pytest.approx(evaluation.scores["all"].value, abs=0.1)
    assert set(evaluation.methods) == {"swap"}
    assert evaluation.people == {}
    assert set(evaluation.sources) == {f"page {number}" for number in range(5)}
    assert evaluation.methods["swap"].videos == 120
    assert evaluation.scores["all"].value > 0.7
    assert evaluation.scores["all"].videos == 120
    assert evaluation.scores["paired"].videos == 60
    assert all(
        by["all"].value == pytest.approx(0.5, abs=0.15) for name, by in evaluation.checks.items() if "only" in name
    )
    assert set(evaluation.figures) == set(evaluation.ablations["appearance network"].change) == {"paired", "all"}
    assert 0 <= evaluation.figures["all"]["expected calibration error, 10 bins of equal weight"] < 0.25
    assert 0.1 < evaluation.figures["all"]["equal error rate"] < 0.4
    assert set(evaluation.decisions) == {"paired", "all", "subset street", "subset studio"}
    assert len(evaluation.permuted.areas) == 2
    assert evaluation.choice
    assert set(evaluation.chosen) == set(evaluation.scores)
    assert evaluation.chosen["all"].value == pytest.approx(auc(videos.fake, evaluation.choice.log_odds[0]))
    again = evaluated(videos)
    assert again.scores == evaluation.scores
    assert again.log_odds.tolist() == evaluation.log_odds.tolist()
    assert again.ablations == evaluation.ablations


def test_members_of_pairs_are_measured_without_the_rest_of_their_subsets(population: Population) -> None:
    # The studio is of 20 people; of its fakes 15 are paired, two of them with the fourteenth's real video.
    videos = population(people=40, signal=1.0, paired=14)
    videos = dataclasses.replace(videos, pairs=np.concatenate([videos.pairs, [[26, 29], [40, 41]]]))
    videos = dataclasses.replace(videos, subsets=np.where(np.arange(80) < 40, "studio", "street"))
    evaluation = evaluated(videos)
    for scores in (evaluation.scores, evaluation.within):
        assert scores["paired"].videos == 40
        # 14 real ones and 15 fakes of the studio; the pair of the street is in a subset of unpaired fakes.
        assert scores["members of pairs alone"].videos == 29
    chosen = np.zeros(80, dtype=np.bool_)
    chosen[[*range(28), 29]] = True
    by_hand = auc(videos.fake[chosen], evaluation.log_odds[0, chosen])
    found = evaluation.scores["members of pairs alone"]
    assert found.value == pytest.approx(by_hand)
    assert found.low < by_hand < found.high


def test_seeds_are_averaged(population: Population) -> None:
    plain, noise = population(people=40, signal=3.0), population(people=40, signal=0.0)
    alone = [evaluated(videos).scores["all"].value for videos in (plain, noise)]
    both = evaluated(plain, noise)
    assert both.log_odds.shape == (2, 80)
    assert both.scores["all"].value == pytest.approx(np.mean(alone), abs=0.1)
    assert both.scores["all"].spread == pytest.approx(np.std(alone, ddof=1), abs=0.1)


def test_fakes_without_real_ones_of_their_own_are_held_against_all(population: Population) -> None:
    videos = population(people=20, signal=1.0)
    videos = dataclasses.replace(videos, subsets=np.where(videos.fake, "heads", "people"))
    evaluation = evaluated(videos)
    assert evaluation.concordance is None
    assert set(evaluation.scores) == {
        "all",
        "subset heads against all real",
        ALONE,
    }
    assert evaluation.methods["swap"].videos == 40
    assert evaluation.decisions["subset people"].false_alarms.videos == 20
    assert np.isnan(evaluation.decisions["subset heads"].false_alarms.value)


def test_people_never_met_are_measured_beside_sources_never_met(population: Population) -> None:
    videos = population(people=40, signal=2.0)
    # Seen among videos of its own source, each is easier.
    easier = dataclasses.replace(videos, features=videos.features + 2.0 * np.eye(10)[0] * videos.fake[:, np.newaxis])
    evaluation = evaluated(videos, people=(easier,))
    assert set(evaluation.people) == {"all"}
    assert evaluation.people["all"].value > evaluation.scores["all"].value


def test_a_source_is_compared_with_its_own_real_videos_or_with_all(population: Population) -> None:
    videos = population(people=30)
    # Twelve fakes of one page, whose real videos are elsewhere; seven of another, too few to say.
    sources = np.full(60, "elsewhere")
    sources[1:25:2], sources[31:45:2] = "heads", "few"
    compared = source_comparisons(dataclasses.replace(videos, sources=sources))
    assert set(compared) == {"heads", "elsewhere"}
    assert np.array_equal(compared["heads"], ~videos.fake | (sources == "heads"))
    assert np.array_equal(compared["elsewhere"], sources == "elsewhere")


def test_every_fake_of_a_method_is_compared_with_partners_or_with_all_real_videos(population: Population) -> None:
    videos = population(people=10, paired=3)
    blended = np.isin(np.arange(20), (1, 3))
    compared = method_comparisons(dataclasses.replace(videos, methods=np.where(blended, "blend", videos.methods)))
    assert np.flatnonzero(compared["blend"]).tolist() == [0, 1, 2, 3]
    # One of eight has a partner.
    assert np.flatnonzero(~compared["swap"]).tolist() == [1, 3]
