"""What the step log holds is data: it comes back as it was, and runs nothing."""

import base64
import pickle
from pathlib import Path
from typing import Any

import grpc
import pytest
from dbos import error as dbos_error
from dbos._serialization import DBOSDefaultSerializer, DefaultSerializer
from hypothesis import given
from hypothesis import strategies as st

from gateway.analysis.plain import PlainSerializer, StepFailed, refuse_code_in_pickles
from services.kit.errors import Refusal

SERIALIZER = PlainSerializer()
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.sampled_from(["kind", "value"]), inner)
    ),
)


def back(value: Any) -> Any:
    return SERIALIZER.deserialize(SERIALIZER.serialize(value))


@given(VALUES)
def test_plain_values_come_back(value: Any) -> None:
    assert back(value) == value


def test_a_refusal_comes_back_with_all_that_it_says() -> None:
    refusal = Refusal(grpc.StatusCode.UNAVAILABLE, "BUSY", "Come back.", 2.5, size="3")
    for found in (
        back(refusal),
        back(dbos_error.DBOSMaxStepRetriesExceeded("prepare", 3, [ValueError("first"), refusal])),
    ):
        assert isinstance(found, Refusal)
        assert found.status() == refusal.status()


def test_of_another_error_its_name_is_kept() -> None:
    found = back(KeyError("window"))
    assert isinstance(found, StepFailed)
    assert str(found) == "KeyError: 'window'"


@pytest.mark.parametrize("value", [object(), {1: 2}, {1, 2}, [Path("/")]])
def test_what_is_not_plain_is_not_kept(value: object) -> None:
    with pytest.raises(TypeError, match="not kept"):
        SERIALIZER.serialize(value)


@pytest.mark.parametrize("text", ["", "{", '{"kind":"code","value":"1"}', '{"kind":"bytes","value":"?"}'])
def test_what_is_no_such_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - those of json and base64 are of this class
        SERIALIZER.deserialize(text)


def test_of_a_pickle_only_data_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DefaultSerializer, "deserialize", DefaultSerializer.deserialize)  # put back in the end
    refuse_code_in_pickles()
    old = {"args": ("id", "request", b"\0\xff"), "kwargs": {"one": [1.5, None, True]}}
    assert DBOSDefaultSerializer.deserialize(base64.b64encode(pickle.dumps(old)).decode()) == old
    planted = base64.b64encode(pickle.dumps(Touch(tmp_path / "was here"))).decode()
    with pytest.raises(pickle.UnpicklingError):
        DBOSDefaultSerializer.deserialize(planted)
    assert list(tmp_path.iterdir()) == []


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self._path,))
