"""Every figure of an evaluation, for a terminal and for a machine. The card quotes no other."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from google.protobuf import json_format
from rich.console import Console
from rich.table import Table

from training.card import Run
from training.evaluation import Estimate


def show(run: Run, console: Console) -> None:
    """Print everything."""
    evaluation = run.evaluation
    _estimates(console, "AUC on people not seen", evaluation.scores)
    if evaluation.concordance:
        _estimates(console, "Pairs", {"the fake scores higher": evaluation.concordance})
    _rows(console, "Figures", ("what", "value"), [(name, f"{value:.3f}") for name, value in evaluation.figures.items()])
    beside = {"same folds": evaluation.baselines, "not shown": evaluation.ablations, "after": evaluation.grid}
    for title, by_name in beside.items():
        flat = {f"{name}, {whole}": estimate for name, by in by_name.items() for whole, estimate in by.items()}
        _estimates(console, f"AUC, {title}", flat)
    _estimates(console, "AUC, shown less", evaluation.checks)
    _estimates(console, "Change of false alarms after a sham", evaluation.shams)
    if evaluation.permuted:
        mean = sum(evaluation.permuted) / len(evaluation.permuted)
        console.print(f"Permuted labels, {len(evaluation.permuted)} times: AUC {mean:.3f} on average")
    header = ("on", "verdicts", "wrong real", "wrong fake", "wrong", "false alarms", "95 %")
    rows = [
        (
            name,
            *(_share(one) for one in (made.coverage, made.wrong_real, made.wrong_fake, made.wrong)),
            _share(made.false_alarms.value),
            f"{_share(made.false_alarms.low)} to {_share(made.false_alarms.high)}",
        )
        for name, made in evaluation.decisions.items()
    ]
    _rows(console, "Verdicts", header, rows)


def as_json(run: Run) -> str:
    """Everything, with `null` for what could not be had."""
    evaluation = asdict(run.evaluation)
    for heavy in ("log_odds", "prob_fake"):
        del evaluation[heavy]
    content = {
        "model": json_format.MessageToDict(run.model, preserving_proto_field_name=True),
        "calibration": asdict(run.calibration),
        "band": asdict(run.band),
        "seeds": run.seeds,
        "environment": list(run.environment),
        "videos": len(run.videos),
        "left_out": run.left_out,
        **evaluation,
    }
    return json.dumps(_plain(content), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 5) if math.isfinite(value) else None
    return value


def _estimates(console: Console, title: str, estimates: Mapping[str, Estimate]) -> None:
    rows = [
        (name, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", str(one.videos), str(one.people))
        for name, one in estimates.items()
    ]
    _rows(console, title, ("on", "value", "95 %", "videos", "people"), rows)


def _rows(console: Console, title: str, header: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    if table.row_count:
        console.print(table)


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"
