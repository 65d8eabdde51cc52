"""Everything a training run found out, for people (`tables`, `markdown`) and for machines."""

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
    """What the card is written from.

    Attributes:
        videos: what lines and trees learned from; the first seed's.
        seeds: how many seeds everything is averaged over.
        recipe: how.
        evaluation: on unseen people.
        calibration: of the shipped model.
        band: of the shipped model.
        model: the shipped model's description.
        left_out: reason and number of videos for everything that was found but not learned from by lines and trees.
        warnings: sentences about the data, and about what the model has to do with them.
        terms: Markdown paragraphs on where the data come from and what may be done with them.
        environment: what it was made with, as in "torch 2.13.0".
        options: of the command, which say whether networks were trained in earnest, and what they were compared with.
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
    options: str
    plots: Sequence[tuple[str, str]]


def as_json(run: Run) -> str:
    """Every figure, with `null` for what could not be had."""
    evaluation = asdict(run.evaluation)
    # One number for each video and seed is no figure.
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
