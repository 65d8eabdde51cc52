"""Matrices in four bits and in eight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.face.networks.encoder_file import FourBits, in_eight_bits, read_matrices, write_matrices


def four_bits(seed: int) -> FourBits:
    rng = np.random.default_rng(seed)
    levels = rng.integers(-8, 8, (6, 3, 32)).astype(np.int8)
    scales = rng.uniform(0.001, 0.1, (6, 3)) * rng.choice([-1, 1], (6, 3))
    return FourBits(levels, scales.astype(np.float16))


@given(st.integers(0, 1000))
def test_eight_bits_are_close_to_four(seed: int) -> None:
    matrix = four_bits(seed)
    weights = (matrix.levels * matrix.scales.astype(np.float32)[..., np.newaxis]).reshape(6, -1)
    found = in_eight_bits(matrix)
    assert found.weights.shape == (96, 6)
    assert np.abs(found.weights).max() == 127
    error = np.abs(found.weights.T * found.scale[:, np.newaxis] - weights)
    assert np.all(error <= 0.51 * found.scale[:, np.newaxis])


def test_a_row_of_zeros_stays_zero() -> None:
    found = in_eight_bits(FourBits(np.zeros((2, 1, 32), np.int8), np.ones((2, 1), np.float16)))
    assert not found.weights.any()
    assert found.scale.tolist() == [1.0, 1.0]


def test_what_is_written_comes_back_in_half_a_byte_a_weight() -> None:
    matrices = {"encoder.0.out": four_bits(1), "encoder.1.out": four_bits(2)}
    content = write_matrices(matrices)
    found = read_matrices(content)
    assert found.keys() == matrices.keys()
    for name, matrix in matrices.items():
        np.testing.assert_array_equal(found[name].levels, matrix.levels)
        np.testing.assert_array_equal(found[name].scales, matrix.scales)
    assert content == write_matrices(matrices), "the same matrices make the same file"
    big = FourBits(np.zeros((100, 100, 32), np.int8), np.ones((100, 100), np.float16))
    assert len(write_matrices({"m": big})) < 0.6 * big.levels.size


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 50, write_matrices({"m": four_bits(0)})[:-30]])
def test_other_content_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="it holds no matrices"):
        read_matrices(content)
