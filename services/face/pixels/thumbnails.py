"""Thumbnails, so that people see which face is meant. No other pixels are ever kept."""

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.pixels.pictures import Picture, view_of

LONGEST_SIDE = 160
_MARGIN = 1.4
_QUALITY = 80


def face_thumbnail(picture: Picture, box: NDArray[np.float64]) -> bytes:
    """JPEG of a face box (left, top, right, bottom, pixels of the upright frame) with some margin, at most 160 px."""
    centre = (box[:2] + box[2:]) / 2
    side = float(_MARGIN * (box[2:] - box[:2]).max())
    pixels = max(1, min(LONGEST_SIDE, round(side)))
    return encoded_thumbnail(
        picture.rgb(view_of((float(centre[0]), float(centre[1])), side, 0.0, pixels), (pixels,) * 2)
    )


def encoded_thumbnail(rgb: NDArray[np.uint8]) -> bytes:
    """JPEG of a small picture (h, w, 3)."""
    encoded, jpeg = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not encoded:
        raise ValueError("the thumbnail could not be encoded")
    return bytes(jpeg.tobytes())


def times_within(start_s: float, end_s: float, count: int) -> list[float]:
    """`count` times, evenly over a window."""
    return [start_s + (i + 0.5) * (end_s - start_s) / count for i in range(count)]


def shares(total: int, windows: int) -> list[int]:
    """How many of `total` each window takes, as even as can be."""
    return [(i + 1) * total // windows - i * total // windows for i in range(windows)]
