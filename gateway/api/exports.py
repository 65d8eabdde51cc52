"""Analyses as files: JSON as REST gives it, JSON Lines, and rows of a table."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from google.api import httpbody_pb2
from notreally.v1 import analysis_pb2

from gateway.api import rest_json

_JSON, _JSON_LINES, _CSV = "application/json", "application/jsonl", "text/csv; charset=utf-8"
# What a spreadsheet would take for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")

COLUMNS = (
    *("filename", "status", "verdict", "headline", "prob_fake", "face_verdict", "voice_verdict", "voice_prob_fake"),
    *(
        "people",
        "length_s",
        "reason",
        "message",
        "reviewed",
        "note",
        "sha256",
        "job_id",
        "batch_id",
        "created_at",
        "model",
    ),
)
"""Of the table, in order."""


def document(analysis: analysis_pb2.Analysis, format_: int) -> httpbody_pb2.HttpBody:
    """One analysis as a file."""
    if format_ == analysis_pb2.EXPORT_FORMAT_CSV:
        return httpbody_pb2.HttpBody(content_type=_CSV, data=(header() + line(analysis)).encode())
    whole = row(analysis) if format_ == analysis_pb2.EXPORT_FORMAT_ROW else record(analysis)
    return httpbody_pb2.HttpBody(content_type=_JSON, data=rest_json.dumps(whole))


def piece(analysis: analysis_pb2.Analysis, format_: int) -> str:
    """One analysis as a line of a file with many."""
    if format_ == analysis_pb2.EXPORT_FORMAT_CSV:
        return line(analysis)
    whole = row(analysis) if format_ == analysis_pb2.EXPORT_FORMAT_ROW else record(analysis)
    return json.dumps(whole, ensure_ascii=False, allow_nan=False) + "\n"


def content_type(format_: int) -> str:
    """Of a file with many."""
    return _CSV if format_ == analysis_pb2.EXPORT_FORMAT_CSV else _JSON_LINES


def record(analysis: analysis_pb2.Analysis) -> dict[str, Any]:
    """As REST gives it, without the pictures."""
    return rest_json.results(analysis, thumbnails=False)


def row(analysis: analysis_pb2.Analysis) -> dict[str, Any]:
    """Flat: the values of `COLUMNS` by their names; None for what there is not."""
    whole = record(analysis)
    results: Mapping[str, Any] = whole["results"] or {}
    voice: Mapping[str, Any] = results.get("voice") or {}
    error: Mapping[str, Any] = whole["error"] or {}
    faces = results.get("faces") or [{}]
    known = {
        **{name: whole.get(name) for name in COLUMNS},
        **{name: results.get(name) for name in ("verdict", "headline", "prob_fake")},
        "face_verdict": faces[0].get("verdict"),
        "voice_verdict": voice.get("verdict"),
        "voice_prob_fake": voice.get("prob_fake"),
        "people": analysis.people if results else None,
        "length_s": analysis.length_s if results else None,
        "reason": error.get("reason"),
        "message": error.get("message"),
        "model": analysis.model_version or None,
    }
    return {name: known[name] for name in COLUMNS}


def header() -> str:
    """The first line of a CSV file."""
    return _csv(COLUMNS)


def line(analysis: analysis_pb2.Analysis) -> str:
    """A line of a CSV file."""
    return _csv(tuple(row(analysis).values()))


def _csv(values: tuple[Any, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_harmless(value) for value in values])
    return text.getvalue()


def _harmless(value: Any) -> Any:
    """Names of files and notes come from anybody: a spreadsheet must not run them."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
