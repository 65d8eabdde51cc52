"""What the model is worth: scores on people it has not seen, beside what cheats and simpler models reach.

Everything is averaged over seeds: of the networks that gave the texture scores, and of the trees. Folds, and so who is
unseen together, are the same for all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.data.videos import Videos, fakes_alone, wholes
from training.evaluation.baselines import baselines, only_missingness
from training.evaluation.checks import (
    FALSE_ALARMS,
    Ablation,
    Permutations,
    Sham,
    ablate,
    after_shams,
    permuted,
    without_method,
)
from training.evaluation.choice import Choice, candidates, choose
from training.evaluation.compression import Areas, Sent, after_sending, motion_areas, texture_areas
from training.evaluation.estimates import Bools, Estimate, Floats, auc_estimate, concordance
from training.evaluation.verdicts import Decisions, cross_fitted, decisions
from training.fitting.masking import mask
from training.fitting.measures import (
    brier,
    caught_at,
    equal_error_rate,
    expected_calibration_error,
    log_loss,
    reliability,
)
from training.fitting.model import Recipe, class_weights, out_of_fold, trees
from training.networks.scores import Scores, TextureScores


@dataclass(frozen=True)
class Evaluation:
    """Everything the card says of the scores; all out of fold.

    Attributes:
        log_odds: shape (seeds, n), of every video.
        prob_fake: shape (seeds, n), by calibrations fitted to the other folds, of all seeds.
        scores: AUC by what it was taken on: "paired", those of them that are members of pairs, "all" and subsets; those
            without real videos of their own are held against all real ones.
        within: likewise, each video held only against those that the same model scored.
        methods: AUC by method, its fakes against their partners, or against all real videos where some lack one.
        without: AUC by method, likewise, of trees that have seen no fake of that method.
        concordance: of the pairs; None without pairs.
        baselines: by name of the model, AUC on "paired" (when there are pairs) and on "all".
        checks: AUC on "paired" and on "all" of the same trees when they are shown something else than the vectors.
        figures: by name, on "paired" and on "all", what else is said of the scores.
        curve: shape (bins, 3), see `training.fitting.measures.reliability`; all videos, of all seeds together.
        decisions: by what they were taken on.
        ablations: by what the trees were not shown.
        permuted: what lines and trees are worth that learned from permuted labels.
        texture_areas: AUC of the texture network after compressions, see `training.evaluation.compression`.
        motion_areas: likewise, of the motion network.
        sent: the whole model after compressions; None where no video was sent on.
        shams: by what was done to real videos and who looked.
        choice: of recipes, for each fold of people by others; None for too few folds.
        chosen: AUC as in `scores`, of what was chosen so.
    """

    log_odds: Floats
    prob_fake: Floats
    scores: dict[str, Estimate]
    within: dict[str, Estimate]
    methods: dict[str, Estimate]
    without: dict[str, Estimate]
    concordance: Estimate | None
    baselines: dict[str, dict[str, Estimate]]
    checks: dict[str, dict[str, Estimate]]
    figures: dict[str, dict[str, float]]
    curve: Floats
    decisions: dict[str, Decisions]
    ablations: dict[str, Ablation]
    permuted: Permutations
    texture_areas: Areas
    motion_areas: Areas
    sent: Sent | None
    shams: dict[str, Sham]
    choice: Choice | None
    chosen: dict[str, Estimate]


def evaluate(
    seeds: Sequence[Videos],
    others: Mapping[str, Sequence[Videos]],
    texture: TextureScores,
    sent: Mapping[str, Scores],
    recipe: Recipe,
    permutations: int,
) -> Evaluation:
    """Fit on all folds but one, score the one, and measure. The same arguments give the same numbers.

    Args:
        seeds: the same videos, with what each seed's networks say.
        others: by what differs, the same with what other networks say.
        texture: the scores of their crops, also after compressions and shams.
        sent: by compression, what motion networks said of spans after whole videos went through it.
        recipe: as for the final fit; its seed is counted up.
        permutations: of the labels.
    """
    videos, rng = seeds[0], np.random.default_rng(recipe.seed)
    recipes = [replace(recipe, seed=recipe.seed + number) for number in range(len(seeds))]

    def on_wholes(scores: Sequence[Floats]) -> dict[str, Estimate]:
        return {name: auc_estimate(videos, np.array(scores), chosen, rng) for name, chosen in wholes(videos).items()}

    log_odds, views = _scored(seeds, recipes)
    simpler: dict[str, list[Floats]] = {}
    for one in seeds:
        for name, scores in baselines(one, learn_sound=recipe.learn_sound).items():
            simpler.setdefault(name, []).append(scores)
    ((prob_fake, called),) = cross_fitted(videos, log_odds)
    by_method, compared = method_comparisons(videos), _comparisons(videos)
    choice = choose(candidates(seeds, others, recipe))
    return Evaluation(
        log_odds=log_odds,
        prob_fake=prob_fake,
        scores={name: auc_estimate(videos, log_odds, chosen, rng) for name, chosen in compared.items()},
        within={
            name: auc_estimate(videos, log_odds, chosen, rng, within_folds=True) for name, chosen in compared.items()
        },
        methods={name: auc_estimate(videos, log_odds, chosen, rng) for name, chosen in by_method.items()},
        without=without_method(seeds, recipes, by_method, rng),
        concordance=concordance(videos, log_odds, rng) if len(videos.pairs) else None,
        baselines={name: on_wholes(scores) for name, scores in simpler.items()},
        checks={name: on_wholes(scores) for name, scores in views.items()},
        figures={name: _figures(videos.fake, log_odds, prob_fake, chosen) for name, chosen in wholes(videos).items()},
        curve=reliability(np.tile(videos.fake, len(seeds)), prob_fake.ravel()),
        decisions={name: decisions(videos, prob_fake, called, chosen, rng) for name, chosen in _parts(videos).items()},
        ablations=ablate(seeds, recipes, log_odds, rng),
        permuted=permuted(videos, recipe, permutations),
        texture_areas=texture_areas(videos, texture, rng),
        motion_areas=motion_areas(seeds, sent, rng),
        sent=after_sending(seeds, recipes, texture, sent, rng) if sent else None,
        shams=after_shams(seeds, recipes, texture, rng),
        choice=choice,
        chosen={name: auc_estimate(videos, choice.log_odds, part, rng) for name, part in compared.items()}
        if choice
        else {},
    )


def _scored(seeds: Sequence[Videos], recipes: Sequence[Recipe]) -> tuple[Floats, dict[str, list[Floats]]]:
    """Log-odds (seeds, n) by the trees, and by the same trees when they are shown something else; by what."""
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
            lambda labels, scores: caught_at(labels, scores, FALSE_ALARMS), log_odds
        ),
    }


def _parts(videos: Videos) -> dict[str, Bools]:
    return {**wholes(videos), **{f"subset {name}": videos.subsets == name for name in np.unique(videos.subsets)}}


def _comparisons(videos: Videos) -> dict[str, Bools]:
    """What AUC is taken on, by name."""
    found = {}
    for name, chosen in wholes(videos).items():
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
        found["all subsets without real videos, against all real"] = np.any(list(alone.values()), axis=0)
    return _with_both(videos, found)


def method_comparisons(videos: Videos) -> dict[str, Bools]:
    """All fakes of each method with what they are held against: their partners, or all real videos if some lack one."""
    found = {}
    for method in np.unique(videos.methods[videos.fake]):
        own = videos.fake & (videos.methods == method)
        partners = np.isin(np.arange(len(videos)), videos.pairs[own[videos.pairs[:, 1]], 0])
        found[str(method)] = own | (partners if videos.paired[own].all() else ~videos.fake)
    return _with_both(videos, found)


def _with_both(videos: Videos, found: dict[str, Bools]) -> dict[str, Bools]:
    return {name: chosen for name, chosen in found.items() if videos.of_both_kinds(chosen)}
