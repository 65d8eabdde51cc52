"""Whatever the face does in the frame, its crop looks alike: upright, of one size, in the middle."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.face.mesh import landmarks as lm
from services.face.networks.crops import MARGIN, SIDE, crop_view, eye_line_angle, face_portrait, face_side
from tests.unit.services.face.faces import Points, grey_picture, made_up_face, soft_noise, turned

FACE = made_up_face(100.0)
ANGLES = st.floats(-np.pi, np.pi)
SCALES = st.floats(0.5, 20)
SHIFTS = st.tuples(st.floats(-2e3, 2e3), st.floats(-2e3, 2e3))


def in_crop(points: Points) -> Points:
    """Landmarks in pixels of their own crop."""
    view = crop_view(points)
    return (points - view[:, 2]) @ np.linalg.inv(view[:, :2]).T


@given(ANGLES, SCALES, SHIFTS)
def test_turning_growing_and_moving_leave_the_face_where_it_is_in_its_crop(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    assert in_crop(turned(FACE, angle, scale, shift)) == pytest.approx(in_crop(FACE), abs=1e-6)


@given(ANGLES, SCALES, SHIFTS)
def test_the_face_is_upright_in_the_middle_with_its_margin(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    points = in_crop(turned(FACE, angle, scale, shift))
    low, high = points.min(axis=0), points.max(axis=0)
    assert (low + high) / 2 == pytest.approx(np.full(2, SIDE / 2), abs=1e-6)
    assert (high - low).max() * MARGIN == pytest.approx(SIDE)
    right, left = points[lm.RIGHT_EYE_CORNER], points[lm.LEFT_EYE_CORNER]
    assert left[1] == pytest.approx(right[1], abs=1e-6)
    assert left[0] > right[0]
    assert points[lm.OVAL[0], 1] < points[152, 1]  # the forehead above the chin


@given(ANGLES)
def test_the_angle_of_the_eyes_is_the_one_the_face_was_turned_by(angle: float) -> None:
    difference = eye_line_angle(turned(FACE, angle)) - angle
    assert np.exp(1j * difference) == pytest.approx(1)


def test_the_size_of_a_face_is_the_longer_side_of_its_box() -> None:
    assert face_side(made_up_face(100.0)) == pytest.approx(100)
    assert face_side(turned(made_up_face(100.0), np.pi / 2)) == pytest.approx(100)
    assert face_side(made_up_face(100.0) * [2, 1]) == pytest.approx(160)


def crop_of(angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    """The crop of a face on a picture that is turned, scaled and moved with it."""
    matrix = np.array(
        [
            [scale * np.cos(angle), -scale * np.sin(angle), shift[0]],
            [scale * np.sin(angle), scale * np.cos(angle), shift[1]],
        ]
    )
    # OpenCV puts the origin at the centre of the first pixel.
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ np.full(2, 0.5) - 0.5
    moved = cv2.warpAffine(soft_noise(480, 480), centred, (900, 900), flags=cv2.INTER_CUBIC)
    points = made_up_face(150.0, (240.0, 240.0)) @ matrix[:, :2].T + matrix[:, 2]
    return face_portrait(grey_picture(np.asarray(moved, dtype=np.uint8)), points)


@pytest.mark.parametrize("angle", [-1.2, 0.4, np.pi / 2, np.pi])
@pytest.mark.parametrize("scale", [0.9, 1.7])
def test_a_face_turned_and_enlarged_with_its_picture_gives_the_same_pixels(angle: float, scale: float) -> None:
    middle = scale * 240 * np.array([np.cos(angle) - np.sin(angle), np.sin(angle) + np.cos(angle)])
    crop = crop_of(angle, scale, (450 - middle[0], 450 - middle[1]))
    assert crop.shape == (SIDE, SIDE, 3)
    assert crop.dtype == np.uint8
    upright = crop_of(0.0, 1.0, (3.0, -2.0))
    assert upright.std() > 20
    assert np.abs(crop.astype(int) - upright).mean() < 2


def test_a_crop_beyond_the_frame_repeats_the_border() -> None:
    picture = grey_picture(np.full((60, 60), 200, np.uint8))
    assert (face_portrait(picture, made_up_face(100.0, (0.0, 0.0))) == 200).all()
