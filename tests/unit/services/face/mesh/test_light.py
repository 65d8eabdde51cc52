"""Light on faces of numbers, in pictures whose every region is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.mesh.light import CHANNELS, REGIONS, light_on
from services.face.pixels.pictures import Plane

Array = NDArray[np.float64]
SIDE = 192
INSIDE = ("forehead", "right cheek", "left cheek", "nose", "right eye", "left eye", "mouth", "chin")
AROUND = ("above", "below", "left", "right")

CORNERS = {
    "forehead": (67, 109, 10, 338, 297, 336, 9, 107),
    "right cheek": (116, 117, 118, 101, 36, 205, 187, 123),
    "left cheek": (345, 346, 347, 330, 266, 425, 411, 352),
    "nose": (168, 6, 197, 195, 5, 4, 45, 275, 51, 281, 3, 248),
    "right eye": (33, 133, 159, 145, 158, 153, 160, 144),
    "left eye": (263, 362, 386, 374, 385, 380, 387, 373),
    "mouth": (61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321),
    "chin": (200, 199, 175, 152, 148, 377, 208, 428),
}
MIDDLES = {
    "forehead": (96, 58),
    "right cheek": (72, 108),
    "left cheek": (120, 108),
    "nose": (96, 96),
    "right eye": (78, 84),
    "left eye": (114, 84),
    "mouth": (96, 122),
    "chin": (96, 138),
}


def face(about: tuple[float, float] = (96, 96)) -> Array:
    """Landmarks (468, 2) of a face 100 pixels high in the middle; each region is a small circle."""
    points = np.full((lm.COUNT, 2), 96.0)
    turn = 2 * np.pi * np.arange(len(lm.OVAL)) / len(lm.OVAL)
    points[list(lm.OVAL)] = np.column_stack([96 + 40 * np.sin(turn), 96 - 50 * np.cos(turn)])
    for name, corners in CORNERS.items():
        turn = 2 * np.pi * np.arange(len(corners)) / len(corners)
        around = np.column_stack([6 * np.sin(turn), 6 * np.cos(turn)])
        inside = [number for number in corners if number not in lm.OVAL]
        points[inside] = (MIDDLES[name] + around)[[corners.index(number) for number in inside]]
    moved: Array = points + np.array(about) - 96
    return moved


def planes(luma: Array) -> tuple[Plane, Plane, Plane]:
    shown = np.clip(luma, 0, 255).astype(np.uint8)
    return shown, np.full_like(shown, 100), np.full_like(shown, 150)


def by_name(light: Array) -> dict[str, Array]:
    return dict(zip(INSIDE + AROUND, light, strict=True))


def test_in_even_light_all_regions_are_alike() -> None:
    light = light_on(planes(np.full((SIDE, SIDE), 77.0)), face())
    assert light.shape == (REGIONS, CHANNELS)
    assert light == pytest.approx(np.tile([77.0, 100.0, 150.0], (REGIONS, 1)))


def test_light_is_told_where_it_is() -> None:
    across, down = np.meshgrid(np.arange(SIDE, dtype=np.float64), np.arange(SIDE, dtype=np.float64))
    from_left, from_above = (by_name(light_on(planes(one), face())) for one in (across, down))
    for name in ("right cheek", "left cheek", "nose", "right eye", "left eye", "mouth"):
        assert from_left[name][0] == pytest.approx(MIDDLES[name][0] - 0.5, abs=1.5)
        assert from_above[name][0] == pytest.approx(MIDDLES[name][1] - 0.5, abs=1.5)
    # Forehead and chin reach to the outline.
    assert from_above["forehead"][0] < 60
    assert from_above["chin"][0] > 135
    assert from_left["left"][0] < 55 < 137 < from_left["right"][0]
    assert from_above["above"][0] < 45 < 147 < from_above["below"][0]
    assert from_left["above"][0] == pytest.approx(95.5, abs=2)
    assert from_above["left"][0] == pytest.approx(95.5, abs=2)


def test_what_changes_inside_the_outline_changes_nothing_around_it() -> None:
    across, down = np.meshgrid(np.arange(SIDE) - 96, np.arange(SIDE) - 96)
    inside = (across / 40) ** 2 + (down / 50) ** 2 <= 1.05
    light = by_name(light_on(planes(np.where(inside, 200.0, 50.0)), face()))
    assert [light[name][0] for name in INSIDE] == [200.0] * len(INSIDE)
    assert [light[name][0] for name in AROUND] == [50.0] * len(AROUND)


def test_a_region_beyond_the_edge_has_no_light() -> None:
    light = by_name(light_on(planes(np.full((SIDE, SIDE), 9.0)), face(about=(186, 96))))
    assert np.isnan(light["right"]).all()
    assert np.isnan(light["left cheek"]).all()
    assert light["left"][0] == 9.0
    assert np.isnan(light_on(planes(np.zeros((SIDE, SIDE))), face(about=(1e5, -1e5)))).all()


@given(st.integers(0, 2**32 - 1), st.floats(0, 300), st.floats(-500, 500))
@settings(max_examples=40)
def test_light_is_unknown_or_lies_between_the_darkest_and_the_brightest(seed: int, size: float, away: float) -> None:
    rng = np.random.default_rng(seed)
    points = 96 + away + rng.normal(0, size, (lm.COUNT, 3))
    light = light_on(planes(rng.uniform(20, 220, (SIDE, SIDE))), points)
    known = light[np.isfinite(light)]
    assert np.all((known >= 20) & (known <= 220))
