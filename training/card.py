"""The model card: what the model was made from, what it is worth and what it cannot see, in Markdown."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from notreally.v1 import classifier_pb2

from gateway.features import FEATURES
from training.calibration import MAX_ERROR, Band, Calibration, reference
from training.evaluation import FALSE_ALARMS, Decisions, Estimate, Evaluation
from training.fitting import Recipe
from training.videos import MIN_FEATURES, SOUND, Videos

# Anything better than this on unseen people was a leak so far.
_TOO_GOOD = 0.95

_BLIND_SPOTS = """\
- It has seen the methods listed above and no others. A method that is newer or better may look real to it; people who
  were synthesised whole by today's best generators probably do.
- It looks at faces. A real face with a false voice, in a false setting, or under a false caption is not its matter.
- Strong compression, small faces, make-up, beauty filters and film grain change the texture that a forgery changes.
- It assumes that half of the videos it meets are fake. Where fakes are rare, more of its alarms are false than stated.
- It was tested on a few hundred short clips. The intervals say how little that is.
"""


@dataclass(frozen=True)
class Run:
    """Everything a training run found out.

    Attributes:
        videos: what was learned from; the first seed's.
        seeds: how many seeds everything is averaged over.
        recipe: how.
        evaluation: on unseen people.
        calibration: of the shipped model.
        band: of the shipped model.
        model: the shipped model's description.
        left_out: reason and number of videos for everything that was found but not learned from.
        warnings: sentences about the data.
        terms: Markdown paragraphs on where the data come from and what may be done with them.
        environment: what it was made with, as in "torch 2.13.0".
        plots: (path as seen from the card, caption) of each.
    """

    videos: Videos
    seeds: int
    recipe: Recipe
    evaluation: Evaluation
    calibration: Calibration
    band: Band
    model: classifier_pb2.Model
    left_out: dict[str, int]
    warnings: Sequence[str]
    terms: str
    environment: Sequence[str]
    plots: Sequence[tuple[str, str]]


def render(run: Run) -> str:
    """Write the card. Every figure in it comes from the run."""
    parts = [
        "# Model card\n\nMade by `make train` and `make evaluate`; do not edit.",
        _summary(run),
        "## Data",
        _data(run),
        run.terms,
        "## How well it tells real from fake",
        _scores(run),
        _plots(run, "roc", "scores"),
        "## Against simpler models",
        _baselines(run),
        "## What each feature adds",
        _ablations(run),
        _plots(run, "ablations"),
        "## Does it cheat?",
        _checks(run),
        "## After compression, and after a forgery without the forgery",
        _again(run),
        _plots(run, "compression"),
        "## Verdicts",
        _verdicts(run),
        _plots(run, "reliability"),
        "## What it looks at",
        _features(run),
        "## What it cannot see",
        _BLIND_SPOTS,
        "## Make it again",
        "```sh\nmake train CLIPS=<folder with real/ and fake/>      # the model, and this card\n"
        "make evaluate CLIPS=<the same> SEEDS=5              # this card, averaged over more seeds\n```",
        "A `manifest.csv` in the folder says who appears in which video: see `python -m training.train --help`. "
        f"Seed {run.recipe.seed}, {run.seeds} in all; made with {', '.join(run.environment)}.",
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _summary(run: Run) -> str:
    scores = run.evaluation.scores
    headline = scores.get("paired", scores["all"])
    what = "videos that differ in the forgery alone" if "paired" in scores else "people it has not seen"
    lines = [
        f"Version `{run.model.version}`, trained {run.model.trained_time.ToDatetime():%Y-%m-%d} on {len(run.videos)} "
        f"videos. Gradient-boosted trees over ten features, schema version {run.model.schema_version}; two of them "
        f"come from the texture network `{run.model.texture_model}`.",
        f"**AUC {_estimate(headline)} on {what}, of people it has not seen.** 0.5 is a coin, 1 is never wrong.",
    ]
    if run.band == Band(0.0, 1.0):
        lines.append(
            f"**No verdict is given**: nowhere on its scale were at most {MAX_ERROR:.0%} of the verdicts wrong, so "
            "every video is called inconclusive. The score and the reasons are still shown."
        )
    if headline.value > _TOO_GOOD:
        lines.append(f"**Above {_TOO_GOOD}, take the score for a leak until the contrary is shown.**")
    return "\n\n".join([*lines, *(f"Warning: {warning}" for warning in run.warnings)])


def _plots(run: Run, *names: str) -> str:
    shown = [(path, caption) for path, caption in run.plots if any(f"/{name}." in path for name in names)]
    return "\n\n".join(f"![{caption}]({path})" for path, caption in shown)


def _data(run: Run) -> str:
    videos = run.videos
    heard = np.isfinite(videos.features[:, SOUND]).any(axis=1)
    rows = []
    for subset in [*np.unique(videos.subsets).tolist(), None]:
        chosen = videos.subsets == subset if subset else np.ones(len(videos), dtype=np.bool_)
        rows.append(
            (
                subset or "**all**",
                np.sum(chosen & ~videos.fake),
                np.sum(chosen & videos.fake),
                len(np.unique(videos.groups[chosen])),
                np.sum(chosen & heard & ~videos.fake),
                np.sum(chosen & heard & videos.fake),
            )
        )
    table = _table(("subset", "real", "fake", "people", "real with sound", "fake with sound"), rows)
    gone = "; ".join(f"{count} because {reason}" for reason, count in sorted(run.left_out.items()))
    notes = [
        f"{len(videos.pairs)} pairs of a real and a fake video. A video with fewer than {MIN_FEATURES} of the ten "
        f"features is not learned from.{f' Left out: {gone}.' if gone else ''}",
    ]
    if not run.recipe.learn_sound:
        notes.append(
            "**Sound is not learned from**: too few people have both a real and a fake video with sound, so sound "
            "would tell where a video comes from. The features that need it are hidden from the trees, and still shown."
        )
    return "\n\n".join([table, *notes])


def _scores(run: Run) -> str:
    evaluation = run.evaluation
    rows = [
        (name, _number(score.value), _interval(score), score.videos, score.people)
        for name, score in evaluation.scores.items()
    ]
    notes = [
        "Every video is scored by trees that have seen nobody of its group. Intervals of 95 % draw people with "
        'replacement. "Paired" are the subsets whose real and fake videos came the same way; only they can be trusted '
        "fully: real and fake videos from different places differ in how the files were made, and a score on all of "
        "them may reward knowing that.",
        _table(("AUC on", "value", "95 %", "videos", "people"), rows),
    ]
    if evaluation.concordance:
        notes.append(
            f"Within a pair, the fake scores higher than the real one in {_estimate(evaluation.concordance)} of cases."
        )
    notes.append(_table(("all", "value"), [(name, _number(value)) for name, value in evaluation.figures.items()]))
    return "\n\n".join(notes)


def _baselines(run: Run) -> str:
    return _beside(run, "model, same folds", run.evaluation.baselines)


def _ablations(run: Run) -> str:
    if not run.evaluation.ablations:
        return "Not measured in this run: `make evaluate` does."
    return _beside(run, "trees that are not shown", run.evaluation.ablations)


def _beside(run: Run, header: str, others: Mapping[str, Mapping[str, Estimate]]) -> str:
    scores = run.evaluation.scores
    wholes = [whole for whole in ("paired", "all") if whole in scores]
    rows = [(name, *(_estimate(by[whole]) for whole in wholes)) for name, by in others.items()]
    own = ("**the model**", *(_estimate(scores[whole]) for whole in wholes))
    return _table((header, *(f"AUC, {whole}" for whole in wholes)), [*rows, own])


def _again(run: Run) -> str:
    evaluation = run.evaluation
    if not evaluation.grid:
        return "Not measured in this run."
    wholes = [whole for whole in ("paired", "all") if all(whole in by for by in evaluation.grid.values())]
    rows = [(name, *(_estimate(by[whole]) for whole in wholes)) for name, by in evaluation.grid.items()]
    parts = [
        "The texture network alone, on a third of the crops:",
        _table(("every video after", *(f"AUC, {whole}" for whole in wholes)), rows),
    ]
    if evaluation.shams:
        shams = [(name, _signed(change.value), _interval(change)) for name, change in evaluation.shams.items()]
        parts += [
            f"Real videos that went through what a forgery goes through, less the forgery. At a threshold that "
            f"{FALSE_ALARMS:.0%} of them pass beforehand, so many more pass it afterwards:",
            _table(("real videos", "change of false alarms", "95 %"), shams),
        ]
    return "\n\n".join(parts)


def _checks(run: Run) -> str:
    rows = [(name, _estimate(score)) for name, score in run.evaluation.checks.items()]
    chance = run.evaluation.permuted
    permuted = (
        f"\n\nTrees that learned from labels dealt out anew over people, {len(chance)} times: AUC "
        f"{np.mean(chance):.3f} on average, {np.quantile(chance, 0.025):.2f} to {np.quantile(chance, 0.975):.2f} in "
        "95 %."
        if chance
        else ""
    )
    return (
        "What is missing must not give the label away, and neither may the bit rate. In training, each video is shown "
        "with its own gaps and those of a random video of the other class, so that gaps are alike in both classes; "
        "weights make the bit rate alike in both. The same trees on the same folds (all videos), shown less. What "
        "stands below the first line should be near 0.5:\n\n" + _table(("shown", "AUC"), rows) + permuted
    )


def _verdicts(run: Run) -> str:
    on_pairs = not reference(run.videos).all()
    rows = [(name, *_decision(decision)) for name, decision in run.evaluation.decisions.items()]
    header = (
        "on",
        "get a verdict",
        "fake of those called real",
        "real of those called fake",
        "verdicts that are wrong",
        "real called fake",
    )
    return "\n\n".join(
        [
            f"P(fake) = 1 ÷ (1 + exp(-({run.calibration.slope:.3f} * log-odds + {run.calibration.intercept:.3f}))), "
            f"fitted to out-of-fold scores of {'paired' if on_pairs else 'all'} videos, both classes weighing half "
            f"(prior {run.model.prior_fake:g}). Below {run.band.real_below:.3f} a video is called real, above "
            f"{run.band.fake_above:.3f} fake, between them inconclusive: the narrowest band outside which at most "
            f"{MAX_ERROR:.0%} of the out-of-fold verdicts are wrong on each side.",
            "With curve and band from the other folds, so that nothing has seen what it is measured on:",
            _table(header, rows),
        ]
    )


def _features(run: Run) -> str:
    rows = [
        (
            f"`{spec.name}`",
            spec.label,
            _percent(float(np.mean(np.isfinite(run.videos.features[:, column])))),
            _number(summary.p05),
            _number(summary.p50),
            _number(summary.p95),
        )
        for column, (spec, summary) in enumerate(zip(FEATURES, run.model.features, strict=True))
    ]
    return _table(("feature", "what it is", "measured in", "5 % of real", "median of real", "95 % of real"), rows)


def _decision(decision: Decisions) -> tuple[str, ...]:
    return (
        _percent(decision.coverage),
        _percent(decision.wrong_real),
        _percent(decision.wrong_fake),
        _percent(decision.wrong),
        f"{_percent(decision.false_alarms.value)} ({_percent(decision.false_alarms.low)} to "
        f"{_percent(decision.false_alarms.high)})",
    )


def _estimate(estimate: Estimate) -> str:
    return f"{_number(estimate.value)} ({_interval(estimate)})"


def _interval(estimate: Estimate) -> str:
    return f"{_number(estimate.low)} to {_number(estimate.high)}"


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def _signed(value: float) -> str:
    return f"{value:+.1%}"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.0%}"


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)
