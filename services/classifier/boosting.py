"""XGBoost, imported without scikit-learn and pandas.

Where these are installed, as on a laptop with all of NotReally, it imports them, to be one of the one's estimators and
to take the other's tables: seven tenths of the time that takes, and 150 megabytes, for something never called here.
With arrays of NumPy it does the same without them.
"""

from services.kit.imports import standing_in

with standing_in({"sklearn": None, "pandas": None}):
    import xgboost
    from xgboost.core import XGBoostError
    from xgboost.libpath import find_lib_path

__all__ = ["XGBoostError", "find_lib_path", "xgboost"]
