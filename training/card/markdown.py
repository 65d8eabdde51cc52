"""The model card: what the model was made from, what it is worth and what it cannot see, in Markdown."""

import math
from collections.abc import Mapping

import numpy as np

from training.card.run import Run
from training.card.tables import ROUGH, estimate, every, number, percent, percents
from training.data.vectors import FEATURE_NAMES
from training.data.videos import BITS, MIN_FEATURES, headline_sets
from training.evaluation.checks import FALSE_ALARMS
from training.evaluation.compression import PROJECTED_OUT
from training.evaluation.verdicts import Decisions
from training.fitting.calibration import AIM, MAX_ERROR, Band
from training.fitting.model import NOISY

_LEFT_OUT = """\
Found, and neither judged nor learned from by lines and trees. The networks do learn from the faces in them, where they
find any, but not from copies, from what is labelled both ways and from what is forged in its sound alone:"""

# Anything better than this on unseen people was a leak so far.
_TOO_GOOD = 0.95

_DATA = """\
"Enough for a verdict" are videos that the product would judge: a face seen long enough, large enough, and enough
features. Of the others the score is measured here too, and no verdict is given."""

_SOUND = """\
**Sound is not learned from**: too few people have both a real and a fake video with sound, so sound would tell
where a video comes from. The features that need it are hidden from the trees, and still shown."""

_NOISY = f"""\
**{", ".join(f"`{FEATURE_NAMES[column]}`" for column in NOISY)} are not learned from**: they are measured and
shown, and made scores of people not seen worse.

**`{FEATURE_NAMES[BITS]}` is not learned from** either: it tells which site or encoder a video came through, and real
and fake videos of a collection often came through different ones."""

_SCORES = """\
Every video is scored by networks and trees that have seen nobody of its group. 0.5 is a coin, 1 is never wrong.
Intervals of 95 % draw people with replacement, all videos of a person together; fewer than three people on a side
have none. Where a share is 0 or 1, every draw says the same: its interval is that of Clopper and Pearson (1934), each
person counting once. An area of 0 or 1 has none, nor has such a share in which the classes weigh differently."""

_PAIRED = """\
"Paired" are whole subsets whose real and fake videos come from the same collection, most of the fakes beside the real
video they were made of. They can be trusted more than all videos: real and fake ones from different places differ in
how the files were made, and a score on all of them may reward knowing that. "Members of pairs alone" leaves out what
is in these subsets without a partner."""

_SELECTED = """\
The recipes of the networks, the depth of the trees and the features that are hidden from them were chosen by looking
at such out-of-fold scores of the videos that the shipped model learned from (`docs/experiments.md`): on these very
videos the figures are a little flattered, and the intervals do not hold that."""

_CHOSEN = """\
By how much, can be asked where other recipes are tried again. For the people of each fold, what ships is compared with
recipes that differ from it in one thing, fitted and tested within the other folds alone, on the seeds that they have,
and the best there scores these people (Cawley and Talbot 2010). The best has the largest mean of the areas on paired,
on all, and on each subset of fakes alone against all real videos:"""

_CHOSEN_THUS = """\
So nobody who is scored had a say in the choice, among these recipes. The readings that they were compared by are of
networks that had seen those people, as above. Whatever else a network could have been shown, and for how long, was
chosen once, in sight of all, and so was what counts as the best."""

_WITHIN = """\
There are as many models here as folds of people, and they do not agree on what a given score is worth: ranked
together, as above, that counts as error. The product has one model. Where each video is held only against those
that the same model scored (Forman and Scholz 2010):"""

_METHODS = """\
All fakes of one method: against the real videos they were made from if those of all are known, or else against all real
videos; "paired" counts the fakes of which they are. The last AUC is of trees that were fitted without any fake of that
method. The networks did see some, of other people: the figure says what the ten numbers carry over to a method, not
what the networks do."""

_ABLATIONS = """\
The same trees, fitted without a feature or a group of them. A change below 0 says that it helped."""

_CHECKS = """\
What is missing must not give the label away. In training, each video is shown with its own gaps and those of a random
video of the other class, so that gaps are alike in both classes. What is shown gaps only should stay near 0.5."""

_PERMUTED = """\
Lines and trees, fitted in fewer rounds, that learned from labels dealt out anew over people. The labels are dealt
out to them alone: the networks whose reading they are shown learned from the true ones. People of whom there are real
and fake videos keep both, so half of their videos are fake, but not half of other people's. Telling the former people
from the latter is no sign of a leak, so a fake is held against real videos of people like its own alone: with both
kinds, or with one. The mean should be 0.5."""

_STACKING = """\
One thing is not kept apart: the networks whose scores the trees learn from have, in their own training, seen the
people that those trees are tested on. Stacking customarily accepts that. No score of a person comes from a network,
or from trees, that have seen this person."""

_COMPRESSED = """\
A fake has often been sent on, and so compressed, once more than a real video, or once less. Where one class alone was
compressed, the area must not fall much below the one for all: below 0.5, compression is what is told apart.

The texture network alone, on a third of each video's crops. It is the crops of the face that are encoded again, and not
whole files:"""

_MOTION_COMPRESSED = f"""\
The motion network alone, on whole videos that were encoded again, and measured anew. What {" and ".join(PROJECTED_OUT)}
leave in other people's real videos it has learned to look past; other compressions are new to it:"""

_MODEL_COMPRESSED = """\
The model with both readings replaced by those; all else stays as it was, the lines and trees too:"""

_SHAMS = """\
Crops of real videos' faces that went through what a forgery goes through, less the forgery, and the share of these
videos that is taken for fake before and afterwards; what is read in their movement stays as it was. A change whose
interval holds 0 is none that could be shown."""

_BAND = f"""\
P(fake) = 1 ÷ (1 + exp(-(slope · log-odds + intercept))), fitted to out-of-fold scores of all seeds, both classes
weighing half. The inconclusive band is the narrowest outside which at most {100 * AIM:.0f} % of the verdicts on these
scores are wrong on each side, on all videos and on the members of pairs by themselves. On videos that a band was not
fitted to they are wrong more often: a side has verdicts in the product if those of the table below, on all videos and
on the paired ones, were given and at most {100 * MAX_ERROR:.0f} % of them wrong."""

_VERDICTS = """\
With curve and band from the other folds, so that nothing has seen what it is measured on. In the columns of wrong
verdicts both classes weigh half."""

_BLIND_SPOTS = """\
- **Methods it has not seen.** It learned from the methods above and from forgeries made for it by blending faces. A
  newer or better method may look real to it.
- **People who do not exist.** Videos generated whole, with nobody filmed, are not among the data but for talking
  heads driven from a picture.
- **Sound.** A cloned or dubbed voice over a real face goes unnoticed.
- **Anything but the face**: a false setting, a false caption, a cut that changes what was said.
- **Movement of less than two seconds, or at fewer than 20 frames a second.** There, texture alone is read.
- **Strong compression, small faces, make-up, beauty filters and film grain** change the texture that a forgery
  changes.
- **How rare fakes are.** It assumes that half of the videos it meets are fake. Where fakes are rare, more of its
  alarms are false than stated.
- **Who is who.** People were told apart by what the manifest says, in the end by file names, not by looking at
  faces. Where two groups hold the same person, the figures are too good.
- **Everybody.** It was tested on a few hundred short clips, and not by age, sex or skin colour, of which nothing is
  known. The intervals say how little that is."""


def render(run: Run) -> str:
    """Write the card. Every figure in it comes from the run's tables."""
    shown = {name: table.markdown() if table.rows else "" for name, table in every(run).items()}
    parts = [
        "# Model card\n\nMade by `make train` and `make evaluate`; do not edit.",
        _summary(run),
        "## Data",
        _data(run, shown["data"], shown["left out"]),
        run.terms,
        "## How well it tells real from fake",
        _SCORES,
        ROUGH,
        _paired(run),
        _SELECTED,
        shown["scores"],
        _plots(run, "roc"),
        _WITHIN,
        shown["within"],
        *(["Within the pairs:", shown["pairs"]] if shown["pairs"] else []),
        *_chosen(shown),
        "What else is measured; both classes weigh half:",
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
        *_after_compression(run, shown),
        *(["## After a forgery without the forgery", _SHAMS, shown["shams"]] if shown["shams"] else []),
        "## Verdicts",
        _BAND,
        _VERDICTS,
        shown["verdicts"],
        _plots(run, "reliability"),
        "## The model that is shipped",
        shown["model"],
        "Its features in the videos learned from; `docs/features.md` says what they are.",
        shown["features"],
        "## What it cannot see",
        _BLIND_SPOTS,
        "## Make it again",
        _again(run.options),
        f"Seed {run.recipe.seed}, {run.seeds} in all; made with {', '.join(run.environment)}.",
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _summary(run: Run) -> str:
    found = run.evaluation
    part = "paired" if "paired" in found.scores else "all"
    headline, within = found.scores[part], found.within[part]
    collections = 'subsets whose real and fake videos come from the same collection ("paired")'
    what = collections if "paired" in found.scores else "videos"
    everything = found.decisions["all"]
    lines = [
        f"Version `{run.model.version}`, trained {run.model.trained_time.ToDatetime():%Y-%m-%d} on "
        f"{run.model.training_videos} videos. Lines through what two networks read, one in the texture of the "
        f"face and one in how it and the light on it move, and gradient-boosted trees over "
        f"{len(FEATURE_NAMES) - len(run.recipe.blind)} of ten features on them.",
        "Measured on people it has not seen:",
        "\n".join(
            [
                f"- **AUC {estimate(headline)} on {what}**, {number(found.scores['all'].value)} on all. Where each "
                f"is held only against those that the same model scored, {estimate(within)} and "
                f"{number(found.within['all'].value)}.",
                f"- **{percent(everything.coverage.value)} of the videos get a verdict**"
                f"{_wrong(everything)}; in the others there is too little to see, or the score is inconclusive.",
                *_otherwise_chosen(run),
                *_false_alarms(run),
                *_caught(run),
            ]
        ),
    ]
    if run.band == Band(0.0, 1.0):
        lines.append(
            "**No verdict is given**: nowhere on its scale could it be shown that at most "
            f"{100 * MAX_ERROR:.0f} % of the verdicts are wrong, on all videos and on the paired ones, so every video "
            "is called inconclusive. The score and the reasons are still shown."
        )
    if headline.value > _TOO_GOOD:
        lines.append(f"**Above {_TOO_GOOD}, take the score for a leak until the contrary is shown.**")
    return "\n\n".join([*lines, *(f"Warning: {warning}" for warning in run.warnings)])


def _paired(run: Run) -> str:
    """What "paired" means, and how few people it rests on."""
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
        f"{fakes.sum()} fake ones are members of no pair. The {fakes.sum()} fakes come from {len(by_group)} groups of "
        f"people, {running[few]} of them from {few + 1}."
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
    """What is left where those who are scored have no say in the recipe."""
    chosen = run.evaluation.chosen
    parts = [f"{estimate(chosen[part])} on {part}" for part in ("paired", "all") if part in chosen]
    return [f"- With the recipe chosen by other people alone, among a few: AUC {', '.join(parts)}."] if parts else []


def _false_alarms(run: Run) -> list[str]:
    """Of subsets that hold real videos alone: what somebody meets who checks ordinary videos."""
    return [
        f"- Of `{name.removeprefix('subset ')}`, real videos alone, "
        f"{percents(made.false_alarms)} are called fake and {percents(made.cleared)} real; {percents(made.leaning)} "
        "score above 50 %."
        for name, made in run.evaluation.decisions.items()
        if name.startswith("subset ") and made.false_alarms.videos and not made.caught.videos
    ]


def _caught(run: Run) -> list[str]:
    """What the scores are worth to somebody who sets the threshold."""
    name = f"fakes caught at {100 * FALSE_ALARMS:.0f} % false alarms"
    figures = run.evaluation.figures
    return [f"- {name.capitalize()}: {', '.join(f'{number(by[name])} of {part}' for part, by in figures.items())}."]


def _not_beaten(run: Run) -> str:
    """Simpler models that do as well, for those who would rather have one."""
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
    # What a recipe is compared with is trained for its evaluation alone.
    learned = "" if options == "--compare" else chosen
    return f"""\
```sh
make train CLIPS=<folder with real/ and fake/>{learned}
make evaluate CLIPS=<the same> SEEDS=5{chosen}
```

The first makes networks, model and this card; the second this card, averaged over more seeds. A `manifest.csv` in the
folder says who appears in which video: see `python -m training.train --help`. Both print every figure of this card and
write them to a JSON file beside the model. Networks of several seeds take a day: with `OPTIONS="--scores folder"`, what
they said of people they had not seen is kept in a folder, and is enough to make the card anew on another machine."""


def _after_compression(run: Run, shown: Mapping[str, str]) -> list[str]:
    if not shown["texture areas"]:
        return []
    whole = [
        _MODEL_COMPRESSED,
        shown["sent areas"],
        _plots(run, "compression"),
        shown["sent alarms"],
        shown["sent missed"],
    ]
    return [
        "## After compression",
        _COMPRESSED,
        shown["texture areas"],
        *([_MOTION_COMPRESSED, shown["motion areas"], *whole] if run.evaluation.recompressed else []),
    ]


def _chosen(shown: Mapping[str, str]) -> list[str]:
    if not shown["candidates"]:
        return []
    return ["### Chosen by other people", _CHOSEN, shown["candidates"], _CHOSEN_THUS, shown["chosen"]]


def _plots(run: Run, *names: str) -> str:
    shown = [(path, caption) for path, caption in run.plots if any(path.endswith(f"/{name}.svg") for name in names)]
    return "\n\n".join(f"![{caption}]({path})" for path, caption in shown)


def _data(run: Run, data: str, left_out: str) -> str:
    pairs = f"{len(run.videos.pairs)} pairs of a real and a fake video. " if len(run.videos.pairs) else ""
    fewest = f"Lines and trees do not learn from a video with fewer than {MIN_FEATURES} of the ten features."
    gone = [_LEFT_OUT, left_out] if left_out else []
    return "\n\n".join([data, pairs + fewest, _DATA, *gone, *([] if run.recipe.learn_sound else [_SOUND]), _NOISY])
