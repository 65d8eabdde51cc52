"""The result of a training run, for people (`tables`, `markdown`) and as JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from google.protobuf import json_format
from notreally.v1 import classifier_pb2

from training.data.videos import Videos
from training.evaluation.out_of_fold import Evaluation
from training.fitting.calibration import Band, Calibration
from training.fitting.model import Recipe


@dataclass(frozen=True)
class Run:
    """Everything the card is written from.

    Attributes:
        videos: that the model was fitted to; the first seed's.
        seeds: number of seeds everything is averaged over.
        recipe: of the model.
        evaluation: on held-out sources.
        calibration: of the released model.
        band: of the released model.
        model: description of the released model.
        left_out: by reason, the number of videos that were found but that the model was not fitted to.
        warnings: sentences about the data and the model's relation to them.
        terms: Markdown paragraphs on the origin of the data and their terms of use.
        environment: versions of the software used, as in "torch 2.13.0".
        options: of the command: whether networks were trained in full, and whether people were held out as well.
        plots: (path relative to the card, caption) of each.
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
    options: str
    plots: Sequence[tuple[str, str]]


def as_json(run: Run) -> str:
    """Every figure, with `null` where there is none."""
    evaluation = asdict(run.evaluation)
    # The scores of single videos are not figures.
    for single in ("log_odds", "prob_fake"):
        del evaluation[single]
    if run.evaluation.choice:
        del evaluation["choice"]["log_odds"]
    content = {
        "model": json_format.MessageToDict(run.model, preserving_proto_field_name=True),
        "calibration": asdict(run.calibration),
        "band": asdict(run.band),
        "seeds": run.seeds,
        "environment": list(run.environment),
        "options": run.options,
        "videos": len(run.videos),
        "judged": int(run.videos.judged.sum()),
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
