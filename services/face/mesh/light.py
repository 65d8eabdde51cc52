"""Light and colour on a face and around it: means over regions, frame by frame.

Light falls on a head and its surroundings alike, and changes smoothly as the head turns. A face made frame by frame and
inserted among other pixels flickers differently. Güera and Delp 2018, *Deepfake Video Detection Using
Recurrent Neural Networks*, name light that differs from frame to frame among the traces of forgeries.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.pixels.pictures import Plane

Array = NDArray[np.float64]

# Face Mesh landmarks that a region is the convex hull of; of two, the subject's right comes first.
_INSIDE = tuple(
    np.array(corners)
    for corners in (
        (67, 109, 10, 338, 297, 336, 9, 107),  # forehead
        (116, 117, 118, 101, 36, 205, 187, 123),  # cheeks
        (345, 346, 347, 330, 266, 425, 411, 352),
        (168, 6, 197, 195, 5, 4, 45, 275, 51, 281, 3, 248),  # nose
        (33, 133, 159, 145, 158, 153, 160, 144),  # eyes
        (263, 362, 386, 374, 385, 380, 387, 373),
        (61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321),  # mouth
        (200, 199, 175, 152, 148, 377, 208, 428),  # chin
    )
)
_OUTLINE = np.array(lm.OVAL)
# What is around a face lies between its outline made larger by so much, and by so much.
_RING = (1.12, 1.45)
# It is cut into what is above, below, left and right, by lines from the middle in these directions.
_CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
_SIDES = ((0, 1), (2, 3), (3, 0), (1, 2))

REGIONS = len(_INSIDE) + len(_SIDES)
CHANNELS = 3
"""Lightness, and the chroma of blue and of red."""

_VALUES = np.arange(256, dtype=np.float64)
_LEAST_PIXELS = 4
_SUBPIXELS = 4  # bits


def light_on(planes: tuple[Plane, Plane, Plane], points: Array) -> Array:
    """Mean of each plane over each region, (REGIONS, CHANNELS), in steps of 8 bits; NaN where a region has no pixels.

    Args:
        planes: (side, side) each, of the face and what is around it.
        points: (468, 2+) landmarks in their pixels.
    """
    regions = _regions(points[:, :2], len(planes[0]))
    found = np.full((REGIONS, CHANNELS), np.nan)
    for channel, plane in enumerate(planes):
        # Of each region, how many pixels have each value: OpenCV counts them four times as fast as NumPy adds them.
        counts = cv2.calcHist([regions, plane], [0, 1], None, [REGIONS + 1, 256], [0, REGIONS + 1, 0, 256])[1:]
        total = counts.sum(axis=1)
        np.divide(counts @ _VALUES, total, out=found[:, channel], where=total >= _LEAST_PIXELS)
    return found


def _regions(points: Array, side: int) -> NDArray[np.uint8]:
    """Number of the region of each pixel, from 1; 0 for none."""
    regions, outer = np.zeros((2, side, side), np.uint8)
    outline = points[_OUTLINE]
    middle = outline.mean(axis=0)
    inner_ring, outer_ring = (middle + (outline - middle) * scale for scale in _RING)
    for number, corners in enumerate(_SIDES, 1 + len(_INSIDE)):
        _fill(regions, np.vstack([middle, middle + 2 * side * _CORNERS[list(corners)]]), number)
    _fill(outer, outer_ring, 255)
    cv2.bitwise_and(regions, outer, dst=regions)
    _fill(regions, inner_ring, 0)
    for number, inside in enumerate(_INSIDE, 1):
        _fill(regions, cv2.convexHull(points[inside].astype(np.float32))[:, 0], number)
    return regions


def _fill(regions: NDArray[np.uint8], corners: Array, number: int) -> None:
    # OpenCV puts the origin at the centre of the first pixel.
    fixed = np.round((corners - 0.5) * 2**_SUBPIXELS).astype(np.int32)
    cv2.fillPoly(regions, [fixed], number, shift=_SUBPIXELS)
