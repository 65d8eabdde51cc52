"""The landmark model, and where it looks."""

from dataclasses import replace
from math import radians

import av
import cv2
import numpy as np
import pytest

from services.face.mesh import landmarks as lm
from services.face.mesh.mesh import Place, coordinates, followed, place_of_detection, place_of_landmarks
from services.face.mesh.quiet import quiet_import
from services.face.networks.models import FaceModels
from services.face.pixels.frames import picture_of
from services.face.pixels.pictures import Picture
from tests.synthetic.videos import FaceVideo, images

with quiet_import():
    from mediapipe.framework.formats.landmark_pb2 import NormalizedLandmarkList

PLACE = Place((100.0, 80.0), 192.0, 0.1)


@pytest.fixture(scope="module")
def portrait() -> Picture:
    """A face with an inter-ocular distance of 100 px in the middle of 640 × 480."""
    frame = av.VideoFrame.from_ndarray(next(images(FaceVideo())), format="rgb24")
    return picture_of(frame)


def settled(models: FaceModels, picture: Picture) -> Place:
    """The place the model settles on."""
    (found, *_) = models.detector.detect(picture)
    place = place_of_detection(found.box, found.eyes)
    for _ in range(4):
        face = models.mesh.face(picture, place)
        assert face is not None
        place = place_of_landmarks(face.points)
    return place


def test_coordinates_are_those_of_the_message() -> None:
    message = NormalizedLandmarkList()
    for number in range(468):
        message.landmark.add(x=number / 468, y=0.0, z=-0.25)
    expected = [(point.x, point.y, point.z) for point in message.landmark]
    assert coordinates(message).tolist() == [list(point) for point in expected]


def test_landmarks_lie_where_the_photograph_has_them(models: FaceModels, portrait: Picture) -> None:
    face = models.mesh.face(portrait, settled(models, portrait))
    assert face is not None
    points = face.points
    assert points.shape == (lm.COUNT, 3)
    # Measured by hand in the photograph, from the middle of the face and in inter-ocular distances.
    known = {
        lm.RIGHT_EYE_CORNER: (-0.48, -0.33),
        lm.LEFT_EYE_CORNER: (0.52, -0.29),
        lm.NOSE_TIP: (-0.02, 0.14),
        152: (-0.06, 0.87),
    }
    for index, place in known.items():
        assert (points[index, :2] - (320, 240)) / 100 == pytest.approx(place, abs=0.06)


def test_the_same_look_gives_the_same_answer(models: FaceModels, portrait: Picture) -> None:
    place = settled(models, portrait)
    first, second = models.mesh.face(portrait, place), models.mesh.face(portrait, place)
    assert first is not None
    assert second is not None
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.light, second.light)


def test_the_light_is_that_of_the_photograph(models: FaceModels, portrait: Picture) -> None:
    face = models.mesh.face(portrait, settled(models, portrait))
    assert face is not None
    cheek = cv2.convexHull(face.points[[116, 117, 118, 101, 36, 205, 187, 123], :2].astype(np.float32))[:, 0]
    # The chroma planes have half as many pixels along each side.
    for channel, (plane, scale) in enumerate(((portrait.luma, 1.0), (portrait.blue, 0.5), (portrait.red, 0.5))):
        mask = cv2.fillConvexPoly(np.zeros_like(plane), np.round(scale * cheek).astype(np.int32), 1)
        assert face.light[1, channel] == pytest.approx(plane[mask == 1].mean(), abs=2)


def test_a_turned_frame_gives_the_same_face(models: FaceModels, portrait: Picture) -> None:
    upright = models.mesh.face(portrait, settled(models, portrait))
    on_its_side = replace(portrait, turns=1)
    place = settled(models, portrait)
    x, y = place.centre
    turned_place = Place((y, 640 - x), place.side, place.angle - radians(90))
    turned = models.mesh.face(on_its_side, turned_place)
    assert upright is not None
    assert turned is not None
    assert turned.points[:, 0] == pytest.approx(upright.points[:, 1], abs=0.5)
    assert turned.points[:, 1] == pytest.approx(640 - upright.points[:, 0], abs=0.5)
    assert turned.light == pytest.approx(upright.light, abs=2)


def test_nothing_is_seen_where_no_face_is(models: FaceModels, portrait: Picture) -> None:
    assert models.mesh.face(portrait, Place((60.0, 420.0), 100.0, 0.0)) is None


def test_the_place_surrounds_the_landmarks() -> None:
    points = np.zeros((lm.COUNT, 3))
    points[:, 0] = np.linspace(10, 50, lm.COUNT)
    points[:, 1] = np.linspace(20, 100, lm.COUNT)
    points[lm.RIGHT_EYE_CORNER, :2], points[lm.LEFT_EYE_CORNER, :2] = (20, 40), (30, 50)
    place = place_of_landmarks(points)
    assert place.centre == pytest.approx((30, 60))
    assert place.side == pytest.approx(120)
    assert place.angle == pytest.approx(radians(45))


def test_a_place_within_the_models_noise_is_kept() -> None:
    assert followed(PLACE, Place((100.05, 80.0), 192.1, 0.1)) is PLACE


@pytest.mark.parametrize(
    "seen", [Place((100.2, 80.0), 192.0, 0.1), Place((100.0, 80.0), 193.0, 0.1), Place((100.0, 80.0), 192.0, 0.104)]
)
def test_a_place_that_moved_is_followed(seen: Place) -> None:
    assert followed(PLACE, seen) is seen
