"""Evaluation on held-out sources, beside baselines and shortcuts.

A detector meets videos from data sets, methods and encoders that none of its training videos came from. So whole
sources are held out; how well the model does on people whom it has not met, of sources that it has, stands beside it.

Everything is averaged over seeds, of the networks and of the trees. The folds are the same for all seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.data.videos import Videos, fakes_alone, headline_sets
from training.evaluation.baselines import baselines, only_missingness
from training.evaluation.checks import FALSE_ALARMS, Ablation, Permutations, ablate, permuted
from training.evaluation.choice import Choice, candidates, choose
from training.evaluation.estimates import Bools, Estimate, Floats, auc_estimate, concordance
from training.evaluation.verdicts import Decisions, cross_fitted, decisions, proven_sides
from training.fitting.masking import mask
from training.fitting.measures import (
    brier,
    equal_error_rate,
    expected_calibration_error,
    log_loss,
    reliability,
    true_positive_rate_at,
)
from training.fitting.model import Recipe, class_weights, out_of_fold, trees

ALONE = "all subsets without real videos, against all real"
"""Name of the set of all fakes whose subset has no real videos of its own, and all real ones."""
ENOUGH_FAKES = 8
"""Sources with fewer fakes are not reported alone: the AUC would be chance."""


@dataclass(frozen=True)
class Evaluation:
    """Everything the card says about the scores; all out of fold.

    Attributes:
        log_odds: shape (seeds, n), of every video.
        prob_fake: shape (seeds, n), by calibrations fitted to the other folds, of all seeds.
        scores: pooled AUC by set: "all", "paired", the members of pairs among them, and subsets; those without real
            videos of their own are compared with all real ones.
        within: AUC within folds, likewise.
        people: AUC with people held out but not sources, on "paired" and on "all"; empty when that was not measured.
        sources: AUC by source, for those with enough fakes, of its videos, or against all real ones if it has none.
        methods: AUC by method, its fakes against their partners, or against all real videos if some have none.
        concordance: of the pairs; None without pairs.
        baselines: by name of the model, AUC on "paired" (when there are pairs) and on "all".
        checks: AUC on "paired" and on "all" of the same trees, shown altered vectors.
        figures: other measures, by name, on "paired" and on "all".
        curve: shape (bins, 3), see `training.fitting.measures.reliability`; all videos, all seeds together.
        tried: verdicts on all videos.
        decisions: verdicts by set, on the sides on which those were right often enough: what the product gives.
        ablations: by what was left out.
        permuted: AUC with permuted labels.
        choice: nested cross-validation over recipes; None for too few folds.
        chosen: AUC as in `scores`, of the recipes chosen so.
    """

    log_odds: Floats
    prob_fake: Floats
    scores: dict[str, Estimate]
    within: dict[str, Estimate]
    people: dict[str, Estimate]
    sources: dict[str, Estimate]
    methods: dict[str, Estimate]
    concordance: Estimate | None
    baselines: dict[str, dict[str, Estimate]]
    checks: dict[str, dict[str, Estimate]]
    figures: dict[str, dict[str, float]]
    curve: Floats
    tried: Decisions
    decisions: dict[str, Decisions]
    ablations: dict[str, Ablation]
    permuted: Permutations
    choice: Choice | None
    chosen: dict[str, Estimate]


def evaluate(seeds: Sequence[Videos], people: Sequence[Videos], recipe: Recipe, permutations: int) -> Evaluation:
    """Cross-validate and measure. The same arguments give the same numbers.

    Args:
        seeds: the same videos, with the scores of each seed's networks; sources are held out.
        people: the same with people held out, for as many seeds as that was done for.
        recipe: as for the final fit; its seed is counted up.
        permutations: number of permutations of the labels.
    """
    videos, rng = seeds[0], np.random.default_rng(recipe.seed)
    recipes = [replace(recipe, seed=recipe.seed + number) for number in range(len(seeds))]

    def on_headline_sets(scores: Sequence[Floats]) -> dict[str, Estimate]:
        return {
            name: auc_estimate(videos, np.array(scores), chosen, rng) for name, chosen in headline_sets(videos).items()
        }

    log_odds, views = _scored(seeds, recipes)
    simpler: dict[str, list[Floats]] = {}
    for one in seeds:
        for name, scores in baselines(one, learn_sound=recipe.learn_sound).items():
            simpler.setdefault(name, []).append(scores)
    ((prob_fake, called),) = cross_fitted(videos, log_odds)
    tried = decisions(videos, prob_fake, called, np.ones(len(videos), dtype=np.bool_), rng)
    real, fake = proven_sides(tried)
    given = np.where(called < 0, called * real, called * fake)
    compared = _comparisons(videos)
    choice = choose(candidates(seeds, recipe))
    return Evaluation(
        log_odds=log_odds,
        prob_fake=prob_fake,
        scores={name: auc_estimate(videos, log_odds, chosen, rng) for name, chosen in compared.items()},
        within={
            name: auc_estimate(videos, log_odds, chosen, rng, within_folds=True) for name, chosen in compared.items()
        },
        people=_on_people(people, recipes, rng),
        sources={
            name: auc_estimate(videos, log_odds, chosen, rng) for name, chosen in source_comparisons(videos).items()
        },
        methods={
            name: auc_estimate(videos, log_odds, chosen, rng) for name, chosen in method_comparisons(videos).items()
        },
        concordance=concordance(videos, log_odds, rng) if len(videos.pairs) else None,
        baselines={name: on_headline_sets(scores) for name, scores in simpler.items()},
        checks={name: on_headline_sets(scores) for name, scores in views.items()},
        figures={
            name: _figures(videos.fake, log_odds, prob_fake, chosen) for name, chosen in headline_sets(videos).items()
        },
        curve=reliability(np.tile(videos.fake, len(seeds)), prob_fake.ravel()),
        tried=tried,
        decisions={name: decisions(videos, prob_fake, given, chosen, rng) for name, chosen in _parts(videos).items()},
        ablations=ablate(seeds, recipes, log_odds, rng),
        permuted=permuted(videos, recipe, permutations),
        choice=choice,
        chosen={name: auc_estimate(videos, choice.log_odds, part, rng) for name, part in compared.items()}
        if choice
        else {},
    )


def _on_people(people: Sequence[Videos], recipes: Sequence[Recipe], rng: np.random.Generator) -> dict[str, Estimate]:
    if not people:
        return {}
    scores = np.array([out_of_fold(one, trees(how))[0] for one, how in zip(people, recipes, strict=False)])
    return {name: auc_estimate(people[0], scores, chosen, rng) for name, chosen in headline_sets(people[0]).items()}


def _scored(seeds: Sequence[Videos], recipes: Sequence[Recipe]) -> tuple[Floats, dict[str, list[Floats]]]:
    """Log-odds (seeds, n) of the vectors, and of altered vectors, by name."""
    log_odds: list[Floats] = []
    views: dict[str, list[Floats]] = {}
    for one, how in zip(seeds, recipes, strict=True):
        evened = mask(one.features, one.fake, class_weights(one.fake), copies=1, rng=np.random.default_rng(how.seed))
        shown = {
            "gaps alike in both classes": evened.features,
            "gaps only, every value replaced by its median": only_missingness(one.features),
        }
        own, *seen = out_of_fold(one, trees(how), one.features, *shown.values())
        log_odds.append(own)
        for name, scores in zip(shown, seen, strict=True):
            views.setdefault(name, []).append(scores)
    return np.array(log_odds), views


def _figures(fake: Bools, log_odds: Floats, prob_fake: Floats, chosen: Bools) -> dict[str, float]:
    def mean(of: Callable[[Bools, Floats], float], values: Floats) -> float:
        return float(np.mean([of(fake[chosen], row[chosen]) for row in values]))

    return {
        "expected calibration error, 10 bins of equal weight": mean(expected_calibration_error, prob_fake),
        "log loss": mean(log_loss, prob_fake),
        "Brier score": mean(brier, prob_fake),
        "equal error rate": mean(equal_error_rate, log_odds),
        f"fakes caught at {100 * FALSE_ALARMS:.0f} % false alarms": mean(
            lambda labels, scores: true_positive_rate_at(labels, scores, FALSE_ALARMS), log_odds
        ),
    }


def _parts(videos: Videos) -> dict[str, Bools]:
    return {**headline_sets(videos), **{f"subset {name}": videos.subsets == name for name in np.unique(videos.subsets)}}


def _comparisons(videos: Videos) -> dict[str, Bools]:
    """The sets on which AUC is measured, by name."""
    found = {}
    for name, chosen in headline_sets(videos).items():
        found[name] = chosen
        if name == "paired":
            found["members of pairs alone"] = chosen & videos.paired
    alone = fakes_alone(videos)
    for name in np.unique(videos.subsets).tolist():
        own = videos.subsets == name
        if name in alone:
            found[f"subset {name} against all real"] = alone[name]
        elif videos.fake[own].any():
            found[f"subset {name}"] = own
    if alone:
        found[ALONE] = np.any(list(alone.values()), axis=0)
    return _with_both(videos, found)


def source_comparisons(videos: Videos) -> dict[str, Bools]:
    """For each source with enough fakes, its videos; where it has no real ones, its fakes and all real videos."""
    found = {}
    for source in np.unique(videos.sources):
        own = videos.sources == source
        if (own & videos.fake).sum() >= ENOUGH_FAKES:
            found[str(source)] = own if (own & ~videos.fake).any() else own | ~videos.fake
    return _with_both(videos, found)


def method_comparisons(videos: Videos) -> dict[str, Bools]:
    """All fakes of each method with their real partners, or with all real videos if some have none."""
    found = {}
    for method in np.unique(videos.methods[videos.fake]):
        own = videos.fake & (videos.methods == method)
        partners = np.isin(np.arange(len(videos)), videos.pairs[own[videos.pairs[:, 1]], 0])
        found[str(method)] = own | (partners if videos.paired[own].all() else ~videos.fake)
    return _with_both(videos, found)


def _with_both(videos: Videos, found: dict[str, Bools]) -> dict[str, Bools]:
    return {name: chosen for name, chosen in found.items() if videos.of_both_kinds(chosen)}
