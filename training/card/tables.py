"""Every figure of a run as tables of text. The terminal shows all of them, and the card takes its figures from them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from rich import box
from rich import table as rich_table
from rich.console import Console

from gateway.features.vector import FEATURES
from training.card.run import Run
from training.data.videos import SOUND
from training.evaluation.checks import Permutations
from training.evaluation.choice import RELEASED, Choice
from training.evaluation.estimates import ENOUGH_PEOPLE, Estimate
from training.evaluation.out_of_fold import method_comparisons
from training.evaluation.verdicts import Decisions
from training.fitting.model import NOISY

_ROUGH = "†"
# Names as they are stored, and as people read them.
_SHOWN_AS = {
    RELEASED: "released recipe",
    f"trees see all {len(NOISY)} that they do not": f"trees see all {len(NOISY)} unused features",
}
ROUGH = f"""\
{_ROUGH} marks an interval with fewer than {ENOUGH_PEOPLE} people on the side, real or fake, that has fewer. Draws from
so few people compare the same ones again and again, often one person with themselves, so such an interval is a rough
guide and not a 95 % interval."""


@dataclass(frozen=True)
class Table:
    """A table of text; code is in backticks."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Without its title."""
        lines = [self.header, (":---", *["---:"] * (len(self.header) - 1)), *self.rows]
        return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def show(run: Run, console: Console) -> None:
    """Print everything."""
    tables = every(run)
    for table in tables.values():
        shown = rich_table.Table(title=table.title, title_justify="left", title_style="bold", box=box.SIMPLE)
        for place, name in enumerate(table.header):
            shown.add_column(name, justify="right" if place else "left", overflow="fold")
        for row in table.rows:
            shown.add_row(*row)
        if table.rows:
            console.print(shown)
    if any(_ROUGH in cell for table in tables.values() for row in table.rows for cell in row):
        console.print(ROUGH, highlight=False)


def every(run: Run) -> dict[str, Table]:
    """All tables by name, in the order of the card."""
    found = run.evaluation
    return {
        "model": _model(run),
        "data": _data(run),
        "left out": Table(
            "Found but left out",
            ("reason", "videos"),
            tuple((reason, str(count)) for reason, count in sorted(run.left_out.items())),
        ),
        "scores": _aucs(run, "Pooled AUC on held-out sources", "videos", found.scores),
        "sources": _aucs(run, "AUC by source", "source", {f"`{name}`": one for name, one in found.sources.items()}),
        "people": _aucs(run, "AUC on held-out people of known sources", "videos", found.people),
        "within": _aucs(run, "AUC within folds", "videos", found.within),
        "pairs": _estimates(
            run,
            "Pairs",
            "within a pair",
            "share",
            {"the fake scores higher than the real one": found.concordance} if found.concordance else {},
        ),
        "candidates": _candidates(found.choice),
        "chosen": _aucs(run, "AUC under nested cross-validation", "videos", found.chosen),
        "figures": _figures(found.figures),
        "methods": _methods(run),
        "baselines": _beside(run, "AUC of simpler models", "same folds", found.baselines, own=True),
        "ablations": _ablations(run),
        "checks": _beside(run, "AUC with altered inputs", "input", found.checks, own=True),
        "permuted": _permuted(found.permuted),
        "verdicts": _verdicts({**found.decisions, "all, on both sides": found.tried}),
        "features": _features(run),
    }


def _model(run: Run) -> Table:
    model = run.model
    rows = (
        ("version", f"`{model.version}`"),
        ("trained", f"{model.trained_time.ToDatetime():%Y-%m-%d}"),
        ("trained on", f"{model.training_videos} videos"),
        ("schema version of the features", str(model.schema_version)),
        ("networks", f"`{model.face_networks or '-'}`"),
        ("slope of the calibration", number(run.calibration.slope)),
        ("intercept of the calibration", number(run.calibration.intercept)),
        ("called real below", number(run.band.real_below)),
        ("called fake above", number(run.band.fake_above)),
        ("share of fakes assumed", f"{model.prior_fake:g}"),
    )
    return Table("The released model", ("what", "value"), rows)


def _data(run: Run) -> Table:
    videos = run.videos
    heard = np.isfinite(videos.features[:, SOUND]).any(axis=1)
    rows = []
    for subset in [*np.unique(videos.subsets).tolist(), None]:
        chosen = videos.subsets == subset if subset else np.ones(len(videos), dtype=np.bool_)
        counts = (
            np.sum(chosen & ~videos.fake),
            np.sum(chosen & videos.fake),
            len(np.unique(videos.groups[chosen])),
            np.sum(chosen & heard & ~videos.fake),
            np.sum(chosen & heard & videos.fake),
            np.sum(chosen & videos.judged),
        )
        rows.append((f"`{subset}`" if subset else "all", *map(str, counts)))
    header = ("subset", "real", "fake", "people", "real with sound", "fake with sound", "enough evidence")
    return Table("Training videos", header, tuple(rows))


def _aucs(run: Run, title: str, first: str, estimates: Mapping[str, Estimate]) -> Table:
    return _estimates(run, title, first, "AUC", estimates)


def _estimates(run: Run, title: str, first: str, what: str, estimates: Mapping[str, Estimate]) -> Table:
    over_seeds = run.seeds > 1
    rows = tuple(
        (
            name,
            number(one.value),
            interval(one),
            *([_spread(one)] if over_seeds else []),
            str(one.videos),
            str(one.people),
        )
        for name, one in estimates.items()
    )
    header = (first, what, "95 %", *(["SD over seeds"] if over_seeds else []), "videos", "people")
    return Table(title, header, rows)


def _candidates(choice: Choice | None) -> Table:
    if choice is None:
        return Table("Recipes", (), ())
    rows = tuple(
        (
            _SHOWN_AS.get(name, name),
            str(choice.seeds[name]),
            number(float(np.mean(areas))),
            f"{np.mean(choice.gains[name]):+.3f}",
            ", ".join(str(fold + 1) for fold in choice.folds[name]) or "-",
        )
        for name, areas in choice.inner.items()
    )
    header = ("recipe", "seeds", "inner AUC, mean", "change from the first, on the same seeds", "chosen for folds")
    return Table("Recipes, compared within the other folds", header, rows)


def _methods(run: Run) -> Table:
    found, videos = run.evaluation, run.videos
    compared = method_comparisons(videos)
    forged = {name: videos.fake & compared[name] for name in found.methods}
    rows = tuple(
        (
            f"`{name}`",
            estimate(one),
            str(int(forged[name].sum())),
            str(int(np.sum(forged[name] & videos.paired))),
            str(len(np.unique(videos.groups[forged[name]]))),
            str(int(np.sum(~videos.fake & compared[name]))),
        )
        for name, one in found.methods.items()
    )
    return Table("AUC by method", ("method", "AUC", "fake", "paired", "people", "real"), rows)


def _figures(figures: Mapping[str, Mapping[str, float]]) -> Table:
    names = list(next(iter(figures.values())))
    rows = tuple((name, *(number(by[name]) for by in figures.values())) for name in names)
    return Table("Other measures", ("measure", *figures), rows)


def _beside(
    run: Run, title: str, first: str, others: Mapping[str, Mapping[str, Estimate]], *, own: bool = False
) -> Table:
    parts = [part for part in ("paired", "all") if all(part in by for by in others.values())]
    rows = [(name, *(estimate(by[part]) for part in parts)) for name, by in others.items()]
    if own:
        rows.append(("**the model**", *(estimate(run.evaluation.scores[part]) for part in parts)))
    return Table(title, (first, *parts), tuple(rows))


def _ablations(run: Run) -> Table:
    ablations = run.evaluation.ablations
    parts = [part for part in ("paired", "all") if part in run.evaluation.scores]
    rows = tuple(
        (name, *(text for part in parts for text in (number(one.auc[part].value), _signed(one.change[part]))))
        for name, one in ablations.items()
    )
    header = ("left out", *(text for part in parts for text in (f"AUC, {part}", "change")))
    return Table("AUC without some features", header, rows)


def _permuted(permuted: Permutations) -> Table:
    areas, own = permuted.areas, permuted.own
    if not areas:
        return Table("Permuted labels", (), ())
    rows = (
        (
            str(len(areas)),
            number(float(np.mean(areas))),
            f"{np.quantile(areas, 0.025):.2f} to {np.quantile(areas, 0.975):.2f}",
            number(own),
            percent(float(np.mean(np.array(areas) >= own))),
        ),
    )
    header = (
        "permutations",
        "mean AUC",
        "95 % range",
        "AUC with true labels",
        "permutations at or above it",
    )
    return Table("Permuted labels, all videos", header, rows)


def _verdicts(decisions: Mapping[str, Decisions]) -> Table:
    header = (
        "on",
        "enough evidence",
        "get a verdict",
        "wrong verdicts",
        "wrong among called real",
        "wrong among called fake",
        "real called fake",
        "fake called fake",
        "real called real",
        "fake called real",
        "real above 50 %",
    )
    rows = tuple(
        (
            _coded(name),
            percent(made.judged),
            percent(made.coverage.value),
            *map(percents, (made.wrong, made.wrong_real, made.wrong_fake)),
            *map(percents, (made.false_alarms, made.caught, made.cleared, made.missed, made.leaning)),
        )
        for name, made in decisions.items()
    )
    return Table("Verdicts", header, rows)


def _features(run: Run) -> Table:
    rows = tuple(
        (
            f"`{spec.name}`",
            percent(float(np.mean(np.isfinite(run.videos.features[:, column])))),
            *(f"{value:.3g}" if math.isfinite(value) else "-" for value in (summary.p05, summary.p50, summary.p95)),
        )
        for column, (spec, summary) in enumerate(zip(FEATURES, run.model.features, strict=True))
    )
    header = ("feature", "measured in", "5th percentile of real", "median of real", "95th percentile of real")
    return Table("The ten features", header, rows)


def estimate(one: Estimate) -> str:
    """As in "0.857 (0.78 to 0.91)"."""
    return f"{number(one.value)} ({interval(one)})"


def interval(one: Estimate) -> str:
    """As in "0.78 to 0.91", with a mark where it is rough; "-" for too few people."""
    return _ends(one, "{:.2f}") or "-"


def number(value: float) -> str:
    """Three decimals."""
    return f"{value:.3f}" if math.isfinite(value) else "-"


def percent(share: float) -> str:
    """As in "86 %"."""
    return f"{share:.0%}".replace("%", " %") if math.isfinite(share) else "-"


def percents(share: Estimate) -> str:
    """As in "86 % (75 to 92)"."""
    if not math.isfinite(share.value):
        return "-"
    return f"{100 * share.value:.1f} %{_bracketed(_ends(share, '{:.0f}', 100))}"


def _signed(change: Estimate) -> str:
    text = f"{change.value:+.3f}{_bracketed(_ends(change, '{:+.3f}'))}"
    return text.replace("-0.000", "0.000").replace("+0.000", "0.000")


def _ends(one: Estimate, form: str, times: float = 1) -> str:
    """Of the interval, each as `form` says; empty for too few people."""
    if not math.isfinite(one.low):
        return ""
    return f"{form.format(times * one.low)} to {form.format(times * one.high)}{_ROUGH if one.rough else ''}"


def _bracketed(text: str) -> str:
    return f" ({text})" if text else ""


def _spread(one: Estimate) -> str:
    return "-" if one.spread is None else f"{one.spread:.3f}"


def _coded(name: str) -> str:
    kind, _, own = name.partition(" ")
    return f"`{own}`" if kind == "subset" else name
