"""Landmarks of one face at a known position: MediaPipe's Face Mesh model without its tracker.

`mp.solutions.face_mesh` finds a face with its short-range detector, which misses small ones, and keeps the place in the
coordinates of a picture that must not change. Its landmark model alone, as a graph of our own, takes any place in any
frame: so there is no state to reset between windows, no crop to move, and one model serves every face.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.mesh.graph import Graph
from services.face.mesh.light import light_on
from services.face.mesh.quiet import quiet_import
from services.face.pixels.pictures import Picture, View, seen_from, view_of

with quiet_import():
    from google.protobuf.message import Message
    from mediapipe.framework.formats.rect_pb2 import NormalizedRect

_GRAPH = """
input_stream: "image"
input_stream: "place"
input_side_packet: "with_attention"
output_stream: "landmarks"
node {
  calculator: "FaceLandmarkCpu"
  input_stream: "IMAGE:image"
  input_stream: "ROI:place"
  input_side_packet: "WITH_ATTENTION:with_attention"
  output_stream: "LANDMARKS:landmarks"
}
"""
_INPUT_SIDE = 192
# One landmark on the wire: the head of its message, then each field after its tag.
_LANDMARK = np.dtype([("head", "u1", 3), ("x", "<f4"), ("tag_y", "u1"), ("y", "<f4"), ("tag_z", "u1"), ("z", "<f4")])
# What Face Mesh puts around a face: half as much again as the box of its landmarks.
_MARGIN = 1.5
# The model's own noise moves the place by a fiftieth of an input pixel from one identical frame to the next, and the
# moved place makes new noise. A place that moves less than this, in input pixels, stays where it is.
_HOLD = 0.1


@dataclass(frozen=True)
class Place:
    """The square a face is looked for in: pixels of the upright frame, and radians clockwise."""

    centre: tuple[float, float]
    side: float
    angle: float

    @property
    def view(self) -> View:
        """How the model sees the place."""
        return view_of(self.centre, self.side, self.angle, _INPUT_SIDE)


@dataclass(frozen=True)
class Face:
    """What was found in a place.

    Attributes:
        points: (468, 3) landmarks in pixels of the upright frame, depth in the same unit.
        light: (REGIONS, CHANNELS) on the face and around it, of `services.face.mesh.light`.
    """

    points: NDArray[np.float64]
    light: NDArray[np.float64]


class FaceMesh:
    """Estimates 468 landmarks. Not safe for use by two threads at once."""

    def __init__(self) -> None:
        """Load the model, which comes inside the mediapipe wheel.

        The variant with attention (`refine_landmarks`) is not used: while tracking it swings by itself, by 0.14 pixels
        on identical frames.
        """
        self._graph = Graph(_GRAPH, "landmarks", with_attention=False)
        self._whole = NormalizedRect(x_center=0.5, y_center=0.5, width=1.0, height=1.0)

    def face(self, picture: Picture, place: Place) -> Face | None:
        """The face in a place; None where there is none."""
        view = place.view
        planes = picture.planes(view, (_INPUT_SIDE, _INPUT_SIDE))
        found = self._graph.run(image=picture.in_colour(planes), place=self._whole)
        if found is None:
            return None
        points = coordinates(found) * _INPUT_SIDE
        flat = seen_from(view, points[:, :2])
        whole = np.column_stack([flat, points[:, 2] * place.side / _INPUT_SIDE])
        return Face(whole, light_on(planes, points))


def coordinates(landmarks: Message) -> NDArray[np.float64]:
    """A `NormalizedLandmarkList` of the model as an array (n, 3).

    Read off the wire, where each landmark takes the same few bytes: asking 468 messages for their fields takes a tenth
    of the time that the model does.
    """
    wire = np.frombuffer(landmarks.SerializeToString(), _LANDMARK)
    return np.column_stack([wire["x"], wire["y"], wire["z"]]).astype(np.float64)


def place_of_landmarks(points: NDArray[np.float64]) -> Place:
    """Where to look for a face next, from its landmarks (468, 2+) now."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    centre = (low + high) / 2
    return Place(
        (float(centre[0]), float(centre[1])),
        float(_MARGIN * (high - low).max()),
        _angle(points[lm.RIGHT_EYE_CORNER, :2], points[lm.LEFT_EYE_CORNER, :2]),
    )


def place_of_detection(box: NDArray[np.float64], eyes: NDArray[np.float64]) -> Place:
    """Where to look for a face the detector found: its box (left, top, right, bottom) and eyes (2, 2)."""
    centre = (box[:2] + box[2:]) / 2
    return Place((float(centre[0]), float(centre[1])), float(_MARGIN * (box[2:] - box[:2]).max()), _angle(*eyes))


def followed(place: Place, seen: Place) -> Place:
    """The place for the next frame: what was seen, unless it moved by less than the model's own noise."""
    unit = _HOLD * place.side / _INPUT_SIDE
    moved = float(np.hypot(seen.centre[0] - place.centre[0], seen.centre[1] - place.centre[1]))
    turned = abs(np.angle(np.exp(1j * (seen.angle - place.angle)))) * place.side / 2
    if moved < unit and abs(seen.side - place.side) < 2 * unit and turned < 2 * unit:
        return place
    return seen


def _angle(right_eye: NDArray[np.float64], left_eye: NDArray[np.float64]) -> float:
    across = left_eye - right_eye
    return float(np.arctan2(across[1], across[0]))
