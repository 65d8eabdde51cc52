"""Matrices in four bits: how far they are from what they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.face.networks.encoder_file import FourBits
from training.quantisation import BLOCK, in_four_bits


def weights_of(matrix: FourBits) -> NDArray[np.float32]:
    """The matrix (rows, columns) that is stood for."""
    scaled = matrix.levels.astype(np.float32) * matrix.scales.astype(np.float32)[..., np.newaxis]
    return scaled.reshape(len(scaled), -1)


@given(st.integers(0, 1000), st.floats(1e-3, 1e2))
def test_no_weight_moves_by_more_than_a_step_of_its_block(seed: int, size: float) -> None:
    matrix = np.random.default_rng(seed).normal(0, size, (3, 2 * BLOCK)).astype(np.float32)
    largest = np.abs(matrix).reshape(3, 2, BLOCK).max(axis=2).repeat(BLOCK, axis=1)
    # A block whose extreme is clipped, so that the rest is finer, moves that one by up to a fifth.
    assert np.all(np.abs(weights_of(in_four_bits(matrix)) - matrix) <= 0.21 * largest)


def test_a_matrix_that_has_few_levels_stays_as_it_is() -> None:
    levels = np.random.default_rng(0).integers(-8, 8, (4, BLOCK))
    levels[:, 0] = -8
    matrix = (levels * 0.25).astype(np.float32)
    found = in_four_bits(matrix)
    np.testing.assert_array_equal(weights_of(found), matrix)
    np.testing.assert_array_equal(found.levels[:, 0], levels)


def test_the_error_of_ordinary_weights_is_small() -> None:
    matrix = np.random.default_rng(0).normal(0, 0.02, (64, 8 * BLOCK)).astype(np.float32)
    error = np.linalg.norm(weights_of(in_four_bits(matrix)) - matrix) / np.linalg.norm(matrix)
    assert error < 0.1


def test_nothing_but_zeros_stays_zero() -> None:
    assert not weights_of(in_four_bits(np.zeros((2, BLOCK), np.float32))).any()


def test_columns_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        in_four_bits(np.zeros((2, BLOCK + 1), np.float32))
