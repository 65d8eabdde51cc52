"""What DBOS keeps of an analysis, as JSON: rows that somebody else has changed may be wrong, and can run nothing.

DBOS itself pickles, and whoever writes to its tables could have a gateway run code. It also reads a row as a pickle
because the row says that it is one, whatever serializer it was given; `refuse_code_in_pickles` sees to that.
"""

import base64
import io
import json
import pickle
from typing import Any

from dbos import Serializer
from dbos import error as dbos_error
from dbos._serialization import DefaultSerializer
from google.rpc import status_pb2

from services.kit.errors import Refusal, refusal_of_status

_KIND, _VALUE = "kind", "value"


class StepFailed(Exception):  # noqa: N818 - says what happened
    """Stands for an error of a finished step that was no refusal: what is kept of it is its class and its message."""


class PlainSerializer(Serializer):
    """JSON, with bytes, tuples and errors beside what JSON knows."""

    def serialize(self, data: Any) -> str:
        """A value as text.

        Raises:
            TypeError: It holds something else than None, booleans, numbers, text, bytes, lists, tuples, dictionaries
                by text, and exceptions.
        """
        return json.dumps(_packed(data), separators=(",", ":"))

    def deserialize(self, serialized_data: str) -> Any:
        """The inverse; of an exception that is no `Refusal` it gives a `StepFailed`.

        Raises:
            ValueError: It is no such text.
        """
        return _unpacked(json.loads(serialized_data))

    def name(self) -> str:
        """By which rows say how they are written."""
        return "notreally_json"


def _packed(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_packed(one) for one in value]
        case dict() if all(isinstance(key, str) for key in value):
            packed = {key: _packed(one) for key, one in value.items()}
            # A dictionary that looks like one of the below is wrapped, too.
            return {_KIND: "dict", _VALUE: packed} if _KIND in value else packed
        case tuple():
            return {_KIND: "tuple", _VALUE: [_packed(one) for one in value]}
        case bytes():
            return {_KIND: "bytes", _VALUE: base64.b64encode(value).decode()}
        case dbos_error.DBOSMaxStepRetriesExceeded() if value.errors:
            return _packed(value.errors[-1])
        case Refusal():
            return {_KIND: "refusal", _VALUE: _packed(value.status().SerializeToString())}
        case BaseException():
            return {_KIND: "error", _VALUE: f"{type(value).__name__}: {value}"}
        case _:
            raise TypeError(f"a {type(value).__name__} is not kept in the step log")


def _unpacked(value: Any) -> Any:
    match value:
        case list():
            return [_unpacked(one) for one in value]
        case {"kind": kind, "value": inner}:
            return _of_kind(kind, inner)
        case dict():
            return {key: _unpacked(one) for key, one in value.items()}
        case _:
            return value


def _of_kind(kind: Any, inner: Any) -> Any:
    match kind:
        case "dict":
            return {key: _unpacked(one) for key, one in inner.items()}
        case "tuple":
            return tuple(_unpacked(one) for one in inner)
        case "bytes":
            return base64.b64decode(inner, validate=True)
        case "refusal":
            status = status_pb2.Status.FromString(_unpacked(inner))
            return refusal_of_status(status) or StepFailed(status.message)
        case "error":
            return StepFailed(inner)
        case _:
            raise ValueError(f"no such kind of value: {kind!r}")


class _DataOnly(pickle.Unpickler):
    """Reads numbers, text, bytes and what holds them. Everything else in a pickle is a name of something to call."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"a row of the step log asks for {module}.{name}, and does not get it")


def refuse_code_in_pickles() -> None:
    """Have DBOS, in this process, read of a pickle the data alone: what earlier versions wrote is little else."""

    def deserialize(_self: DefaultSerializer, serialized_data: str) -> Any:
        return _DataOnly(io.BytesIO(base64.b64decode(serialized_data))).load()

    DefaultSerializer.deserialize = deserialize  # type: ignore[method-assign, assignment]
