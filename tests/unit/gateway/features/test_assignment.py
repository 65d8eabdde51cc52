"""Rows and columns are paired as SciPy pairs them, which is what faces were linked by when the model was trained."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import linear_sum_assignment

from gateway.features.assignment import least_cost
from tests.unit.gateway.synthetic_signals import Floats

_SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=8)
_ANY = st.floats(0, 3, width=32)
_FEW = st.sampled_from([0.0, 1.0, 2.0])  # many sums are equally small
_NO_LINKS = st.sampled_from([0.25, 0.5, 1e6])


@pytest.mark.parametrize("values", [_ANY, _FEW, _NO_LINKS], ids=["any", "few", "no links"])
def test_it_pairs_as_scipy_does(values: st.SearchStrategy[float]) -> None:
    @given(arrays.arrays(np.float64, _SHAPES, elements=values))
    def holds(costs: Floats) -> None:
        rows, columns = linear_sum_assignment(costs)
        assert least_cost(costs) == list(zip(rows.tolist(), columns.tolist(), strict=True))

    holds()
