"""Who goes with whom at the least total cost."""

import numpy as np

from gateway.features.signals import Floats


def least_cost(costs: Floats) -> list[tuple[int, int]]:
    """Pairs of row and column, each in one pair at most and as many as there can be, whose costs add up to the least.

    Args:
        costs: Finite; at least one row and one column.

    Returns:
        Ascending by row.
    """
    if 1 in costs.shape:
        row, column = np.unravel_index(np.argmin(costs), costs.shape)
        return [(int(row), int(column))]
    # Only where there are several faces: SciPy's optimizers take half a second to load.
    from scipy.optimize import linear_sum_assignment

    return [(int(row), int(column)) for row, column in zip(*linear_sum_assignment(costs), strict=True)]
