"""The outcome of one file, as an exit code and as JSON: the same that the REST API gives, made by the server."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from notreally.v1 import analysis_pb2, features_pb2

from client import ServiceError
from client.channel import address_of

FEATURE_NAMES = tuple(
    field.name for field in features_pb2.FeatureVector.DESCRIPTOR.fields if field.type == field.TYPE_DOUBLE
)
"""The ten features, in the order of the vector."""

_OVER_TLS = (
    "If it is running, its certificate may not be trusted: GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names a file with more."
)


class Exit(IntEnum):
    """Exit codes of `notreally analyze`."""

    REAL = 0
    FAKE = 1
    ERROR = 2
    INCONCLUSIVE = 3
    INTERRUPTED = 130
    UNREAD = 141
    """Whoever read the output has left, as `head` does; what a shell says of a program that SIGPIPE has ended."""


_WORST_FIRST = (Exit.ERROR, Exit.FAKE, Exit.INCONCLUSIVE, Exit.REAL)
EXIT_OF_VERDICT = {
    analysis_pb2.VERDICT_LIKELY_REAL: Exit.REAL,
    analysis_pb2.VERDICT_LIKELY_FAKE: Exit.FAKE,
    analysis_pb2.VERDICT_INCONCLUSIVE: Exit.INCONCLUSIVE,
    analysis_pb2.VERDICT_INSUFFICIENT: Exit.INCONCLUSIVE,
}


@dataclass(frozen=True)
class Problem:
    """Why a file has no result: a stable reason (may be empty) and a sentence."""

    reason: str
    message: str

    @classmethod
    def of(cls, error: ServiceError | OSError, server: str) -> "Problem":
        """What to tell a person about `error` of a call to `server`, or of reading the file."""
        if isinstance(error, OSError):
            return cls("FILE_NOT_READABLE", f"The file cannot be read: {error.strerror or type(error).__name__}.")
        if error.unreachable:
            _, secure = address_of(server)
            advice = _OVER_TLS if secure else "Start it with `notreally serve`."
            return cls("SERVER_NOT_REACHED", f"No NotReally server answers at {server}. {advice}")
        return cls(error.reason, error.message)


@dataclass(frozen=True)
class Outcome:
    """One file and its analysis, or the problem."""

    file: str
    analysis: analysis_pb2.Analysis | None = None
    problem: Problem | None = None

    @property
    def exit(self) -> Exit:
        """The exit code for this file alone."""
        if self.analysis is None:
            return Exit.ERROR
        return EXIT_OF_VERDICT.get(self.analysis.result.verdict, Exit.ERROR)


def worst(codes: Iterable[Exit]) -> Exit:
    """The exit code for several files: error before fake before inconclusive before real; real where there is none."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), Exit.REAL)


COLUMNS = (
    *("file", "filename", "status", "verdict", "headline", "prob_fake", "face_verdict", "voice_verdict"),
    *("voice_prob_fake", "people", "length_s", "reason", "message", "reviewed", "note", "sha256", "job_id", "batch_id"),
    *("created_at", "model"),
)
"""Of a table of results: the path of the file, and what the server puts into a row."""


def failed_record(file: str, problem: Problem) -> dict[str, Any]:
    """A file that never became an analysis, as the REST API would say it."""
    return {
        "file": file,
        "job_id": None,
        "status": "failed",
        "results": None,
        "error": {"reason": problem.reason, "message": problem.message},
        "created_at": None,
        "filename": Path(file).name,
        "progress": 0.0,
        "stage": "failed",
        "queue_position": None,
        "sha256": None,
        "batch_id": None,
        "reviewed": False,
        "note": "",
    }


def failed_row(file: str, problem: Problem) -> dict[str, Any]:
    """The same as a row of a table."""
    row = {"status": "failed", "reason": problem.reason, "message": problem.message, "reviewed": False}
    return {"file": file, "filename": Path(file).name, **row}


def exit_of_words(verdict: object) -> Exit:
    """The exit code of a verdict as JSON names it; none is an error."""
    named = analysis_pb2.Verdict.DESCRIPTOR.values_by_name.get(f"VERDICT_{verdict}".upper())
    return Exit.ERROR if named is None else EXIT_OF_VERDICT.get(named.number, Exit.ERROR)


def result_fields(result: analysis_pb2.AnalysisResult) -> dict[str, Any]:
    """A result as plain data, without series and pictures."""
    slim = analysis_pb2.AnalysisResult()
    slim.CopyFrom(result)
    slim.ClearField("series")
    for followed in slim.faces:
        followed.ClearField("thumbnails")
    fields = json_format.MessageToDict(
        slim, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    _plain_numbers(fields, slim.DESCRIPTOR)
    _plain_names(fields)
    fields.setdefault("voice", None)
    for face in fields["faces"]:
        del face["thumbnails"]
    for holder in (fields, *fields["faces"]):
        holder["features"] = {name: holder.get("features", {}).get(name) for name in FEATURE_NAMES}
    return fields


def _plain_numbers(fields: dict[str, Any], descriptor: Descriptor) -> None:
    """Turn 64-bit integers, which proto JSON writes as strings, into numbers in place."""
    for name, value in fields.items():
        field = descriptor.fields_by_name[name]
        if field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64):
            fields[name] = [int(one) for one in value] if isinstance(value, list) else int(value)
        elif field.message_type is not None:
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):  # a point in time is a string
                    _plain_numbers(inner, field.message_type)


def _plain_names(value: Any) -> None:
    """Turn enum names into plain ones in place: likely_fake, face, analyzing_video.

    An older server names no headline, and judged the face.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "verdict":
                value[key] = inner.removeprefix("VERDICT_").lower()
            elif key in ("modality", "stage"):
                value[key] = inner.removeprefix(f"{key.upper()}_").lower()
            elif key == "headline":
                value[key] = "voice" if inner == "PART_VOICE" else "face"
            else:
                _plain_names(inner)
    elif isinstance(value, list):
        for inner in value:
            _plain_names(inner)
