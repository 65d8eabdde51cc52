"""The pictures of the model card."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from training.evaluation import Estimate, Evaluation
from training.videos import Videos

_REAL, _FAKE, _GREY = "#3b7dd8", "#c2410c", "#8a8f98"
# The same numbers give the same file.
_STYLE: Any = {
    "svg.hashsalt": "notreally",
    "svg.fonttype": "none",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "font.family": "sans-serif",
}


def draw(videos: Videos, evaluation: Evaluation, folder: Path) -> list[tuple[str, str]]:
    """Draw all that there is something to show of; gives (file name, caption) of each."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures: list[tuple[str, str, float, Callable[[Axes], None]]] = [
        ("roc.svg", "Fakes caught against false alarms", 4.2, lambda axes: _roc(axes, videos, evaluation)),
        ("reliability.svg", "What is said against what is true", 4.2, lambda axes: _reliability(axes, evaluation)),
        ("scores.svg", "Scores by where videos come from", 4.2, lambda axes: _scores(axes, videos, evaluation)),
    ]
    if evaluation.ablations:
        pictures.append(("ablations.svg", "Without a feature", 4.6, lambda axes: _ablations(axes, evaluation)))
    if evaluation.grid:
        pictures.append(("compression.svg", "After compression", 3.2, lambda axes: _bars(axes, evaluation.grid)))
    with mpl.rc_context(_STYLE):
        for name, title, height, fill in pictures:
            figure = Figure(figsize=(6.4, height), layout="constrained")
            axes = figure.add_subplot()
            axes.set_title(title)
            fill(axes)
            figure.savefig(folder / name, metadata={"Date": None}, facecolor="white")
    return [(name, title) for name, title, _, _ in pictures]


def _roc(axes: Axes, videos: Videos, evaluation: Evaluation) -> None:
    everything = np.ones(len(videos), dtype=np.bool_)
    wholes = {"all": (everything, _GREY), "paired": (videos.paired_subsets, _FAKE)}
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle=":")
    for name, (chosen, colour) in wholes.items():
        if name not in evaluation.scores:
            continue
        for number, row in enumerate(evaluation.log_odds):
            alarms, caught, _ = roc_curve(videos.fake[chosen], row[chosen])
            label = None if number else f"{name}: area {evaluation.scores[name].value:.2f}"
            axes.plot(alarms, caught, color=colour, linewidth=1.6, label=label)
    axes.set(xlabel="share of real videos called fake", ylabel="share of fakes caught", xlim=(0, 1), ylim=(0, 1.01))
    axes.set_aspect("equal")
    axes.legend(frameon=False, loc="lower right")


def _reliability(axes: Axes, evaluation: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle=":")
    axes.plot(evaluation.curve[:, 0], evaluation.curve[:, 1], color=_REAL, marker="o", linewidth=1.4)
    axes.set(
        xlabel="probability of a fake that the model states", ylabel="share that are fake", xlim=(0, 1), ylim=(0, 1)
    )
    axes.set_aspect("equal")


def _scores(axes: Axes, videos: Videos, evaluation: Evaluation) -> None:
    prob = evaluation.prob_fake.mean(axis=0)
    rng = np.random.default_rng(0)
    names = np.unique(videos.subsets)[::-1]
    for place, name in enumerate(names):
        for fake, colour, shift in ((False, _REAL, 0.16), (True, _FAKE, -0.16)):
            chosen = (videos.subsets == name) & (videos.fake == fake)
            heights = place + shift + rng.uniform(-0.1, 0.1, int(chosen.sum()))
            axes.scatter(prob[chosen], heights, s=9, color=colour, alpha=0.6, linewidths=0)
    axes.set_yticks(range(len(names)), names.tolist())
    axes.set(xlabel="probability of a fake that the model states", xlim=(0, 1))
    axes.scatter([], [], color=_REAL, label="real")
    axes.scatter([], [], color=_FAKE, label="fake")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)


def _ablations(axes: Axes, evaluation: Evaluation) -> None:
    whole = "paired" if "paired" in evaluation.scores else "all"
    base = evaluation.scores[whole].value
    change = {name: by[whole].value - base for name, by in evaluation.ablations.items()}
    names = sorted(change, key=lambda name: -change[name])
    colours = [_FAKE if change[name] < 0 else _GREY for name in names]
    axes.barh(range(len(names)), [change[name] for name in names], color=colours, height=0.6)
    axes.set_yticks(range(len(names)), [name.strip("`") for name in names])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel=f"change of the area under the curve, {whole}")


def _bars(axes: Axes, grid: dict[str, dict[str, Estimate]]) -> None:
    names = list(grid)
    whole = "paired" if all("paired" in by for by in grid.values()) else "all"
    values = np.array([grid[name][whole].value for name in names])
    low = values - [grid[name][whole].low for name in names]
    high = [grid[name][whole].high for name in names] - values
    axes.barh(range(len(names)), values, color=_REAL, height=0.55)
    axes.errorbar(
        values,
        range(len(names)),
        xerr=np.maximum([low, high], 0),
        fmt="none",
        ecolor="black",
        elinewidth=0.9,
        capsize=3,
    )
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.axvline(0.5, color=_GREY, linestyle=":", linewidth=0.9)
    axes.set(xlabel=f"area under the curve of the texture network, {whole}", xlim=(0, 1))
