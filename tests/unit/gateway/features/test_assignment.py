"""Rows and columns are paired as SciPy pairs them, whether it is asked or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import linear_sum_assignment

from gateway.features.assignment import least_cost
from tests.unit.gateway.synthetic_signals import Floats

_SIDE = st.integers(1, 8)
_ANY = st.floats(0, 3, width=32)
_NO_LINKS = st.sampled_from([0.25, 0.5, 1e6])


@pytest.mark.parametrize("values", [_ANY, _NO_LINKS], ids=["any", "no links"])
@pytest.mark.parametrize("one", [True, False], ids=["a lone one", "several"])
def test_it_pairs_as_scipy_does(values: st.SearchStrategy[float], one: bool) -> None:
    shapes = st.tuples(st.just(1), _SIDE) | st.tuples(_SIDE, st.just(1)) if one else st.tuples(_SIDE, _SIDE)

    @given(arrays.arrays(np.float64, shapes, elements=values))
    def holds(costs: Floats) -> None:
        rows, columns = linear_sum_assignment(costs)
        assert least_cost(costs) == list(zip(rows.tolist(), columns.tolist(), strict=True))

    holds()
