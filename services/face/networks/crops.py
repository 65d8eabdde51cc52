"""Input of the appearance network: portraits, upright, of one size, with a margin around the landmarks.

Training cuts portraits with the same code, so that the network sees in service exactly what it was trained on.
"""

import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.pixels.pictures import Picture, View, view_of

SIDE = 224
"""Pixels along each side of a portrait."""

MARGIN = 1.3
"""Side of a portrait as a multiple of the longer side of the box around the upright landmarks. It includes the contour
of the face, where an inserted face meets the original, hair and some of the background."""

LEAST_FACE_PX = 48.0
"""Faces with a smaller box in the frame have too few pixels to score."""


def face_portrait(picture: Picture, points: NDArray[np.float64], pixels: int = SIDE) -> NDArray[np.uint8]:
    """A portrait (pixels, pixels, 3), RGB: one frame in colour."""
    return picture.rgb(crop_view(points, pixels), (pixels, pixels))


def crop_view(points: NDArray[np.float64], pixels: int = SIDE, margin: float = MARGIN) -> View:
    """The view of a portrait of `pixels` × `pixels`: eyes level, centred on the box of the turned landmarks."""
    angle = eye_line_angle(points)
    cos, sin = np.cos(angle), np.sin(angle)
    # Rows are the axes of the crop in the frame.
    axes = np.array([[cos, sin], [-sin, cos]])
    turned = points[:, :2] @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    centre = ((low + high) / 2) @ axes
    return view_of((float(centre[0]), float(centre[1])), float(margin * (high - low).max()), angle, pixels)


def face_side(points: NDArray[np.float64]) -> float:
    """The longer side of the box around the landmarks, pixels of the frame."""
    flat = points[:, :2]
    return float((flat.max(axis=0) - flat.min(axis=0)).max())


def eye_line_angle(points: NDArray[np.float64]) -> float:
    """Angle of the line through the outer eye corners against the horizontal, radians clockwise."""
    across = points[lm.LEFT_EYE_CORNER, :2] - points[lm.RIGHT_EYE_CORNER, :2]
    return float(np.arctan2(across[1], across[0]))
