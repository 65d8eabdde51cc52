"""MediaPipe graphs run as functions give what MediaPipe's own wrapper gives."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.finding import detection
from services.face.mesh.graph import Graph
from services.face.mesh.quiet import quiet_import
from tests.synthetic.videos import FaceVideo, images

with quiet_import():
    from mediapipe.python.solutions.face_detection import FaceDetection


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """A face, 192 × 192."""
    whole = next(images(FaceVideo(size=(192, 192), iod=40.0)))
    return np.ascontiguousarray(whole, dtype=np.uint8)


def test_it_finds_what_the_solution_finds(portrait: NDArray[np.uint8]) -> None:
    with quiet_import():
        solution = FaceDetection(model_selection=1)
        graph = Graph(detection._GRAPH, "detections", many=True)
    expected = solution.process(portrait).detections
    assert len(expected) == 1
    assert graph.run(image=portrait) == list(expected)


def test_nothing_is_kept_from_one_input_to_the_next(portrait: NDArray[np.uint8]) -> None:
    with quiet_import():
        graph = Graph(detection._GRAPH, "detections", many=True)
    first = graph.run(image=portrait)
    assert not graph.run(image=np.zeros_like(portrait))
    assert graph.run(image=portrait) == first
