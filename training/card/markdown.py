"""The model card in Markdown: data, evaluation, limits."""

import json
import math
from collections.abc import Mapping

import numpy as np

from training.card.plain import plain
from training.card.run import Run, as_json
from training.card.tables import ROUGH, estimate, every, number, percent, percents
from training.data.vectors import FEATURE_NAMES
from training.data.videos import BITS, MIN_FEATURES, VOICE, headline_sets
from training.evaluation.checks import FALSE_ALARMS
from training.evaluation.estimates import Estimate
from training.evaluation.out_of_fold import ALONE as _ALONE
from training.evaluation.out_of_fold import ENOUGH_FAKES
from training.evaluation.verdicts import Decisions
from training.fitting.calibration import AIM, MAX_ERROR, Band
from training.fitting.model import NETWORK_FEATURES, NOISY

_LEFT_OUT = """\
These videos were found but left out of fitting and evaluation. The networks were still trained on any faces in them,
except in copies, in videos with both labels and in videos of which only the sound is forged:"""

# So far, anything better than this on held-out people was a leak.
_TOO_GOOD = 0.95

_DATA = """\
"Enough evidence" counts videos in which a face is seen long enough and large enough, with enough features for a
verdict. The others are scored here too, but get no verdict."""

_SOUND = """\
**Sound is not used**: too few people have both a real and a fake video with sound, so sound would reveal the source
of a video rather than a forgery. Features that need it are still measured and shown."""

_NOISY = f"""\
**Measured and shown, but not used**, since with it out-of-fold scores were worse:
{", ".join(f"`{FEATURE_NAMES[column]}`" for column in NOISY)}.

**`{FEATURE_NAMES[VOICE]}` is not used** for the face: the voice has a score of its own.

**`{FEATURE_NAMES[BITS]}` is not used** either: it reveals which site or encoder a video went through, and real and
fake videos of a collection often went through different ones."""

_SCORES = """\
All scores are out of fold, and folds are whole sources: a data set with all pages that copy from it, or a page with
its methods. The network and the trees that score a video have met neither its source, nor anybody in it, nor the
method that forged it. That is how a detector is used: what people check comes from none of its training data. An AUC
of 0.5 is a coin toss, 1 is perfect. The 95 % intervals are a bootstrap over people, with all videos of a person
together; with fewer than three people on a side there is none. A share of 0 or 1, on which all draws agree, has the
interval of Clopper and Pearson (1934), each person counting once. An AUC of 0 or 1 has no interval, nor has such a
share with unequal class weights."""

_SOURCES = f"""\
By source, for those with at least {ENOUGH_FAKES} fakes; a source without real videos is compared with all real ones.
Where a source lies below the others, its videos look to the model like those of the other kind: its scores are
shifted, and so may those of the next source be."""

_PEOPLE = """\
People held out, but not sources: how well it does on new people in videos made like those it learned from. This is
the figure that most detectors report, and it says little about videos from elsewhere:"""

_PAIRED = """\
"Paired" means whole subsets whose real and fake videos come from the same collection, with most fakes next to the
real video they were made from. Figures on them deserve more trust: real and fake videos from different sources also
differ in how the files were made, and a score on all videos may reward detecting that. "Members of pairs alone"
leaves out videos of these subsets that have no partner."""

_SELECTED = """\
The recipe of the network, the depth of the trees and the unused features were chosen with figures on some of these
videos in view (`docs/experiments.md`). The figures are therefore slightly too good, and the intervals do not account
for that."""

_CHOSEN = """\
Nested cross-validation shows what choosing the features of the trees is worth (Cawley and Talbot 2010). For each fold,
the released recipe is compared with others, all cross-validated within the other folds, and the best one scores the
fold. "Best" means the largest mean of the AUCs on paired, on all, and on each subset without real videos against all
real videos:"""

_CHOSEN_THUS = """\
So among these recipes, no source influenced the choice that scores it. But the networks behind the comparison had seen
these sources, as explained below."""

_WITHIN = """\
The AUCs above are pooled: the scores of all folds are ranked together. Each fold has its own model, and the models
differ in scale, which pooling counts as error (Forman and Scholz 2010). The product has a single model. AUC within
folds, each video compared only with those scored by the same model:"""

_METHODS = """\
All fakes of one method, compared with the real videos they were made from if all of those are known, otherwise with all
real videos; "paired" counts the fakes whose real video is known. Neither network nor trees have met the method."""

_ABLATIONS = """\
The same model, fitted without a feature or a group of features. A change below 0 means that the feature helps."""

_CHECKS = """\
Missing values must not reveal the label. In training, each video is shown with its own gaps and those of a random
video of the other class, so that both classes have the same distribution of gaps. A model that sees only gaps should
stay near 0.5."""

_PERMUTED = """\
A permutation test: the model is fitted, in fewer rounds, to labels permuted over people. Only this model sees
permuted labels; the networks behind its features were trained on the true ones. People with both real and fake
videos keep both, so half of their videos are fake, which is not so for other people. Telling these groups of people
apart is no leak, so a fake is compared only with real videos of people of its own group: those with both kinds, or
with one. The mean should be 0.5."""

_STACKING = """\
One thing is not held out: the networks whose out-of-fold scores train the trees have themselves seen the sources that
these trees are tested on. This is customary in stacking. No score comes from a network or trees that have seen its
source."""

_BAND = f"""\
P(fake) = 1 ÷ (1 + exp(-(slope · log-odds + intercept))), fitted to the out-of-fold scores of all seeds, each class
weighing half. The inconclusive band is the narrowest outside which at most {100 * AIM:.0f} % of the verdicts on
these scores are wrong on each side. On other videos, more verdicts are wrong. So the product gives verdicts on a side
only if cross-fitted verdicts on all videos, with calibration and band from the other folds, were given at all and at
most {100 * MAX_ERROR:.0f} % wrong."""

_VERDICTS = """\
Cross-fitted verdicts on the sides on which the product gives them, and in the last row on both. In the columns of wrong
verdicts each class weighs half."""

_BLIND_SPOTS = """\
- **New methods.** It was trained on the methods above and on synthetic forgeries that blend faces. A newer or better
  method may look real to it: the figures above say how often methods did that it had not met.
- **People who do not exist.** The data contain no fully generated videos other than talking heads driven from a
  picture.
- **The voice.** It is judged apart, by another network with a card of its own: voice-card.md.
- **Anything but the face**: a false setting, a false caption, a cut that changes what was said.
- **Movement in less than two seconds, or at fewer than 20 frames a second.** There, only appearance counts.
- **Strong compression, small faces, make-up, beauty filters and film grain** change a face as a forgery does.
- **How rare fakes are.** It assumes that half of the videos it meets are fake. Where fakes are rare, more of its alarms
  are false than stated.
- **Who is who.** People were told apart by the manifest, and ultimately by file names, not by their faces. If two
  groups contain the same person, the figures are too good.
- **Whether it is fair.** It was tested on a few hundred short clips, without regard to age, sex or skin colour,
  which are unknown. The intervals show how little that is."""


def render(run: Run) -> str:
    """The card as Markdown. Every figure in it comes from the tables of the run."""
    shown = {name: table.markdown() if table.rows else "" for name, table in every(run).items()}
    parts = [
        "<!-- Written by `make train` and `make evaluate`: do not edit. Terms: glossary.md -->",
        "# Model card",
        plain(json.loads(as_json(run))),
        "## In short, for those who know such figures",
        _summary(run),
        "## Data",
        _data(run, shown["data"], shown["left out"]),
        run.terms,
        "## How well it tells real from fake",
        _SCORES,
        ROUGH,
        shown["scores"],
        _plots(run, "roc"),
        "### By source",
        _SOURCES,
        shown["sources"],
        *(["### People", _PEOPLE, shown["people"]] if shown["people"] else []),
        "### Notes",
        _paired(run),
        _SELECTED,
        _WITHIN,
        shown["within"],
        *(["Within the pairs:", shown["pairs"]] if shown["pairs"] else []),
        *_chosen(shown),
        "Other measures; each class weighs half:",
        shown["figures"],
        _plots(run, "scores"),
        "### By method",
        _METHODS,
        shown["methods"],
        "## Against simpler models",
        "On the same folds:",
        shown["baselines"],
        _not_beaten(run),
        "## What each feature adds",
        _ABLATIONS,
        shown["ablations"],
        _plots(run, "ablations"),
        "## Does it cheat?",
        _CHECKS,
        shown["checks"],
        *([_PERMUTED, shown["permuted"]] if shown["permuted"] else []),
        _STACKING,
        "## Verdicts",
        _BAND,
        _VERDICTS,
        shown["verdicts"],
        _plots(run, "reliability"),
        "## The released model",
        shown["model"],
        "Its features in the training videos; `docs/features.md` explains them.",
        shown["features"],
        "## What it cannot see",
        _BLIND_SPOTS,
        "## Reproduce it",
        _again(run.options),
        f"Seed {run.recipe.seed}, {run.seeds} in all; made with {', '.join(run.environment)}.",
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _summary(run: Run) -> str:
    found = run.evaluation
    headline = found.scores["all"]
    everything = found.decisions["all"]
    lines = [
        f"Version `{run.model.version}`, trained {run.model.trained_time.ToDatetime():%Y-%m-%d} on "
        f"{run.model.training_videos} videos. A soft maximum of three scores, for how synthesised a face "
        "looks, for traces of blending (two linear layers on the image encoder of CLIP ViT-B/16), and for its movement "
        "and light (a small network), with gradient-boosted trees over "
        f"{len(FEATURE_NAMES) - len({*run.recipe.blind, *NETWORK_FEATURES})} of the other features on top.",
        "On sources and methods never met:",
        "\n".join(
            [
                f"- **Pooled AUC {estimate(headline)} on all videos**"
                f"{_beside(found.scores, 'paired', ' on pairs of a real video and its forgery')}"
                f"{_beside(found.scores, _ALONE, ' for subsets without real videos, most of them talking heads')}.",
                *_on_people(run),
                f"- **{percent(_of_judged(everything))} of the videos that show enough get a verdict**"
                f"{_wrong(everything)}; the others' score is inconclusive.",
                *_sides(run),
                *_otherwise_chosen(run),
                *_false_alarms(run),
                *_caught(run),
            ]
        ),
    ]
    if run.band == Band(0.0, 1.0):
        lines.append(
            "**No verdict is given**: there is no threshold for which at most "
            f"{100 * MAX_ERROR:.0f} % of the verdicts were shown to be wrong, so every "
            "video is called inconclusive. The score and the reasons are still shown."
        )
    if headline.value > _TOO_GOOD:
        lines.append(f"**Above {_TOO_GOOD}, assume a leak until the contrary is shown.**")
    return "\n\n".join([*lines, *(f"Warning: {warning}" for warning in run.warnings)])


def _beside(scores: Mapping[str, Estimate], name: str, what: str) -> str:
    return f", {number(scores[name].value)}{what}" if name in scores else ""


def _of_judged(made: Decisions) -> float:
    return made.coverage.value / made.judged if made.judged else 0.0


def _on_people(run: Run) -> list[str]:
    """The figure that is usually reported, beside the one that counts."""
    people = run.evaluation.people
    parts = [f"{number(people[part].value)} on {part}" for part in ("paired", "all") if part in people]
    return [f"- On people never met, of sources that it knows: AUC {', '.join(parts)}."] if parts else []


def _sides(run: Run) -> list[str]:
    """Which verdicts are not given at all."""
    tried = run.evaluation.tried
    without = {
        "real": (run.band.real_below <= 0, tried.wrong_real),
        "fake": (run.band.fake_above >= 1, tried.wrong_fake),
    }
    return [
        f"- **No video is called {side}**: at most {100 * MAX_ERROR:.0f} % of such verdicts may be wrong on sources "
        f"never met, and {_unproven(wrong)}."
        for side, (missing, wrong) in without.items()
        if missing and not all(gone for gone, _ in without.values())
    ]


def _unproven(wrong: Estimate) -> str:
    if not math.isfinite(wrong.value):
        return "no threshold promised that"
    return f"when this was tried, {percents(wrong)} were"


def _paired(run: Run) -> str:
    """What "paired" means, and how few people it is based on."""
    videos = run.videos
    chosen = headline_sets(videos).get("paired")
    if chosen is None:
        return ""
    reals, fakes, alone = chosen & ~videos.fake, chosen & videos.fake, ~videos.paired
    by_group = np.sort(np.unique(videos.groups[fakes], return_counts=True)[1])[::-1]
    running = np.cumsum(by_group)
    few = int(np.searchsorted(running, fakes.sum() / 2))
    return (
        f"{_PAIRED}\nOf their videos, {(reals & alone).sum()} of {reals.sum()} real and {(fakes & alone).sum()} of "
        f"{fakes.sum()} fake ones belong to no pair. The {fakes.sum()} fakes come from {len(by_group)} groups of "
        f"people, {running[few]} of them from only {few + 1}."
    )


def _wrong(made: Decisions) -> str:
    if not made.coverage.value:
        return ""
    sides = {"fake": made.wrong_fake, "real": made.wrong_real}
    said = [
        f"{percents(wrong)} of those that say {side}" for side, wrong in sides.items() if math.isfinite(wrong.value)
    ]
    return f", and **{percents(made.wrong)} of the verdicts are wrong** ({', '.join(said)})"


def _otherwise_chosen(run: Run) -> list[str]:
    """The AUC under nested cross-validation."""
    chosen = run.evaluation.chosen
    parts = [f"{estimate(chosen[part])} on {part}" for part in ("paired", "all") if part in chosen]
    return [f"- With the recipe chosen by nested cross-validation: AUC {', '.join(parts)}."] if parts else []


def _false_alarms(run: Run) -> list[str]:
    """Verdicts on subsets with only real videos: what to expect when checking ordinary videos."""
    return [
        f"- Of `{name.removeprefix('subset ')}`, which has only real videos, "
        f"{percents(made.false_alarms)} are called fake and {percents(made.cleared)} real; {percents(made.leaning)} "
        "score above 50 %."
        for name, made in run.evaluation.decisions.items()
        if name.startswith("subset ") and made.false_alarms.videos and not made.caught.videos
    ]


def _caught(run: Run) -> list[str]:
    """The operating point at a fixed false positive rate."""
    name = f"fakes caught at {100 * FALSE_ALARMS:.0f} % false alarms"
    figures = run.evaluation.figures
    return [f"- {name.capitalize()}: {', '.join(f'{number(by[name])} of {part}' for part, by in figures.items())}."]


def _not_beaten(run: Run) -> str:
    """Simpler models that do as well."""
    found = run.evaluation
    lines = []
    for part in ("paired", "all"):
        if part in found.scores:
            as_good = [
                name.lower() for name, by in found.baselines.items() if by[part].value >= found.scores[part].value
            ]
            lines.append(f"On {part}, {', '.join(as_good) if as_good else 'no simpler model'} does as well or better.")
    return " ".join(lines)


def _again(options: str) -> str:
    chosen = f" OPTIONS={options}" if options else ""
    # People are held out for the evaluation only.
    learned = "" if options == "--people" else chosen
    return f"""\
```sh
make train CLIPS=<folder with real/ and fake/>{learned}
make evaluate CLIPS=<the same> SEEDS=3{chosen}
```

The first command writes network, model and this card; the second rewrites the card, averaged over more seeds. A
`manifest.csv` in the folder says who appears in which video, and where it comes from: see
`python -m training.train --help`. Both commands print every figure of this card and write them to a JSON file beside
the model."""


def _chosen(shown: Mapping[str, str]) -> list[str]:
    if not shown["candidates"]:
        return []
    return ["### Nested cross-validation", _CHOSEN, shown["candidates"], _CHOSEN_THUS, shown["chosen"]]


def _plots(run: Run, *names: str) -> str:
    shown = [(path, caption) for path, caption in run.plots if any(path.endswith(f"/{name}.svg") for name in names)]
    return "\n\n".join(f"![{caption}]({path})" for path, caption in shown)


def _data(run: Run, data: str, left_out: str) -> str:
    pairs = f"{len(run.videos.pairs)} pairs of a real and a fake video. " if len(run.videos.pairs) else ""
    fewest = f"The model is not fitted to videos with fewer than {MIN_FEATURES} of the ten features."
    gone = [_LEFT_OUT, left_out] if left_out else []
    return "\n\n".join([data, pairs + fewest, _DATA, *gone, *([] if run.recipe.learn_sound else [_SOUND]), _NOISY])
