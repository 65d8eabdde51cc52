"""Which way up, for every display matrix."""

import math

import pytest

from services.kit.media.orientation import quarter_turns, quarter_turns_of_degrees
from tests.synthetic.display_matrices import NAMED, Matrix


@pytest.mark.parametrize(("matrix", "clockwise_deg", "mirrored"), NAMED.values(), ids=NAMED)
def test_matrices(matrix: Matrix, clockwise_deg: int, mirrored: bool) -> None:
    a, b, c, d = matrix
    assert quarter_turns([a, b, 0, c, d, 0, 0, 0, 1]) == -clockwise_deg // 90 % 4
    assert (a * d - b * c < 0) == mirrored


@pytest.mark.parametrize("clockwise_deg", [0, 20, -40, 70, 90, 130, 160, 200, 250, 300])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_nearest_quarter_and_any_scale(clockwise_deg: int, mirrored: bool) -> None:
    cos, sin = (round(3e5 * part(math.radians(clockwise_deg))) for part in (math.cos, math.sin))
    left = -1 if mirrored else 1
    turned = quarter_turns([left * cos, sin, 0, left * -sin, cos, 0, 0, 0, 1])
    assert turned == -round(clockwise_deg / 90) % 4


@pytest.mark.parametrize(
    ("degrees", "turns"), [(0, 0), (90, 1), (180, 2), (-180, 2), (-90, 3), (-89.6, 3), (-(2**31), 0), (400, 0)]
)
def test_degrees_alone(degrees: float, turns: int) -> None:
    assert quarter_turns_of_degrees(degrees) == turns
