"""How much eyes and mouth stand out, measured on a crop of fixed size: next to nothing where something covers them.

The crop is rotated upright and scaled to an inter-ocular distance of 100 px.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.pixels.pictures import Picture, View, view_of
from services.face.windows import Texture

_SIDE = 340
_IOD = 100.0
# Fewer pixels than this are no sample of anything.
_LEAST_PIXELS = 200
# An eye that is nearly closed is small.
_LEAST_OF_AN_EYE = 60
_SUBPIXEL_BITS = 4

# Landmarks around each eye between its lids, on each cheek, and around the lips.
_EYES = (np.array((33, 133, 159, 145, 158, 153, 160, 144)), np.array((263, 362, 386, 374, 385, 380, 387, 373)))
_CHEEKS = (np.array((116, 117, 118, 101, 36, 205, 187, 123)), np.array((345, 346, 347, 330, 266, 425, 411, 352)))
_MOUTH = np.array((61, 291, 0, 17, 37, 267, 84, 314, 40, 270, 91, 321))

Mask = NDArray[np.bool_]


def measure_texture(picture: Picture, points: NDArray[np.float64], entry: int) -> Texture:
    """Texture of the face with landmarks `points` (468, 2+), pixels of the upright frame.

    Values are in steps of 8-bit lightness; NaN where too little of an area lies inside the frame.
    """
    view = canonical_view(points)
    lightness = picture.lightness(view, (_SIDE, _SIDE)).astype(np.float32)
    visible = _visible(view, picture.size)
    eyes = [_in_crop(points, eye, view) & visible for eye in _EYES]
    cheeks = np.logical_or(*(_in_crop(points, cheek, view) for cheek in _CHEEKS)) & visible
    return Texture(
        entry,
        eyes_contrast=min(_contrast(lightness, eye) for eye in eyes),
        eyes_lightness=_median(lightness, np.logical_or(*eyes)) / max(1.0, _median(lightness, cheeks)),
        mouth_contrast=_contrast(lightness, _in_crop(points, _MOUTH, view) & visible),
    )


def canonical_view(points: NDArray[np.float64]) -> View:
    """View of the canonical crop of a face."""
    across = points[lm.LEFT_EYE_CORNER, :2] - points[lm.RIGHT_EYE_CORNER, :2]
    iod = float(np.linalg.norm(across))
    oval = points[np.array(lm.OVAL), :2]
    middle = (oval.min(axis=0) + oval.max(axis=0)) / 2
    side, angle = _SIDE * iod / _IOD, float(np.arctan2(across[1], across[0]))
    return view_of((float(middle[0]), float(middle[1])), side, angle, _SIDE)


def _in_crop(points: NDArray[np.float64], area: NDArray[np.int64], view: View) -> Mask:
    """What lies among some landmarks."""
    places = (points[area, :2] - view[:, 2]) @ np.linalg.inv(view[:, :2]).T
    return _filled(cv2.convexHull(places.astype(np.float32))[:, 0].astype(np.float64))


def _contrast(lightness: NDArray[np.float32], area: Mask) -> float:
    """How much lightness varies over an area: next to nothing where something even covers an eye or a mouth."""
    chosen = lightness[area]
    return float(np.std(chosen)) if chosen.size >= _LEAST_OF_AN_EYE else float("nan")


def _filled(corners: NDArray[np.float64]) -> Mask:
    outline = (corners - 0.5) * (1 << _SUBPIXEL_BITS)
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1, shift=_SUBPIXEL_BITS)
    return mask.astype(bool)


def _visible(view: View, size: tuple[int, int]) -> Mask:
    """Which pixels of the crop show the frame, not what lies beyond its border."""
    steps = np.arange(_SIDE) + 0.5
    inside = np.ones((_SIDE, _SIDE), dtype=bool)
    for (along_x, along_y, shift), end in zip(view, size, strict=True):
        places = along_x * steps[None, :] + (along_y * steps[:, None] + shift)
        inside &= (places >= 0) & (places < end)
    return inside


def _median(values: NDArray[Any], mask: Mask) -> float:
    chosen = values[mask]
    return float(np.median(chosen)) if chosen.size >= _LEAST_PIXELS else float("nan")
