"""The OpenAPI 3.1 description of REST, from the contract: openapi.py DESCRIPTOR TARGET.

Paths and parameters are those of the `google.api.http` rules, texts are the comments of the contract, and shapes follow
the rules by which the gateway writes messages as JSON (gateway/api/rest_json.py). Only what the gateway puts together
by hand is written down here by hand; a test holds real answers against all of it.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

SERVICES = ("RestService", "RestBatchService")

Schema = dict[str, Any]

_F = FieldDescriptorProto
_INTEGERS = {
    *(_F.TYPE_INT32, _F.TYPE_INT64, _F.TYPE_UINT32, _F.TYPE_UINT64, _F.TYPE_SINT32, _F.TYPE_SINT64),
    *(_F.TYPE_FIXED32, _F.TYPE_FIXED64, _F.TYPE_SFIXED32, _F.TYPE_SFIXED64),
}
_UNSIGNED = {_F.TYPE_UINT32, _F.TYPE_UINT64, _F.TYPE_FIXED32, _F.TYPE_FIXED64}
# Fields in the descriptors of files, messages and services, as paths of comments count them.
_MESSAGES, _ENUMS, _SERVICES, _METHODS, _FIELDS = 4, 5, 6, 2, 2

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": "string", "format": "date-time"}
_ID: Schema = {"type": "string", "format": "uuid"}
_BINARY: Schema = {"type": "string", "format": "binary"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(described: str = "", **properties: Schema) -> Schema:
    closed = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"description": described, **closed} if described else closed


_STATUS: Schema = {"type": "string", "enum": ["processing", "completed", "failed"]}
_STANDING = {
    "job_id": _ID,
    "status": _STATUS,
    "error": _or_null(_ref("Failure")),
    "created_at": _TIME,
    "filename": _TEXT,
    "progress": {"type": "number", "minimum": 0, "maximum": 100},
    "stage": _ref("Stage"),
    "queue_position": _or_null(_COUNT),
    "sha256": _TEXT,
    "batch_id": _or_null(_ID),
    "reviewed": {"type": "boolean"},
    "note": _TEXT,
}
_PAGE = {"next_page_token": {"anyOf": [_TEXT, {"type": "null"}], "description": "`null` on the last page."}}

# What the gateway puts together itself.
HAND_WRITTEN: dict[str, Schema] = {
    "Accepted": _object(job_id=_ID, status=_STATUS, message=_TEXT),
    "Results": _object(
        "Where an analysis stands and, once it is completed, what it found.",
        **_STANDING,
        results=_or_null(_ref("AnalysisResult")),
    ),
    "ListedResults": _object(
        "An analysis in a list, with no more of its result than this.",
        **_STANDING,
        verdict=_or_null(_ref("Verdict")),
        headline=_or_null(_ref("Part")),
        prob_fake=_or_null({"type": "number", "minimum": 0, "maximum": 1}),
        length_s=_or_null({"type": "number"}),
        people=_or_null(_COUNT),
        model_version=_or_null(_TEXT),
    ),
    "ResultsPage": _object(results={"type": "array", "items": _ref("ListedResults")}, **_PAGE),
    "Failure": _object("Why an analysis failed.", reason=_TEXT, message=_TEXT),
    "Batch": _object(
        batch_id=_ID,
        name=_TEXT,
        created_at=_TIME,
        expected=_COUNT,
        total=_COUNT,
        progress={"type": "number", "minimum": 0, "maximum": 100},
        states={"type": "object", "additionalProperties": _COUNT},
        verdicts={"type": "object", "additionalProperties": _COUNT},
        reviewed=_COUNT,
        outdated=_COUNT,
    ),
    "BatchesPage": _object(batches={"type": "array", "items": _ref("Batch")}, **_PAGE),
    "DeletedBatch": _object(batch_id=_ID, status={"type": "string", "const": "deleted"}),
    "DeletedResults": _object(job_id=_ID, status={"type": "string", "const": "deleted"}),
    "Health": _object(status={"type": "string", "const": "healthy"}, version=_TEXT),
    "Endpoints": _object(name=_TEXT, version=_TEXT, endpoints={"type": "object", "additionalProperties": _TEXT}),
    "Error": {
        "description": "google.rpc.Status. Answers of the gateway have a stable reason in `details`; see docs/rest.md.",
        "type": "object",
        "properties": {
            "code": {"type": "integer"},
            "message": _TEXT,
            "details": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        },
        "required": ["code", "message", "details"],
    },
}

# What each method answers: types of content, and what is in them.
ANSWERS: dict[str, dict[str, Schema]] = {
    "Analyze": {"application/json": _ref("Accepted")},
    "GetResults": {"application/json": _ref("Results")},
    "ListResults": {"application/json": _ref("ResultsPage")},
    "CancelResults": {"application/json": _ref("Results")},
    "DeleteResults": {"application/json": _ref("DeletedResults")},
    "GetMedia": {"application/octet-stream": _BINARY},
    "GetHealth": {"application/json": _ref("Health")},
    "GetOpenApi": {"application/json": {"type": "object"}},
    "ListEndpoints": {"application/json": _ref("Endpoints")},
    "CreateRestBatch": {"application/json": _ref("Batch")},
    "ListRestBatches": {"application/json": _ref("BatchesPage")},
    "GetRestBatch": {"application/json": _ref("Batch")},
    "ExportRestBatch": {"application/jsonl": _TEXT, "text/csv": _TEXT},
    "CancelRestBatch": {"application/json": _ref("Batch")},
    "RenewRestBatch": {"application/json": _ref("Batch")},
    "DeleteRestBatch": {"application/json": _ref("DeletedBatch")},
}

_ONE_FILE: Schema = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]}},
        "application/octet-stream": {"schema": _BINARY},
    },
}


def description(descriptors: FileDescriptorSet) -> dict[str, Any]:
    """The whole document.

    Raises:
        KeyError: A method is not in `ANSWERS`.
    """
    contract = _Contract(descriptors)
    paths: dict[str, dict[str, Any]] = {}
    for method, comment in contract.methods():
        rule = method.options.Extensions[annotations_pb2.http]
        verb = rule.WhichOneof("pattern")
        paths.setdefault(getattr(rule, verb), {})[verb] = _operation(contract, method, comment, getattr(rule, verb))
    schemas = dict(HAND_WRITTEN)
    wanted = _named([paths, *schemas.values()])
    while missing := sorted(wanted - set(schemas)):
        for name in missing:
            schemas[name] = contract.schema(name)
        wanted = _named([schemas])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "NotReally",
            "summary": "Is the face in a video, or a voice, likely real or likely fake?",
            "version": "1",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"key": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key, of a server with a login."}
            },
        },
    }


def _operation(contract: "_Contract", method: MethodDescriptorProto, comment: str, path: str) -> dict[str, Any]:
    rule = method.options.Extensions[annotations_pb2.http]
    inside = set(re.findall(r"\{(\w+)\}", path))
    parameters = []
    for field, text in contract.fields(method.input_type):
        if field.name == rule.body:
            continue
        in_path = field.name in inside
        parameter = {"name": field.name, "in": "path" if in_path else "query", "required": in_path}
        shape = _ID if in_path else contract.parameter(field)
        parameters.append({**parameter, **({"description": text} if text else {}), "schema": shape})
    return {
        "operationId": method.name[0].lower() + method.name[1:],
        **({"summary": comment} if comment else {}),
        "parameters": parameters,
        **({"requestBody": _ONE_FILE} if rule.body else {}),
        "responses": {
            "200": {
                "description": "OK",
                "content": {kind: {"schema": schema} for kind, schema in ANSWERS[method.name].items()},
            },
            "default": {
                "description": "A refusal.",
                "content": {"application/json": {"schema": _ref("Error")}},
            },
        },
    }


class _Contract:
    """The descriptors by name, with their comments."""

    def __init__(self, descriptors: FileDescriptorSet) -> None:
        self._messages: dict[str, tuple[DescriptorProto, dict[int, str], str]] = {}
        self._enums: dict[str, tuple[EnumDescriptorProto, str]] = {}
        self._methods: dict[str, list[tuple[MethodDescriptorProto, str]]] = {}
        for file in descriptors.file:
            if file.package == "notreally.v1":
                self._add(file)

    def _add(self, file: FileDescriptorProto) -> None:
        comments = {tuple(place.path): _comment(place.leading_comments) for place in file.source_code_info.location}
        for number, message in enumerate(file.message_type):
            place = (_MESSAGES, number)
            texts = {index: comments.get((*place, _FIELDS, index), "") for index in range(len(message.field))}
            self._messages[message.name] = (message, texts, comments.get(place, ""))
        for number, enum in enumerate(file.enum_type):
            self._enums[enum.name] = (enum, comments.get((_ENUMS, number), ""))
        for number, service in enumerate(file.service):
            self._methods[service.name] = [
                (method, comments.get((_SERVICES, number, _METHODS, index), ""))
                for index, method in enumerate(service.method)
            ]

    def methods(self) -> Iterator[tuple[MethodDescriptorProto, str]]:
        """Those of REST, each with its comment."""
        for service in SERVICES:
            yield from self._methods[service]

    def fields(self, type_name: str) -> Iterator[tuple[FieldDescriptorProto, str]]:
        """Fields of a message, each with its comment."""
        message, texts, _ = self._messages[_short(type_name)]
        for index, field in enumerate(message.field):
            yield field, texts[index]

    def parameter(self, field: FieldDescriptorProto) -> Schema:
        """Of a field in a query."""
        return self._scalar(field) if field.type in _INTEGERS else {"type": "boolean" if _is_bool(field) else "string"}

    def schema(self, name: str) -> Schema:
        """Of an enum or a message, as gateway/api/rest_json.py writes it."""
        if name in self._enums:
            enum, comment = self._enums[name]
            prefix = enum.value[0].name.removesuffix("UNSPECIFIED")
            values = [value.name.removeprefix(prefix).lower() for value in enum.value]
            return {"description": comment, "type": "string", "enum": [*values, "unknown"]}
        _, _, comment = self._messages[name]
        properties: dict[str, Schema] = {}
        for field, text in self.fields(name):
            schema = self._field(field)
            properties[field.name] = {**schema, "description": text} if text and "$ref" not in schema else schema
        required = list(properties)
        match name:
            case "AnalysisResult":
                del properties["series"]
                required.remove("series")
                properties["timings"] = {"type": "object", "additionalProperties": {"type": "number"}}
            case "FeatureVector":
                for field, _ in self.fields(name):
                    if field.type != _F.TYPE_DOUBLE:  # the versions beside the features
                        del properties[field.name]
                        required.remove(field.name)
            case "FaceResult":
                required.remove("thumbnails")  # not in an export
        schema = _object(comment, **properties)
        return {**schema, "required": required}

    def _field(self, field: FieldDescriptorProto) -> Schema:
        schema = self._scalar(field)
        if field.label == _F.LABEL_REPEATED:
            return {"type": "array", "items": schema}
        is_message = field.type == _F.TYPE_MESSAGE
        return _or_null(schema) if field.proto3_optional or is_message else schema

    def _scalar(self, field: FieldDescriptorProto) -> Schema:
        if field.type == _F.TYPE_MESSAGE:
            return _TIME if field.type_name == ".google.protobuf.Timestamp" else _ref(_short(field.type_name))
        if field.type == _F.TYPE_ENUM:
            return _ref(_short(field.type_name))
        if field.type in _INTEGERS:
            return _COUNT if field.type in _UNSIGNED else {"type": "integer"}
        if field.type in (_F.TYPE_DOUBLE, _F.TYPE_FLOAT):
            return {"type": ["number", "null"]}  # null where it is no finite number
        if field.type == _F.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64"}
        return {"type": "boolean"} if _is_bool(field) else _TEXT


def _is_bool(field: FieldDescriptorProto) -> bool:
    return bool(field.type == _F.TYPE_BOOL)


def _short(type_name: str) -> str:
    return type_name.rpartition(".")[2]


def _comment(text: str) -> str:
    return " ".join(text.split())


def _named(document: Any) -> set[str]:
    """Names of all schemas that a part of a document refers to."""
    return set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))


if __name__ == "__main__":
    found = FileDescriptorSet.FromString(Path(sys.argv[1]).read_bytes())
    Path(sys.argv[2]).write_text(json.dumps(description(found), indent=1, ensure_ascii=False) + "\n")
