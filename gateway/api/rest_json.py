"""Messages as the JSON of the REST API: snake_case, lower-case enum values, `null` for what is missing.

Proto JSON says it otherwise (64-bit numbers as strings, absent fields left out, `VERDICT_LIKELY_REAL`), and people's
scripts already read this. Shapes: docs/rest.md.
"""

import base64
import json
import math
from typing import Any

from google.api import httpbody_pb2
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from notreally.v1 import analysis_pb2, features_pb2

from gateway.features.definitions import FEATURES

_STATUS = {
    analysis_pb2.ANALYSIS_STATE_QUEUED: "processing",
    analysis_pb2.ANALYSIS_STATE_RUNNING: "processing",
    analysis_pb2.ANALYSIS_STATE_SUCCEEDED: "completed",
    analysis_pb2.ANALYSIS_STATE_FAILED: "failed",
    analysis_pb2.ANALYSIS_STATE_CANCELLED: "failed",
}


def results(analysis: analysis_pb2.Analysis, *, thumbnails: bool = True) -> dict[str, Any]:
    """The answer of `GET /api/results/{job_id}`, with the pictures of faces or without."""
    found = _result(analysis.result, thumbnails) if analysis.HasField("result") else None
    return _standing(analysis) | {"results": found}


def listed(analysis: analysis_pb2.Analysis) -> dict[str, Any]:
    """An analysis in the answer of `GET /api/results`."""
    result = analysis.result if analysis.HasField("result") else None
    standing = _standing(analysis)
    del standing["results"]
    return standing | {
        "verdict": None if result is None else _enum(analysis_pb2.Verdict.DESCRIPTOR, result.verdict),
        "headline": None if result is None else _headline(result),
        "prob_fake": None if result is None else result.prob_fake,
        "length_s": None if result is None else analysis.length_s,
        "people": None if result is None else analysis.people,
        "model_version": analysis.model_version or None,
    }


def _standing(analysis: analysis_pb2.Analysis) -> dict[str, Any]:
    return {
        "job_id": analysis.name.removeprefix("analyses/"),
        "status": _STATUS[analysis.state],
        "results": None,
        "error": _error(analysis) if _STATUS[analysis.state] == "failed" else None,
        "created_at": plain(analysis.create_time),
        "filename": analysis.filename,
        "progress": analysis.percent,
        "stage": _enum(analysis_pb2.Stage.DESCRIPTOR, analysis.stage),
        "queue_position": analysis.queue_position if analysis.HasField("queue_position") else None,
        "sha256": analysis.media.sha256,
        "batch_id": analysis.batch.removeprefix("batches/") or None,
        "reviewed": analysis.reviewed,
        "note": analysis.note,
    }


def dumps(document: object) -> bytes:
    """JSON as it goes over the wire."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


def body(document: object) -> httpbody_pb2.HttpBody:
    """JSON as an answer."""
    return httpbody_pb2.HttpBody(content_type="application/json", data=dumps(document))


def plain(message: Message) -> Any:
    """A message as plain JSON values: every field by its proto name, `null` where an optional one is not set."""
    if isinstance(message, Timestamp):
        return message.ToJsonString()
    return {field.name: _field(message, field) for field in message.DESCRIPTOR.fields}


def _result(result: analysis_pb2.AnalysisResult, thumbnails: bool) -> dict[str, Any]:
    document: dict[str, Any] = plain(result)
    # Plots are for those who draw them, over gRPC.
    del document["series"]
    document["headline"] = _headline(result)
    document["features"] = _features(result.features)
    for face, shown in zip(result.faces, document["faces"], strict=True):
        shown["features"] = _features(face.features)
        if not thumbnails:
            del shown["thumbnails"]
    document["timings"] = {entry["stage"]: entry["wall_s"] for entry in document["timings"]}
    return document


def _headline(result: analysis_pb2.AnalysisResult) -> str:
    # An older version judged nothing but the face.
    return _enum(analysis_pb2.Part.DESCRIPTOR, result.headline or analysis_pb2.PART_FACE)


def _features(vector: features_pb2.FeatureVector) -> dict[str, Any]:
    values: dict[str, Any] = plain(vector)
    return {spec.name: values[spec.name] for spec in FEATURES}


def _error(analysis: analysis_pb2.Analysis) -> dict[str, Any]:
    if not analysis.HasField("error"):
        return {"reason": "CANCELLED", "message": "The analysis was cancelled."}
    return {"reason": _reason(analysis.error), "message": analysis.error.message}


def _reason(status: status_pb2.Status) -> str:
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return "UNKNOWN"


def _field(message: Message, field: FieldDescriptor) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return [_value(item, field) for item in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _value(value, field)


def _value(value: Any, field: FieldDescriptor) -> Any:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return plain(value)
    if field.type == FieldDescriptor.TYPE_ENUM:
        return _enum(field.enum_type, value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _enum(descriptor: EnumDescriptor, number: int) -> str:
    """`VERDICT_LIKELY_REAL` is `likely_real`: the prefix that buf asks for says nothing in JSON."""
    if number not in descriptor.values_by_number:
        return "unknown"
    zero = descriptor.values_by_number[0].name
    return str(descriptor.values_by_number[number].name.removeprefix(zero.removesuffix("UNSPECIFIED")).lower())
