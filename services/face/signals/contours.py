"""Contours of the face, a few times a second, for drawing over the video only."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.signals.geometry import face_boxes
from services.face.windows import Contours

_A_SECOND: Final = 10
# Time stamps are rounded, to a millisecond in some containers.
_ROUNDING_S: Final = 1e-3
_LEAST_SIDE_PX: Final = 1.0

_POINTS: Final = np.array([point for line in lm.CONTOURS for point in line.points])


def contours(points: NDArray[np.float64], times_s: NDArray[np.float64]) -> Contours:
    """The lines of `landmarks.CONTOURS` in the first entry of each tenth of a second of the video's clock.

    Args:
        points: (n, 468, 2+) landmarks, pixels.
        times_s: (n,) their times, ascending.
    """
    _, entries = np.unique(np.floor(_A_SECOND * (times_s + _ROUNDING_S)), return_index=True)
    drawn = points[entries]
    corner, size = np.split(face_boxes(drawn)[:, None], 2, axis=-1)
    return Contours(entries, (drawn[:, _POINTS, :2] - corner) / np.maximum(size, _LEAST_SIDE_PX))


def steps(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Points (k, m, 2) of contours as notreally.v1.FaceContours.steps, (2 k m,)."""
    thousandths = np.rint(1000 * points).astype(np.int64)
    # Neighbours on a line are near each other: most of their differences take a byte, where places would take two.
    return np.diff(thousandths, axis=1, prepend=0).ravel()
