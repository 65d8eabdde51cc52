"""Who goes with whom at the least total cost."""

import math

from gateway.features.signals import Floats


def least_cost(costs: Floats) -> list[tuple[int, int]]:
    """Pairs of row and column, each in one pair at most and as many as there can be, whose costs add up to the least.

    Shortest augmenting paths (Crouse 2016), step by step as scipy.optimize.linear_sum_assignment takes them, so that
    pairs are the same where several sums are equally small. SciPy's optimizers take a gateway half a second to load;
    there are a handful of faces here.

    Args:
        costs: Finite.

    Returns:
        Ascending by row.
    """
    if costs.shape[1] < costs.shape[0]:
        return sorted((row, column) for column, row in least_cost(costs.T))
    rows, columns = costs.shape
    # Of the dual problem: what a row and a column cost by themselves.
    of_row, of_column = [0.0] * rows, [0.0] * columns
    column_of, row_of = [-1] * rows, [-1] * columns
    table: list[list[float]] = costs.tolist()
    for begin in range(rows):
        shortest = [math.inf] * columns
        came_from = [-1] * columns
        seen_rows, seen_columns = [], []
        remaining = list(range(columns))[::-1]
        row, length, sink = begin, 0.0, -1
        while sink < 0:
            seen_rows.append(row)
            lowest, chosen = math.inf, -1
            for place, column in enumerate(remaining):
                reduced = length + table[row][column] - of_row[row] - of_column[column]
                if reduced < shortest[column]:
                    came_from[column], shortest[column] = row, reduced
                # Of several equally near ones, one that is free ends the search.
                if shortest[column] < lowest or (shortest[column] == lowest and row_of[column] < 0):
                    lowest, chosen = shortest[column], place
            length, column = lowest, remaining[chosen]
            seen_columns.append(column)
            remaining[chosen] = remaining[-1]
            remaining.pop()
            if row_of[column] < 0:
                sink = column
            else:
                row = row_of[column]
        of_row[begin] += length
        for row in seen_rows:
            if row != begin:
                of_row[row] += length - shortest[column_of[row]]
        for column in seen_columns:
            of_column[column] -= length - shortest[column]
        column, row = sink, -1
        while row != begin:
            row = came_from[column]
            row_of[column] = row
            column_of[row], column = column, column_of[row]
    return list(enumerate(column_of))
