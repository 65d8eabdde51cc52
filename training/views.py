"""How a picture of the bank is shown to a network: never twice alike, but a forgery and what it was made of alike."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.crops import SIDE
from training.bank import BANK_SIDE, SHARE_SIDE

PLACE_PX = 16
"""Pixels along each side of a place that the network speaks of."""

PLACES = SIDE // PLACE_PX
"""Along each side."""

_COARSER = BANK_SIDE / SHARE_SIDE
_WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True)
class View:
    """Where in a picture a network looks, in what light, and how often the picture was compressed before.

    Attributes:
        place: (2, 3) from pixels of what is seen to those of the picture.
        tones: (1, 256, 3) what each value becomes.
        grey: without colour.
        jpeg: quality of a JPEG on the way; None without one.
    """

    place: NDArray[np.float64]
    tones: NDArray[np.uint8]
    grey: bool
    jpeg: int | None

    def of(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What is seen (SIDE, SIDE, 3) of a picture (BANK_SIDE, BANK_SIDE, 3), RGB."""
        seen = cv2.warpAffine(np.asarray(picture), self.place, (SIDE, SIDE), flags=_WARP, borderMode=cv2.BORDER_REFLECT)
        seen = cv2.LUT(seen, self.tones)
        if self.grey:
            seen = cv2.cvtColor(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        if self.jpeg is not None:
            _, written = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, self.jpeg])
            seen = np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR))
        return np.asarray(seen, dtype=np.uint8)

    def places(self, share: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How much of each place (PLACES, PLACES) seen is forged, 0 to 1, of `training.bank.Pictures.share`."""
        coarse = np.column_stack([self.place[:, :2], self.place[:, 2] / _COARSER])
        side = round(SIDE / _COARSER)
        seen = cv2.warpAffine(np.asarray(share), coarse, (side, side), flags=_WARP)
        seen = cv2.resize(seen, (PLACES, PLACES), interpolation=cv2.INTER_AREA)
        return np.asarray(seen / 255, dtype=np.float32)


def draw_view(rng: np.random.Generator) -> View:
    """Shifted, turned, scaled, mirrored, tinted, lit and compressed a little."""
    gamma = np.exp(rng.uniform(-0.3, 0.3)) if rng.random() < 0.5 else 1.0
    gains = rng.uniform(0.9, 1.1, 3) if rng.random() < 0.5 else np.ones(3)
    tones = np.clip(255 * (np.arange(256) / 255)[:, np.newaxis] ** gamma * gains, 0, 255)
    return View(
        _draw_place(rng),
        np.asarray(tones[np.newaxis], dtype=np.uint8),
        grey=bool(rng.random() < 0.1),
        jpeg=int(rng.integers(40, 96)) if rng.random() < 0.3 else None,
    )


def _draw_place(rng: np.random.Generator) -> NDArray[np.float64]:
    scale, angle = rng.uniform(0.9, 1.1), np.deg2rad(rng.uniform(-6, 6))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    centre = np.full(2, BANK_SIDE / 2) + rng.uniform(-0.05, 0.05, 2) * SIDE
    return np.column_stack([linear, centre - linear @ np.full(2, SIDE / 2)])
