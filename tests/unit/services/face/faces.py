"""Faces made of numbers: landmarks and pictures with known answers."""

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from services.face.mesh.light import CHANNELS, REGIONS
from services.face.mesh.mesh import Face
from services.face.pixels.pictures import Picture

Points = NDArray[np.float64]

_GREY = np.array([[1, 0, 0, 0]] * 3, np.float32)


def made_up_face(side: float, centre: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Landmarks (468, 2) with level eyes; the box around them is `side` high, 0.8 `side` wide and about `centre`."""
    points = np.random.default_rng(1).uniform(-0.3, 0.3, (lm.COUNT, 2))
    points[[10, 152, 234, 454]] = [(0, -0.5), (0, 0.5), (-0.4, 0), (0.4, 0)]
    points[[lm.RIGHT_EYE_CORNER, lm.LEFT_EYE_CORNER]] = [(-0.25, -0.15), (0.25, -0.15)]
    placed: Points = points * side + np.array(centre)
    return placed


def turned(points: Points, angle: float, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Points (n, 2) turned clockwise by `angle` radians, then scaled, then shifted."""
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    moved: Points = points @ np.array([[cos, sin], [-sin, cos]]) + np.array(shift)
    return moved


def in_grey(points: Points) -> Face:
    """A face of these landmarks in unchanging light."""
    return Face(points, np.full((REGIONS, CHANNELS), 128.0))


def grey_picture(luma: NDArray[np.uint8]) -> Picture:
    """A picture (h, w) without colours."""
    none = np.full(luma.shape, 128, np.uint8)
    return Picture(luma, none, none, _GREY)


def soft_noise(width: int, height: int, sigma: float = 6.0) -> NDArray[np.uint8]:
    """Blobs of grey, smooth enough to be turned and scaled without loss."""
    noise = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 1, (height, width)), (0, 0), sigma)
    return np.asarray(np.clip(128 + 50 * noise / noise.std(), 0, 255), dtype=np.uint8)
