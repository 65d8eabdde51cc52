"""Weights of four bits: an encoder of 300 MB in a file of 40.

Each row of a matrix is cut into blocks of `BLOCK` weights that share one scale. What is learned from is what the
rounded matrices give.
"""

import numpy as np
from numpy.typing import NDArray

from services.face.networks.encoder_file import LEVELS, FourBits

BLOCK = 32
# Scales to try, as a share of the one at which the largest weight is kept exactly.
_TRIED = (1.0, 0.95, 0.9, 0.85, 0.8)


def in_four_bits(matrix: NDArray[np.float32], block: int = BLOCK) -> FourBits:
    """A matrix (rows, columns) rounded, with the scale of each block that has the least squared error of those tried.

    Args:
        matrix: what to round.
        block: weights that share a scale.

    Raises:
        ValueError: the columns do not divide into blocks.
    """
    blocks = matrix.reshape(len(matrix), -1, block)
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2, keepdims=True), axis=2)
    best = np.full(extreme.shape, np.inf, np.float32)
    levels, scales = np.zeros(blocks.shape, np.int8), np.ones(extreme.shape, np.float16)
    for share in _TRIED:
        # The extreme of either sign gets the level of which there is only one.
        scale = (extreme * (-share / LEVELS)).astype(np.float16)
        scale[scale == 0] = 1
        rounded = np.clip(np.round(blocks / scale.astype(np.float32)), -LEVELS, LEVELS - 1)
        error = ((rounded * scale.astype(np.float32) - blocks) ** 2).sum(axis=2, keepdims=True)
        better = error < best
        levels, scales = np.where(better, rounded.astype(np.int8), levels), np.where(better, scale, scales)
        best = np.minimum(error, best)
    return FourBits(levels, scales[..., 0])
