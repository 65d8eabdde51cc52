"""Messages of the contract with anything in them."""

from collections.abc import Callable
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

_INTEGERS: dict[int, tuple[int, int]] = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-1, 40),
}
_UUID = st.uuids().map(str)
_TEXT = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    _UUID,
    st.tuples(st.sampled_from(["uploads", "analyses", "batches", "live", "../", ""]), _UUID).map("/".join),
    st.sampled_from(["a" * 300_000, "\0", "' OR 1=1 --", "%00", "\u202egpj.exe"]),
)
_DEEPEST = 3


def messages(descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[Message]:
    """Of one type."""
    made: Callable[[], Message] = message_factory.GetMessageClass(descriptor)
    fields = {field.name: _values(field, depth) for field in descriptor.fields}
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: _filled(made(), values))


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    one = _value(field, depth)
    return st.lists(one, max_size=5) if field.is_repeated else one


def _value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_MESSAGE:
            return messages(field.message_type, depth + 1) if depth < _DEEPEST else st.nothing()
        case FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return st.floats()
        case FieldDescriptor.CPPTYPE_FLOAT:
            return st.floats(width=32)
        case FieldDescriptor.CPPTYPE_STRING:
            return st.binary(max_size=200) if field.type == FieldDescriptor.TYPE_BYTES else _TEXT
        case kind:
            low, high = _INTEGERS[kind]
            return st.one_of(st.integers(low, high), st.sampled_from([low, max(0, low), 1, high]))


def _filled(message: Message, values: dict[str, Any]) -> Message:
    for name, value in values.items():
        if isinstance(value, Message):
            getattr(message, name).CopyFrom(value)
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message
