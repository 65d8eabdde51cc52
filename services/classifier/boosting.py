"""XGBoost, imported without scikit-learn and pandas.

Where these are installed, as on a laptop with all of NotReally, it imports them, to be one of the one's estimators and
to take the other's tables: seven tenths of the time that takes, and 150 megabytes, for something never called here.
With arrays of NumPy it does the same without them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Import as if these packages were not installed, unless they are there already."""
    left_out = [name for name in names if name not in sys.modules]
    # What importing finds for a module that is known not to be there.
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]


with _without("sklearn", "pandas"):
    import xgboost
    from xgboost.core import XGBoostError
    from xgboost.libpath import find_lib_path

__all__ = ["XGBoostError", "find_lib_path", "xgboost"]
