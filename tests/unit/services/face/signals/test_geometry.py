"""The maths, on points with known answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.signals import geometry

Array = NDArray[np.float64]


@pytest.fixture
def face() -> Array:
    """A made-up face, (468, 3), with an inter-ocular distance of 80 px."""
    points = np.random.default_rng(1).uniform(-100, 100, (lm.COUNT, 3))
    points[lm.RIGHT_EYE_CORNER] = (-40, -30, 0)
    points[lm.LEFT_EYE_CORNER] = (40, -30, 0)
    return points


def turned(points: Array, angle: float, scale: float, shift: tuple[float, float]) -> Array:
    """Points (468, 2+) under a similarity transform, (468, 2)."""
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    moved: Array = points[:, :2] @ np.array([[cos, sin], [-sin, cos]]) + np.array(shift)
    return moved


def test_the_eye_aspect_ratio_is_height_over_width(face: Array) -> None:
    p1, p2, p3, p4, p5, p6 = lm.RIGHT_EYE
    face[[p1, p4], :2] = [(0, 0), (30, 0)]
    face[[p2, p3], :2] = [(10, -4), (20, -5)]
    face[[p6, p5], :2] = [(10, 4), (20, 4)]
    assert geometry.eye_aspect_ratio(face[None], lm.RIGHT_EYE) == pytest.approx([(8 + 9) / 60])


def test_an_eye_without_width_has_no_aspect_ratio(face: Array) -> None:
    face[lm.LEFT_EYE[3]] = face[lm.LEFT_EYE[0]]
    assert np.isnan(geometry.eye_aspect_ratio(face[None], lm.LEFT_EYE)).all()


def test_the_mouth_gap_is_in_interocular_distances(face: Array) -> None:
    for (upper, lower), gap in zip(lm.INNER_LIPS, (8, 16, 24), strict=True):
        face[[upper, lower], :2] = [(5, 40), (5, 40 + gap)]
    assert geometry.interocular_distance(face[None]) == pytest.approx([80])
    assert geometry.mouth_gap(face[None]) == pytest.approx([0.2])


@pytest.mark.parametrize("degrees", [-50.0, -10.0, 0.0, 25.0, 60.0])
def test_yaw_is_positive_when_the_subject_turns_to_their_left(face: Array, degrees: float) -> None:
    for right, left in lm.LEVEL_PAIRS:
        face[right], face[left] = (-30, 0, 0), (30, 0, 0)
    angle = np.radians(degrees)
    # Turning to their left takes the left half of the face away from the camera, which is where depth grows.
    rotation = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
    assert geometry.yaw_degrees((face @ rotation.T)[None]) == pytest.approx([degrees])


def test_the_face_box_holds_all_landmarks(face: Array) -> None:
    left, top, width, height = geometry.face_boxes(face[None])[0]
    assert (left, top) == tuple(face[:, :2].min(axis=0))
    assert (left + width, top + height) == pytest.approx(face[:, :2].max(axis=0))


@given(
    st.lists(
        st.tuples(st.floats(-3, 3), st.floats(0.1, 10), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
        min_size=1,
        max_size=6,
    )
)
def test_moving_turning_and_growing_leave_no_trace(moves: list[tuple[float, float, float, float]]) -> None:
    face = np.random.default_rng(1).uniform(-100, 100, (lm.COUNT, 2))
    face[[lm.RIGHT_EYE_CORNER, lm.LEFT_EYE_CORNER]] = [(-40, -30), (40, -30)]
    points = np.stack([turned(face, angle, scale, (x, y)) for angle, scale, x, y in moves])
    aligned = geometry.aligned(points)
    assert aligned == pytest.approx(np.broadcast_to(aligned[0], aligned.shape), abs=1e-6)
    assert geometry.interocular_distance(aligned) == pytest.approx(np.ones(len(points)))


def test_alignment_keeps_what_is_not_rigid(face: Array) -> None:
    opened = face.copy()
    chin = 152
    opened[chin, 1] += 16
    aligned = geometry.aligned(np.stack([face, opened]))
    assert aligned[1, chin] - aligned[0, chin] == pytest.approx([0, 16 / 80])


def test_points_in_one_place_cannot_be_aligned() -> None:
    points = np.zeros((2, lm.COUNT, 2))
    assert np.isnan(geometry.aligned(points)).all()
