"""A photograph that blinks and opens its mouth: NASA's portrait of Eileen Collins, which comes with scikit-image.

Eyes and mouth were measured by hand in the photograph, so that what the tests know does not come from what they test.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

Image = NDArray[np.uint8]

# Pixels of the photograph, 512 × 512.
FACE_CENTRE = (224.0, 122.0)
IOD = 63.0
_MOUTH_INSIDE = (58, 22, 24)


@dataclass(frozen=True)
class _Eye:
    x: float
    y: float
    half_width: float = 11.0
    half_height: float = 4.6


_EYES = (_Eye(203.5, 101.2), _Eye(246.8, 103.6))
# From the lashes up to the brow: the skin a closing lid is stretched from.
_LID_TO_BROW = 8.0

_MOUTH_X, _MOUTH_HALF_WIDTH = 221.5, 20.0
# The lower edge of the upper teeth, a parabola through its middle and its ends.
_TEETH_Y, _TEETH_CURVE = 149.5, 7.0
_JAW_END_Y = 190.0
_WIDEST_OPENING = 14.0


class Portrait:
    """The photograph at one size, ready to be posed.

    Args:
        scale: Pixels for each pixel of the photograph.
    """

    def __init__(self, scale: float) -> None:
        """Resize once."""
        photograph: Image = data.astronaut()  # type: ignore[no-untyped-call]
        side = round(photograph.shape[0] * scale)
        how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        self.scale = side / photograph.shape[0]
        self._image = np.asarray(cv2.resize(photograph, (side, side), interpolation=how), dtype=np.uint8)

    def posed(self, lids: float, mouth: float) -> Image:
        """The portrait, (h, w, 3) RGB.

        Args:
            lids: 0 for open eyes to 1 for closed ones.
            mouth: 0 for the smile of the photograph to 1 for a mouth opened by a fifth of the inter-ocular distance.
        """
        image = self._image.copy()
        if lids > 0:
            for eye in _EYES:
                self._close(image, eye, lids)
        if mouth > 0:
            self._open(image, mouth * _WIDEST_OPENING)
        return image

    def _close(self, image: Image, eye: _Eye, lids: float) -> None:
        """Stretch the skin above the eye downwards over it."""
        top = eye.y - eye.half_height - _LID_TO_BROW
        patch, x, y = self._grid(eye.x - eye.half_width, top, eye.x + eye.half_width, eye.y + eye.half_height + 2)
        lens = eye.half_height * np.sqrt(np.clip(1 - ((x - eye.x) / eye.half_width) ** 2, 0, None))
        lashes = eye.y - lens
        edge = lashes + lids * 2 * lens
        source = np.where(y < edge, top + (y - top) * (lashes - top) / (edge - top), y)
        image[patch] = self._moved(x, source)

    def _open(self, image: Image, opening: float) -> None:
        """Move what is below the teeth downwards, and show the inside of the mouth in between."""
        left, right = _MOUTH_X - _MOUTH_HALF_WIDTH, _MOUTH_X + _MOUTH_HALF_WIDTH
        patch, x, y = self._grid(left, _TEETH_Y - _TEETH_CURVE - 1, right, _JAW_END_Y)
        arch = ((x - _MOUTH_X) / _MOUTH_HALF_WIDTH) ** 2
        teeth = _TEETH_Y - _TEETH_CURVE * arch
        gap = opening * np.clip(1 - arch, 0, None)
        jaw = _JAW_END_Y - teeth
        below = teeth + (y - teeth - gap) * jaw / (jaw - gap)
        moved = self._moved(x, np.where(y < teeth, y, below))
        # Soft over a pixel, as a photograph would be.
        inside = np.clip((y - teeth) * self.scale, 0, 1) * np.clip((teeth + gap - y) * self.scale, 0, 1)
        mixed = moved + inside[..., None] * (np.array(_MOUTH_INSIDE) - moved)
        image[patch] = np.round(mixed).astype(np.uint8)

    def _grid(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[tuple[slice, slice], NDArray[np.float64], NDArray[np.float64]]:
        """A patch of the image, and the photograph's coordinates of its pixels."""
        columns = np.arange(round(left * self.scale), round(right * self.scale))
        rows = np.arange(round(top * self.scale), round(bottom * self.scale))
        x, y = np.meshgrid((columns + 0.5) / self.scale, (rows + 0.5) / self.scale)
        return (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)), x, y

    def _moved(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> Image:
        across, down = ((places * self.scale - 0.5).astype(np.float32) for places in (x, y))
        moved = cv2.remap(self._image, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, dtype=np.uint8)
