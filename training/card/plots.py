"""The pictures of the model card. The same numbers give the same files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from sklearn.metrics import roc_curve

from training.data.videos import Videos, headline_sets
from training.evaluation.estimates import Bools, Floats
from training.evaluation.out_of_fold import Evaluation

_REAL, _FAKE, _GREY, _INK = "#3b6fb6", "#c8553d", "#9aa1ab", "#2b2f36"
_WIDTH = 5.6  # inches; at the width of a phone the letters stay readable
_STYLE: Any = {
    "svg.hashsalt": "notreally",
    # Outlines: every reader sees the same letters, whatever fonts they have.
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _GREY,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "figure.constrained_layout.w_pad": 0.12,  # inches
    "figure.constrained_layout.h_pad": 0.08,
}


def draw(videos: Videos, evaluation: Evaluation, folder: Path) -> list[tuple[str, str]]:
    """Draw all that there is something to show of; gives (file name, caption) of each."""
    folder.mkdir(parents=True, exist_ok=True)
    many = len(np.unique(videos.subsets))
    pictures: list[tuple[str, str, float, Callable[[Axes], None]]] = [
        (
            "roc.svg",
            "Share of fakes caught against share of real videos called fake",
            _WIDTH,
            lambda axes: _roc(axes, videos, evaluation),
        ),
        (
            "reliability.svg",
            "Stated probability of a fake against the share that are fake",
            _WIDTH,
            lambda axes: _reliability(axes, evaluation),
        ),
        (
            "scores.svg",
            "Stated probability of a fake, by where videos come from",
            1.4 + 0.62 * many,
            lambda axes: _scores(axes, videos, evaluation),
        ),
        (
            "ablations.svg",
            "Change of the AUC without a feature",
            1.2 + 0.34 * len(evaluation.ablations),
            lambda axes: _ablations(axes, evaluation),
        ),
    ]
    with mpl.rc_context(_STYLE):
        for name, _, height, fill in pictures:
            figure = Figure(figsize=(_WIDTH, height), layout="constrained")
            fill(figure.add_subplot())
            figure.savefig(folder / name, metadata={"Date": None}, facecolor="white")
    return [(name, caption) for name, caption, _, _ in pictures]


def _roc(axes: Axes, videos: Videos, evaluation: Evaluation) -> None:
    colours = {"all": _GREY, "paired": _REAL}
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle=":")
    for name, chosen in reversed(headline_sets(videos).items()):
        alarms, caught = _mean_curve(videos.fake[chosen], evaluation.log_odds[:, chosen])
        label = f"{name}: AUC {evaluation.scores[name].value:.3f}"
        axes.plot(alarms, caught, color=colours[name], linewidth=2, label=label)
    _shares(axes, "real videos called fake", "fakes caught")
    axes.legend(loc="lower right")


def _mean_curve(fake: Bools, seeds: Floats) -> tuple[Floats, Floats]:
    """False alarms and fakes caught, the mean over seeds at the same false alarms."""
    at = np.linspace(0, 1, 501)
    curves = []
    for row in seeds:
        alarms, caught, _ = roc_curve(fake, row)
        curves.append(np.interp(at, alarms, caught))
    return np.concatenate([[0.0], at]), np.concatenate([[0.0], np.mean(curves, axis=0)])


def _reliability(axes: Axes, evaluation: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle=":", label="as it should be")
    said, found, _ = evaluation.curve.T
    axes.plot(said, found, color=_REAL, marker="o", markersize=5, linewidth=1.6, label="a tenth of the weight each")
    _shares(axes, "stated probability of a fake", "share that are fake")
    axes.legend(loc="upper left")


def _shares(axes: Axes, x: str, y: str) -> None:
    axes.set(xlabel=x, ylabel=y, xlim=(0, 1), ylim=(0, 1.01))
    axes.set_aspect("equal")
    axes.tick_params(pad=6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))


def _scores(axes: Axes, videos: Videos, evaluation: Evaluation) -> None:
    prob, rng = evaluation.prob_fake.mean(axis=0), np.random.default_rng(0)
    names = np.unique(videos.subsets)[::-1].tolist()
    for place, name in enumerate(names):
        own = videos.subsets == name
        apart = 0.18 if len(np.unique(videos.fake[own])) > 1 else 0.0
        for fake, colour, shift in ((False, _REAL, apart), (True, _FAKE, -apart)):
            values = prob[own & (videos.fake == fake)]
            heights = place + shift + rng.uniform(-0.11, 0.11, len(values))
            axes.scatter(values, heights, s=11, color=colour, alpha=0.55, linewidths=0)
            if len(values):
                axes.plot([np.median(values)] * 2, place + shift + np.array([-0.15, 0.15]), color=_INK, linewidth=1.6)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="stated probability of a fake", xlim=(0, 1), ylim=(-0.5, len(names) - 0.5))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(visible=False, axis="y")
    for label, colour in (("real", _REAL), ("fake", _FAKE)):
        axes.scatter([], [], s=24, color=colour, linewidths=0, label=label)
    axes.plot([], [], color=_INK, linewidth=1.6, label="median")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _ablations(axes: Axes, evaluation: Evaluation) -> None:
    whole = "paired" if "paired" in evaluation.scores else "all"
    changes = {name.strip("`"): one.change[whole] for name, one in evaluation.ablations.items()}
    names = sorted(changes, key=lambda name: -changes[name].value)
    values = np.array([changes[name].value for name in names])
    ends = np.array([(changes[name].low, changes[name].high) for name in names]).reshape(-1, 2).T
    axes.hlines(range(len(names)), *ends, color=_GREY, linewidth=1.6)
    axes.scatter(values, range(len(names)), s=36, color=[_FAKE if value < 0 else _REAL for value in values], zorder=3)
    axes.axvline(0, color=_INK, linewidth=0.8)
    axes.set_yticks(range(len(names)), names, fontsize=10)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel=f"change of the AUC ({whole}), with 95 % interval")
