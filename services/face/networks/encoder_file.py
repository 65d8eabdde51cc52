"""The matrices of the pretrained encoder: stored in four bits a weight, computed with in eight.

They are the same for every network that is fitted on top of them, and nearly all of its size. Each row of a matrix is
cut into blocks that share one scale; a weight is its level, -8 to 7, times that. What is computed with are 8-bit
integers with one scale for each row (`training/appearance/export.py` writes these into the network's own file).
"""

from collections.abc import Mapping
from io import BytesIO
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

LEVELS = 8
"""Levels on the negative side; one less on the positive one."""

_PACKED, _SCALES = ".packed", ".scales"


class FourBits(NamedTuple):
    """A matrix (rows, columns) in four bits.

    Attributes:
        levels: (rows, blocks, block) int8, -8 to 7.
        scales: (rows, blocks) float16; a weight is its level times the scale of its block.
    """

    levels: NDArray[np.int8]
    scales: NDArray[np.float16]


class EightBits(NamedTuple):
    """The same in eight bits, each row with a scale of its own.

    Attributes:
        weights: (columns, rows) int8, as ONNX multiplies from the right.
        scale: (rows,) float32; the largest weight of a row is 127 times it.
    """

    weights: NDArray[np.int8]
    scale: NDArray[np.float32]


def in_eight_bits(matrix: FourBits) -> EightBits:
    """A matrix as it is computed with."""
    scales = matrix.scales.astype(np.float32)
    largest = (np.abs(matrix.levels).max(axis=2) * np.abs(scales)).max(axis=1)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    ratio = (scales / scale[:, np.newaxis])[..., np.newaxis]
    rounded = np.round(matrix.levels * ratio).astype(np.int8)
    return EightBits(np.ascontiguousarray(rounded.reshape(len(rounded), -1).T), scale)


def write_matrices(matrices: Mapping[str, FourBits]) -> bytes:
    """The content of a file with matrices by name, two weights to a byte."""
    held: dict[str, NDArray[np.generic]] = {}
    for name, matrix in matrices.items():
        low, high = np.split((matrix.levels + LEVELS).astype(np.uint8), 2, axis=2)
        held[f"{name}{_PACKED}"], held[f"{name}{_SCALES}"] = low | (high << 4), matrix.scales
    file = BytesIO()
    np.savez(file, allow_pickle=False, **held)
    return file.getvalue()


def read_matrices(content: bytes) -> dict[str, FourBits]:
    """What `write_matrices` wrote.

    Raises:
        ValueError: it is no such content.
    """
    try:
        with np.load(BytesIO(content)) as held:
            names = [name.removesuffix(_PACKED) for name in held if name.endswith(_PACKED)]
            return {name: FourBits(_unpacked(held[f"{name}{_PACKED}"]), held[f"{name}{_SCALES}"]) for name in names}
    except (KeyError, ValueError, OSError, EOFError, BadZipFile) as error:
        raise ValueError("it holds no matrices") from error


def weights_for(network: bytes, encoder: bytes) -> dict[str, NDArray[np.int8]]:
    """The matrices that the content of a network's file asks for, as it computes with them, by name.

    Raises:
        ValueError: `encoder` is not the content of a file with matrices.
    """
    # A network without all of the encoder's blocks names fewer.
    return {
        name: in_eight_bits(matrix).weights
        for name, matrix in read_matrices(encoder).items()
        if name.encode() in network
    }


def _unpacked(both: NDArray[np.uint8]) -> NDArray[np.int8]:
    return np.concatenate([both & 15, both >> 4], axis=2).astype(np.int8) - np.int8(LEVELS)
