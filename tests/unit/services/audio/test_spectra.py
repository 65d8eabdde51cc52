"""What stands in for numba."""

import pytest

from services.audio import spectra


def _double(value: float) -> float:
    return 2 * value


def test_a_function_that_would_have_to_be_compiled_says_so() -> None:
    bare = spectra._decorator(_double)
    with_options = spectra._decorator(["float64(float64)"], nopython=True)(_double)
    for function in (bare, with_options):
        with pytest.raises(spectra.NotCompiledError, match="_double needs numba"):
            function(1.0)
