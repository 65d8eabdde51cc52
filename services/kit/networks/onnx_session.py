"""ONNX sessions that run in the calling thread, as a worker has one core."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import onnxruntime
from numpy.typing import NDArray

from services.kit.networks.network_file import NetworkError


class Spec(NamedTuple):
    """What goes in or comes out: name, ONNX type and shape, less the first axis, along which there are any number.

    None in a shape stands for any length.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]


def loaded(
    path: Path,
    content: bytes,
    *,
    takes: Sequence[Spec],
    gives: Spec,
    held: Mapping[str, NDArray[Any]] = MappingProxyType({}),
) -> onnxruntime.InferenceSession:
    """A network that computes in the thread that asks.

    Args:
        path: of its file, to speak of it.
        content: of that file.
        takes: its inputs.
        gives: its one output.
        held: weights, by name, that the file asks for and does not hold itself.

    Raises:
        NetworkError: It is not an ONNX network, or one for something else.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if held:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(weights) for weights in held.values()]
        options.add_external_initializers(list(held), values)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no other class in common
        raise NetworkError(f"{path.name} is broken: it is no ONNX network. Train or fetch it again.") from error
    inputs = [Spec(one.name, one.type, _lengths(one.shape[1:])) for one in session.get_inputs()]
    outputs = [(one.name, one.type, len(one.shape)) for one in session.get_outputs()]
    if inputs != list(takes) or outputs != [(gives.name, gives.kind, 1 + len(gives.shape))]:
        raise NetworkError(f"{path.name} is a network for something else. Train or fetch it again.")
    return session


def _lengths(shape: Sequence[int | str | None]) -> tuple[int | None, ...]:
    """Axes of any length have names."""
    return tuple(length if isinstance(length, int) else None for length in shape)
