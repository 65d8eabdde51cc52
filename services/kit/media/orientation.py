"""Orientation of the picture, from the display matrix of its container."""

import math
from collections.abc import Sequence


def quarter_turns(matrix: Sequence[int]) -> int:
    """Counter-clockwise quarter turns, 0 to 3, that bring a stored picture upright.

    A mirrored picture is turned as a player turns it and left unmirrored: what a player shows is then its mirror image.
    A matrix that cannot be shown, such as one of zeros, turns nothing, and one that turns by anything else turns by the
    nearest quarters.

    Args:
        matrix: The nine numbers of a display matrix, as libavutil's `display.h` has them.
    """
    # A pixel right of another goes to (right_x, right_y) from it, one below another to (below_x, below_y).
    right_x, right_y, _, below_x, below_y = matrix[:5]
    width, height = math.hypot(right_x, below_x), math.hypot(right_y, below_y)
    if width == 0 or height == 0:
        return 0
    turns = round(-math.atan2(right_y / height, right_x / width) / (math.pi / 2))
    mirrored = right_x * below_y < right_y * below_x
    # What points at an angle in the mirror points at 180° less that angle out of it.
    return (2 - turns if mirrored else turns) % 4


def quarter_turns_of_degrees(degrees: float) -> int:
    """The same from degrees counter-clockwise, which cannot express a mirror; an invalid angle turns nothing.

    Of a matrix without an angle libavutil says "not a number", which becomes a huge integer on its way here.
    """
    return round(degrees / 90) % 4 if abs(degrees) <= 180 else 0
