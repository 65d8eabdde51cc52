"""Texture measured on pictures whose contrast is known."""

from math import isnan

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.mesh.mesh import place_of_detection, place_of_landmarks
from services.face.networks.models import FaceModels
from services.face.pixels.frames import picture_of
from services.face.pixels.pictures import Picture
from services.face.signals.texture import canonical_view, measure_texture
from tests.synthetic.videos import FaceVideo, images

Points = NDArray[np.float64]
MOUTH = [61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321]


def picture(image: NDArray[np.uint8]) -> Picture:
    """An RGB image as a picture."""
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv444p")
    return picture_of(frame)


@pytest.fixture(scope="module")
def points(models: FaceModels) -> Points:
    """Landmarks of the usual face: inter-ocular distance 100 px in the middle of 640 × 480."""
    shown = picture(next(images(FaceVideo())))
    (face,) = models.detector.detect(shown)
    place = place_of_detection(face.box, face.eyes)
    found = None
    for _ in range(4):
        found = models.mesh.face(shown, place)
        assert found is not None
        place = place_of_landmarks(found.points)
    assert found is not None
    return found.points


@pytest.fixture
def grain() -> NDArray[np.uint8]:
    """Grey noise, the same everywhere."""
    noise = np.random.default_rng(5).normal(128, 20, (480, 640, 1))
    return np.repeat(np.clip(noise, 0, 255), 3, axis=2).astype(np.uint8)


def test_grain_alike_everywhere_measures_alike_everywhere(points: Points, grain: NDArray[np.uint8]) -> None:
    texture = measure_texture(picture(grain), points, 7)
    assert texture.entry == 7
    assert texture.eyes_contrast > 6
    assert texture.eyes_contrast == pytest.approx(texture.mouth_contrast, rel=0.2)
    assert texture.eyes_lightness == pytest.approx(1.0, abs=0.05)


def test_a_mouth_that_is_even_has_no_contrast(points: Points, grain: NDArray[np.uint8]) -> None:
    left, top = np.floor(points[MOUTH, :2].min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(points[MOUTH, :2].max(axis=0)).astype(int) + 3
    covered = grain.copy()
    covered[top:bottom, left:right] = 60
    texture = measure_texture(picture(covered), points, 0)
    assert texture.mouth_contrast < 1
    assert texture.eyes_contrast == measure_texture(picture(grain), points, 0).eyes_contrast


def test_the_canonical_crop_has_eyes_level_a_hundred_pixels_apart(points: Points) -> None:
    view = canonical_view(points)
    eyes, oval = (
        (points[list(places), :2] - view[:, 2]) @ np.linalg.inv(view[:, :2]).T for places in ((33, 263), lm.OVAL)
    )
    assert eyes[1] - eyes[0] == pytest.approx([100, 0], abs=1e-6)
    assert oval.min() > 0
    assert oval.max() < 340


def test_areas_outside_the_frame_are_not_measured(points: Points, grain: NDArray[np.uint8]) -> None:
    outside = points + np.array([2000.0, 0, 0])
    texture = measure_texture(picture(grain), outside, 0)
    assert isnan(texture.eyes_contrast)
    assert isnan(texture.eyes_lightness)
    assert isnan(texture.mouth_contrast)


def test_the_frames_border_does_not_count(points: Points, grain: NDArray[np.uint8]) -> None:
    # Half the face lies outside, where the border repeats and nothing has grain.
    half = points - np.array([320.0, 0, 0])
    whole = measure_texture(picture(grain), points, 0)
    assert measure_texture(picture(grain), half, 0).mouth_contrast == pytest.approx(whole.mouth_contrast, rel=0.1)
