"""The picture of docs/performance.md."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.comparison import Comparison, Round

_PLAIN, _OURS = "#9aa3af", "#2563eb"


def plot(found: Sequence[Comparison], path: Path) -> None:
    """Bars of wall time and of CPU per analysed frame, both pipelines side by side."""
    figure = Figure(figsize=(10, 0.7 + 0.62 * len(found)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, label, value in ((left, "wall time, s", _wall_s), (right, "CPU per analysed frame, ms", _cpu_ms)):
        for offset, name, colour in ((-0.2, "plain", _PLAIN), (0.2, "ours", _OURS)):
            values = [value(one, getattr(one, name)) for one in found]
            places = [row + offset for row in range(len(found))]
            bars = axes.barh(
                places, values, 0.38, color=colour, label={"plain": "plain pipeline", "ours": "NotReally"}[name]
            )
            axes.bar_label(bars, [f"{v:.1f}" for v in values], padding=3, fontsize=8)
        axes.set_xlabel(label)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
    left.set_yticks(range(len(found)), [one.title for one in found])
    left.invert_yaxis()
    right.legend(frameon=False, loc="lower right")
    figure.savefig(path, metadata={"Date": None})


def _wall_s(_one: Comparison, r: Round) -> float:
    return r.wall_s


def _cpu_ms(one: Comparison, r: Round) -> float:
    return 1000 * r.cpu_s / (r.frames * one.videos)
