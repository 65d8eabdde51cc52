"""Input of the texture network: face crops, upright, of one size, with a margin around the landmarks.

Its input is a *snippet*, the lightness of three successive frames: a face inserted frame by frame jitters, and its
grain does not move with it. Training cuts snippets with the same code, so that the network sees in service exactly what
it was trained on.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.pixels.pictures import Picture, View, view_of

SIDE = 192
"""Pixels along each side of the network's input."""

MARGIN = 1.114
"""Side of the crop as a multiple of the longer side of the box around the upright landmarks. It includes
the contour of the face, where an inserted face meets the original; a wider margin would cost pixels of the face."""

FRAMES = 3
"""Successive frames of a snippet."""

LEAST_FACE_PX = 48.0
"""Faces with a smaller box in the frame have too few pixels to score."""


def face_snippet(
    frames: Sequence[Picture], points: NDArray[np.float64], pixels: int = SIDE, margin: float = MARGIN
) -> NDArray[np.uint8]:
    """A snippet (pixels, pixels, len(frames)): the lightness of successive frames, oldest first.

    `points` (468, 2+) are the landmarks in the last of them, pixels of the upright frame. All frames are cropped
    where the face is in the last one, so that movement stays visible.
    """
    view = crop_view(points, pixels, margin)
    return np.stack([frame.lightness(view, (pixels, pixels)) for frame in frames], axis=2)


def face_crop(picture: Picture, points: NDArray[np.float64], pixels: int = SIDE) -> NDArray[np.uint8]:
    """The same crop of one frame in colour, for display: (pixels, pixels, 3), RGB."""
    return picture.rgb(crop_view(points, pixels), (pixels, pixels))


def crop_view(points: NDArray[np.float64], pixels: int = SIDE, margin: float = MARGIN) -> View:
    """The view of a face's crop of `pixels` × `pixels`: eyes level, centred on the box of the turned landmarks."""
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
