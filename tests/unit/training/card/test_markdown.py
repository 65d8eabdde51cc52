"""The card says what its figures were taken on, and where they are to be taken with care."""

import dataclasses
import io
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from notreally.v1 import classifier_pb2
from rich.console import Console

from gateway.features.vector import FEATURES
from training.card.markdown import render
from training.card.run import Run, as_json
from training.card.tables import interval, percents, show
from training.data.videos import MIN_FEATURES, Videos, headline_sets
from training.evaluation.checks import Permutations
from training.evaluation.choice import Choice
from training.evaluation.estimates import Estimate
from training.evaluation.out_of_fold import Evaluation
from training.evaluation.verdicts import Decisions
from training.fitting.calibration import Band, Calibration
from training.fitting.model import Recipe

Population = Callable[..., Videos]


def known(low: float = 0.6, fewest: int = 50) -> Estimate:
    return Estimate(value=0.7, low=low, high=0.9, videos=99, people=99, fewest=fewest)


def run_of(videos: Videos, **figures: Any) -> Run:
    """Of a model whose figures are all the same but for those given."""
    parts = {part: known() for part in headline_sets(videos)}
    nothing = np.zeros((1, len(videos)))
    found = Evaluation(
        log_odds=nothing,
        prob_fake=nothing,
        scores=parts,
        within=parts,
        people={},
        sources={},
        methods={},
        concordance=None,
        baselines={"Majority class": parts},
        checks={"gaps only": parts},
        figures={part: {"fakes caught at 5 % false alarms": 0.1} for part in parts},
        curve=np.zeros((0, 3)),
        tried=Decisions(1.0, *[known()] * 9),
        decisions={"all": Decisions(1.0, *[known()] * 9)},
        ablations={},
        permuted=Permutations((), float("nan")),
        choice=None,
        chosen={},
    )
    return Run(
        videos=videos,
        seeds=1,
        recipe=Recipe(0, learn_sound=False),
        evaluation=dataclasses.replace(found, **figures),
        calibration=Calibration(1.0, 0.0),
        band=Band(0.2, 0.8),
        model=classifier_pb2.Model(features=[classifier_pb2.FeatureSummary() for _ in FEATURES]),
        left_out={},
        warnings=(),
        terms="",
        environment=(),
        options="",
        plots=(),
    )


def card_of(videos: Videos, **figures: Any) -> str:
    """On one line, so that sentences can be looked for."""
    return re.sub(r"\s+", " ", render(run_of(videos, **figures)))


def test_paired_is_said_to_be_whole_subsets_and_of_how_few_people(population: Population) -> None:
    # Twelve people in the studio, but the last one's fake is of the first one, and the real video stays alone.
    videos = population(people=24, paired=12)
    groups, pairs = videos.groups.copy(), videos.pairs.copy()
    groups[23], pairs[11] = groups[0], (0, 23)
    text = card_of(dataclasses.replace(videos, groups=groups, pairs=pairs))
    assert "in the forgery alone" not in text
    assert "0.700 on pairs of a real video and its forgery" in text
    assert "1 of 12 real and 0 of 12 fake ones belong to no pair" in text
    # Two are of the first, one of each of ten others: half of them are of five.
    assert "The 12 fakes come from 11 groups of people, 6 of them from only 5." in text


def test_without_pairs_nothing_is_said_of_them(population: Population) -> None:
    text = card_of(population(people=24))
    assert "Pooled AUC 0.700 (0.60 to 0.90) on all videos**." in text
    assert '"Paired"' not in text


def test_what_was_chosen_for_whom_is_said_where_it_was_asked(population: Population) -> None:
    videos = population(people=24, paired=12)
    choice = Choice(
        {"as it ships": (0, 2), "otherwise": (1,)},
        {"as it ships": (0.8, 0.7, 0.9), "otherwise": (0.6, 0.8, 0.7)},
        {"as it ships": (0.0, 0.0, 0.0), "otherwise": (-0.2, 0.1, -0.1)},
        {"as it ships": 5, "otherwise": 1},
        np.zeros((5, 48)),
    )
    text = card_of(videos, choice=choice, chosen={"paired": known(), "all": known()})
    assert "| released recipe | 5 | 0.800 | +0.000 | 1, 3 | | otherwise | 1 | 0.700 | -0.067 | 2 |" in text
    assert "chosen by nested cross-validation: AUC 0.700 (0.60 to 0.90) on paired, 0.700 (0.60 to 0.90) on all." in text
    assert "Nested cross-validation" not in card_of(videos)
    content = json.loads(as_json(run_of(videos, choice=choice)))
    assert content["choice"] == {
        "folds": {"as it ships": [0, 2], "otherwise": [1]},
        "inner": {"as it ships": [0.8, 0.7, 0.9], "otherwise": [0.6, 0.8, 0.7]},
        "gains": {"as it ships": [0.0, 0.0, 0.0], "otherwise": [-0.2, 0.1, -0.1]},
        "seeds": {"as it ships": 5, "otherwise": 1},
    }


def test_what_flatters_the_figures_is_said(population: Population) -> None:
    assert "chosen with figures on some of these videos in view" in card_of(population(people=24, paired=12))


def test_a_side_without_verdicts_is_said_with_its_reason(population: Population) -> None:
    run = run_of(population(people=24))
    both, fake_alone = (render(dataclasses.replace(run, band=Band(low, 0.8))) for low in (0.2, 0.0))
    assert (
        "**No video is called real**: at most 10 % of such verdicts may be wrong on sources never met, and when this "
        "was tried, 70.0" in re.sub(r"\s+", " ", fake_alone)
    )
    assert "No video is called" not in both


def test_people_never_met_stand_beside_sources_never_met(population: Population) -> None:
    videos = population(people=24, paired=12)
    text = card_of(videos, people={"paired": known(), "all": known()}, sources={"some page": known()})
    assert "On people never met, of sources that it knows: AUC 0.700 on paired, 0.700 on all." in text
    assert "| `some page` | 0.700 | 0.60 to 0.90 | 99 | 99 |" in text
    assert "On people never met" not in card_of(videos)


def test_the_model_is_placed_among_permutations_of_the_trees_labels(population: Population) -> None:
    text = card_of(population(people=24, paired=12), permuted=Permutations((0.4, 0.5, 0.7, 0.8), 0.7))
    assert "| 4 | 0.600 | 0.41 to 0.79 | 0.700 | 50 % |" in text
    assert "Only this model sees permuted labels; the networks" in text
    assert "must know nothing" not in text


def test_of_the_fakes_of_a_method_it_is_said_how_many_are_paired(population: Population) -> None:
    text = card_of(population(people=24, paired=3), methods={"swap": known()})
    assert "| fake | paired | people | real |" in text
    assert "| `swap` | 0.700 (0.60 to 0.90) | 24 | 3 | 24 | 24 |" in text


def test_it_is_said_who_does_not_learn_from_what_is_left_out(population: Population) -> None:
    run = dataclasses.replace(run_of(population(people=24)), left_out={"only 2 features could be measured": 4})
    text = re.sub(r"\s+", " ", render(run))
    assert "left out of fitting and evaluation. The networks were still trained on any faces in them" in text
    assert "| only 2 features could be measured | 4 |" in text
    assert f"The model is not fitted to videos with fewer than {MIN_FEATURES}" in text


def test_an_interval_of_few_people_is_marked() -> None:
    assert (interval(known(fewest=7)), interval(known(fewest=8))) == ("0.60 to 0.90†", "0.60 to 0.90")
    assert percents(known(fewest=7)) == "70.0 % (60 to 90†)"
    assert interval(known(float("nan"), fewest=2)) == "-"


def test_the_mark_is_explained_once(population: Population) -> None:
    def printed(**figures: Any) -> str:
        page = io.StringIO()
        show(run_of(population(people=24, paired=12), **figures), Console(file=page, width=180))
        return page.getvalue()

    said = "† marks an interval with fewer than 8 people"
    few = {"scores": {"paired": known(fewest=4), "all": known()}}
    assert card_of(population(people=24, paired=12), **few).count(said) == 1
    assert printed(**few).count(said) == 1
    assert "†" not in printed()
