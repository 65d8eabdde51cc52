"""Finding faces."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.face.finding.detection import Detection, overlap
from services.face.networks.models import FaceModels
from services.face.pixels.frames import picture_of
from services.face.pixels.pictures import Picture, View
from tests.synthetic.videos import FaceVideo, images


def first_picture(video: FaceVideo) -> Picture:
    """The first frame of a video that is never encoded."""
    frame = av.VideoFrame.from_ndarray(next(images(video)), format="rgb24")
    return picture_of(frame)


def test_a_face_is_found_where_it_is(models: FaceModels) -> None:
    (face,) = models.detector.detect(first_picture(FaceVideo(iod=100)))
    # The eyes' middles lie a little above the middle of the face, two thirds of their outer corners' distance apart.
    assert face.eyes.mean(axis=0) == pytest.approx([320, 212], abs=12)
    assert np.linalg.norm(face.eyes[1] - face.eyes[0]) == pytest.approx(70, rel=0.1)


def test_the_larger_face_comes_first(models: FaceModels) -> None:
    faces = models.detector.detect(first_picture(FaceVideo(size=(1000, 480), iod=90, faces=2)))
    assert len(faces) == 2
    assert faces[0].area > 1.3 * faces[1].area
    assert faces[0].box[0] < faces[1].box[0]


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (1080, 2400), (2560, 1080)])
def test_a_face_of_a_ninth_of_the_width_is_found_once(models: FaceModels, size: tuple[int, int]) -> None:
    # A face is about 1.6 inter-ocular distances wide.
    assert len(models.detector.detect(first_picture(FaceVideo(size=size, iod=0.11 * 1080 / 1.6)))) == 1


def test_a_line_is_not_looked_at_again_and_again(models: FaceModels, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[View] = []

    def in_square(picture: Picture, view: View) -> list[Detection]:
        looks.append(view)
        return []

    monkeypatch.setattr(models.detector, "_in_square", in_square)
    assert models.detector.detect(first_picture(FaceVideo(size=(4000, 16), iod=4))) == []
    assert len(looks) == 6


def test_an_empty_picture_has_no_face(models: FaceModels) -> None:
    assert models.detector.detect(first_picture(FaceVideo(absent=((0, 1),)))) == []


def test_overlap_is_intersection_over_union() -> None:
    box = np.array([0.0, 0.0, 10.0, 10.0])
    assert overlap(box, box) == 1
    assert overlap(box, box + 5) == pytest.approx(25 / 175)
    assert overlap(box, box + 10) == 0
    assert overlap(np.zeros(4), np.zeros(4)) == 0


boxes = st.tuples(*[st.floats(-1e4, 1e4)] * 4).map(
    lambda edges: np.array([*np.minimum(edges[:2], edges[2:]), *np.maximum(edges[:2], edges[2:])])
)


@given(boxes, boxes)
def test_overlap_is_a_symmetric_share(one: NDArray[np.float64], other: NDArray[np.float64]) -> None:
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert overlap(one, other) == pytest.approx(overlap(other, one))
