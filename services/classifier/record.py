"""What a model's verdicts were worth in tests, from the evaluation that training writes beside it."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from notreally.v1 import classifier_pb2

EVALUATION = "evaluation.json"
"""Written by `make train` and `make evaluate`; of the model whose version it names."""
VOICE_EVALUATION = "voice_evaluation.json"
"""Written by `make train-voice`; of the curve that it names."""

_LARGEST_FILE = 16 * 2**20
_SIDES = ("wrong_real", "wrong_fake", "caught", "missed", "false_alarms")


def add_records(description: classifier_pb2.Model, folder: Path) -> None:
    """Add to a model and its judgement of voices how their verdicts did.

    Without a file that is about this very model nothing is added: figures of another one would be wrong here.

    Args:
        description: Changed in place.
        folder: Where the model lies.
    """
    evaluation = _read(folder / EVALUATION)
    face = _of_face(evaluation, description.version) if evaluation else None
    if face is not None:
        description.record.CopyFrom(face)
    evaluation = _read(folder / VOICE_EVALUATION) if description.voice.network else None
    voice = _of_voice(evaluation, description.voice) if evaluation else None
    if voice is not None:
        description.voice.record.CopyFrom(voice)


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("too large")
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        structlog.get_logger().warning("evaluation not read", file=path.name, explanation=str(error))
        return None
    return content if isinstance(content, dict) else None


def _of_face(evaluation: Mapping[str, Any], version: str) -> classifier_pb2.VerdictRecord | None:
    if _at(evaluation, "model", "version") != version:
        return None
    made = _at(evaluation, "decisions", "all")
    judged, coverage = _share(_at(made, "judged")), _share(_at(made, "coverage", "value"))
    record = _record({side: _at(made, side, "value") for side in _SIDES}, _at(evaluation, "judged"))
    if judged and coverage is not None:
        record.given = min(1.0, coverage / judged)
    return record


def _of_voice(evaluation: Mapping[str, Any], voice: classifier_pb2.VoiceModel) -> classifier_pb2.VerdictRecord | None:
    curve = [_at(evaluation, "curve", name) for name in ("slope", "intercept", "real below", "fake above")]
    # The file names no network; no other one has the same curve.
    if curve != [voice.slope, voice.intercept, voice.real_below, voice.fake_above]:
        return None
    made = _at(evaluation, "verdicts")
    record = _record({side: _at(made, side) for side in _SIDES}, _at(evaluation, "read"))
    given = _share(_at(made, "given"))
    if given is not None:
        record.given = given
    return record


def _record(shares: Mapping[str, Any], tested: Any) -> classifier_pb2.VerdictRecord:
    known = {name: share for name, value in shares.items() if (share := _share(value)) is not None}
    count = tested if isinstance(tested, int) and 0 <= tested < 2**32 else 0
    return classifier_pb2.VerdictRecord(tested=count, **known)


def _share(value: Any) -> float | None:
    is_share = isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1
    return float(value) if is_share else None


def _at(content: Any, *keys: str) -> Any:
    """A value inside nested objects; None where there is none."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content
