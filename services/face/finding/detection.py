"""Face detection: MediaPipe's full-range detector on a small copy of the frame."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from services.face.mesh.graph import Graph
from services.face.mesh.quiet import quiet_import
from services.face.pixels.pictures import Picture, View, seen_from, view_of

with quiet_import():
    from mediapipe.modules.face_detection import face_detection_pb2  # the extension that the graph names

del face_detection_pb2

# Twice the detector's own input, so that a tile of a tall or wide frame is still seen at full detail.
LONGEST_COPY = 640
_INPUT_SIDE = 192
_LEAST_SCORE = 0.6
# What `mp.solutions.face_detection` runs. The least score asked of that does not reach its model; this one is in force.
_GRAPH = f"""
input_stream: "image"
output_stream: "detections"
node {{
  calculator: "FaceDetectionFullRangeCpu"
  input_stream: "IMAGE:image"
  output_stream: "DETECTIONS:detections"
  options {{ [mediapipe.FaceDetectionOptions.ext] {{ min_score_thresh: {_LEAST_SCORE} }} }}
}}
"""
# Above this, overlapping squares of the frame are searched as well: in the letterboxed frame a small face gets lost.
_LONG_ASPECT = 1.5
# From one square to the next, in sides: a face on the edge of one must lie within another. 16:9 takes two, 20:9 three.
_LONGEST_STEP = 0.82
# At most five squares: a frame of 8000 by 16 pixels would have five hundred.
_MOST_STEPS = 4
_SAME_FACE = 0.3


@dataclass(frozen=True)
class Detection:
    """A face found in one picture.

    Attributes:
        box: Left, top, right, bottom, pixels of the upright frame.
        eyes: (2, 2) the subject's right and left eye.
        score: Between 0 and 1.
    """

    box: NDArray[np.float64]
    eyes: NDArray[np.float64]
    score: float

    @property
    def area(self) -> float:
        """Area of the box, in square pixels."""
        left, top, right, bottom = self.box
        return float((right - left) * (bottom - top))


class FaceDetector:
    """Finds faces of any size down to about a tenth of the frame's width. Not safe for use by two threads at once."""

    def __init__(self) -> None:
        """Load the model, which comes inside the mediapipe wheel."""
        self._graph = Graph(_GRAPH, "detections", many=True)

    def detect(self, picture: Picture) -> list[Detection]:
        """Faces in a picture, largest first."""
        width, height = picture.size
        small = picture.shrunk(LONGEST_COPY)
        grow = np.array(picture.size) / np.array(small.size)
        found = [
            _scaled(detection, grow)
            for centre, side in _squares(*small.size)
            for detection in self._in_square(small, view_of(centre, side, 0.0, _INPUT_SIDE))
        ]
        inside = [
            face for face in found if 0 <= face.eyes.mean(axis=0)[0] < width and 0 <= face.eyes.mean(axis=0)[1] < height
        ]
        best_first = sorted(inside, key=lambda face: face.score, reverse=True)
        distinct: list[Detection] = []
        for face in best_first:
            if all(overlap(face.box, other.box) < _SAME_FACE for other in distinct):
                distinct.append(face)
        return sorted(distinct, key=lambda face: face.area, reverse=True)

    def _in_square(self, picture: Picture, view: View) -> list[Detection]:
        faces = []
        for found in self._graph.run(image=picture.rgb(view, (_INPUT_SIDE, _INPUT_SIDE))) or ():
            place = found.location_data.relative_bounding_box
            corners = np.array([[place.xmin, place.ymin], [place.xmin + place.width, place.ymin + place.height]])
            eyes = np.array([[point.x, point.y] for point in found.location_data.relative_keypoints[:2]])
            box = seen_from(view, corners * _INPUT_SIDE).ravel()
            faces.append(Detection(box, seen_from(view, eyes * _INPUT_SIDE), float(found.score[0])))
        return faces


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared
    return shared / union if union > 0 else 0.0


def _squares(width: int, height: int) -> list[tuple[tuple[float, float], float]]:
    """Centres and sides of the squares to look at: the whole frame, and a long one from end to end as well."""
    longer, shorter = max(width, height), min(width, height)
    whole = [((width / 2, height / 2), float(longer))]
    if longer < _LONG_ASPECT * shorter:
        return whole
    steps = min(ceil((longer / shorter - 1) / _LONGEST_STEP), _MOST_STEPS)
    middle = shorter / 2
    along = np.linspace(middle, longer - middle, steps + 1).tolist()
    return whole + [((place, middle) if width > height else (middle, place), float(shorter)) for place in along]


def _scaled(face: Detection, grow: NDArray[np.float64]) -> Detection:
    return Detection(face.box * np.tile(grow, 2), face.eyes * grow, face.score)
