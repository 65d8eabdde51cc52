"""One decoded frame in the decoder's format: only the pixels that are used are ever converted.

Coordinates are pixels of the *upright* frame, continuous, with the origin at the outer corner of the top left pixel
(so that the centre of that pixel is (0.5, 0.5)). A view is an affine map from a crop's coordinates to the frame's.
"""

from dataclasses import dataclass, replace
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

View = NDArray[np.float64]
"""(2, 3) affine map from crop coordinates to upright frame coordinates."""

Plane = NDArray[np.uint8]

# What is made smaller by more than this is halved first: more samples would cost more, and skip pixels all the same.
_HALVED_FROM = 2.5
_HALVING_MARGIN = 4
# Halving ends early where there is one pixel left: a plane that thin is not worth more samples.
_MOST_SAMPLES = 3
# Two samples a pixel even when nothing is made smaller: the step from one to two would show as a jump in sharpness
# when a face crosses it.
_LUMA_SAMPLES = 2


@dataclass(frozen=True)
class Picture:
    """A frame's planes as stored, and how to look at them.

    Attributes:
        luma: (h, w).
        blue: (h', w') chroma, any subsampling.
        red: (h', w') chroma.
        colour: (3, 4) float32 matrix from (Y, Cb, Cr, 1) to RGB, 0-255.
        turns: Quarter turns counter-clockwise that bring the stored picture upright.
    """

    luma: Plane
    blue: Plane
    red: Plane
    colour: NDArray[np.float32]
    turns: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        height, width = self.luma.shape
        return (height, width) if self.turns % 2 else (width, height)

    def lightness(self, view: View, size: tuple[int, int]) -> Plane:
        """Luma seen through `view`: (height, width) for a `size` of (width, height). Beyond the border it repeats."""
        return _sample(self.luma, self._stored(view), size, _LUMA_SAMPLES)

    def rgb(self, view: View, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Colours seen through `view`: (height, width, 3) for a `size` of (width, height)."""
        return self.in_colour(self.planes(view, size))

    def in_colour(self, planes: tuple[Plane, Plane, Plane]) -> NDArray[np.uint8]:
        """What `planes` gave as RGB: (height, width, 3)."""
        return np.asarray(cv2.transform(cv2.merge(planes), self.colour), dtype=np.uint8)

    def planes(self, view: View, size: tuple[int, int]) -> tuple[Plane, Plane, Plane]:
        """Luma and both chroma planes seen through `view`, likewise: (height, width) each."""
        stored = self._stored(view)
        height, width = self.blue.shape
        to_chroma = np.diag([width / self.luma.shape[1], height / self.luma.shape[0]])
        return (
            _sample(self.luma, stored, size, _LUMA_SAMPLES),
            _sample(self.blue, to_chroma @ stored, size, 1),
            _sample(self.red, to_chroma @ stored, size, 1),
        )

    def shrunk(self, longest: int) -> "Picture":
        """The same picture with its longer side at most `longest` pixels, each the mean of what it covers."""
        factor = longest / max(self.luma.shape)
        if factor >= 1:
            return self

        def smaller(plane: Plane) -> Plane:
            height, width = plane.shape
            size = (max(1, round(width * factor)), max(1, round(height * factor)))
            return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

        return replace(self, luma=smaller(self.luma), blue=smaller(self.blue), red=smaller(self.red))

    def _stored(self, view: View) -> View:
        """The view as a map from crop to stored coordinates."""
        height, width = self.luma.shape
        turn = {
            0: [[1, 0, 0], [0, 1, 0]],
            1: [[0, -1, width], [1, 0, 0]],
            2: [[-1, 0, width], [0, -1, height]],
            3: [[0, 1, 0], [-1, 0, height]],
        }[self.turns % 4]
        matrix = np.array(turn, dtype=np.float64)
        stored: View = matrix[:, :2] @ view
        stored[:, 2] += matrix[:, 2]
        return stored


def view_of(centre: tuple[float, float], side: float, angle: float, pixels: int) -> View:
    """View of a square of `side` frame pixels, turned by `angle` radians clockwise, in `pixels` × `pixels`."""
    scale = side / pixels
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cos, -sin], [sin, cos]])
    shift = np.asarray(centre) - linear @ np.full(2, pixels / 2)
    return np.column_stack([linear, shift])


def seen_from(view: View, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Crop coordinates (n, 2) as frame coordinates (n, 2)."""
    mapped: NDArray[np.float64] = points @ view[:, :2].T + view[:, 2]
    return mapped


def _sample(plane: Plane, stored: View, size: tuple[int, int], least_samples: int) -> Plane:
    """Sample a plane through a map from crop to plane coordinates.

    Bilinear interpolation alone would skip pixels where the crop is smaller than what it shows, and the aliases would
    move with the face: so the plane is halved as often as needed, several samples are taken along each side of a crop
    pixel, and averaged.
    """
    width, height = size
    scale = sqrt(abs(float(np.linalg.det(stored[:, :2]))))
    while scale >= _HALVED_FROM and min(plane.shape) > 1:
        plane, stored = _halved(plane, stored, size)
        scale /= 2
    samples = min(_MOST_SAMPLES, max(least_samples, round(scale)))
    linear = stored[:, :2] / samples
    # OpenCV puts the origin at the centre of the first pixel.
    shift = stored[:, 2] + linear @ np.full(2, 0.5) - 0.5
    sampled = cv2.warpAffine(
        plane,
        np.column_stack([linear, shift]),
        (width * samples, height * samples),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if samples > 1:
        sampled = cv2.resize(sampled, size, interpolation=cv2.INTER_AREA)
    return np.asarray(sampled, dtype=np.uint8)


def _halved(plane: Plane, stored: View, size: tuple[int, int]) -> tuple[Plane, View]:
    """The part of a plane that the crop shows, each pixel the mean of four, and the map to it.

    The fours are those of the whole plane, so that they stay the same ones while the crop moves.
    """
    corners = seen_from(stored, np.array([[0, 0], [size[0], 0], [0, size[1]], size], dtype=np.float64))
    ends = np.array(plane.shape[::-1]) // 2 * 2
    # Of a crop beside the plane, the border that repeats.
    low = np.clip(corners.min(axis=0) - _HALVING_MARGIN, 0, ends - 2).astype(int) // 2 * 2
    high = np.clip(corners.max(axis=0) + _HALVING_MARGIN, low + 2, ends).astype(int) // 2 * 2
    shown = plane[low[1] : high[1], low[0] : high[0]]
    half = cv2.resize(shown, (shown.shape[1] // 2, shown.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half, dtype=np.uint8), np.column_stack([stored[:, :2], stored[:, 2] - low]) / 2
