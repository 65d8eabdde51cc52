"""How a moment of the bank is shown to a network: never twice alike, but a forgery and what it was made of alike."""

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
    """Where in a moment a network looks, and in what light.

    Attributes:
        place: (2, 3) from pixels of what is seen to those of the moment.
        tones: (256,) what each value becomes.
    """

    place: NDArray[np.float64]
    tones: NDArray[np.uint8]

    def of(self, moment: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What is seen (SIDE, SIDE, FRAMES) of a moment (BANK_SIDE, BANK_SIDE, FRAMES)."""
        seen = cv2.warpAffine(np.asarray(moment), self.place, (SIDE, SIDE), flags=_WARP, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(cv2.LUT(seen, self.tones), dtype=np.uint8)

    def places(self, share: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How much of each place (PLACES, PLACES) seen is forged, 0 to 1, of `training.bank.Pictures.share`."""
        coarse = np.column_stack([self.place[:, :2], self.place[:, 2] / _COARSER])
        side = round(SIDE / _COARSER)
        seen = cv2.warpAffine(np.asarray(share), coarse, (side, side), flags=_WARP)
        seen = cv2.resize(seen, (PLACES, PLACES), interpolation=cv2.INTER_AREA)
        return np.asarray(seen / 255, dtype=np.float32)


def draw_view(rng: np.random.Generator) -> View:
    """Shifted, turned, scaled, mirrored and lit a little."""
    gamma = np.exp(rng.uniform(-0.3, 0.3)) if rng.random() < 0.5 else 1.0
    tones = np.clip(255 * (np.arange(256) / 255) ** gamma * rng.uniform(0.9, 1.1), 0, 255)
    return View(_draw_place(rng), tones.astype(np.uint8))


def _draw_place(rng: np.random.Generator) -> NDArray[np.float64]:
    scale, angle = rng.uniform(0.9, 1.1), np.deg2rad(rng.uniform(-6, 6))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    centre = np.full(2, BANK_SIDE / 2) + rng.uniform(-0.05, 0.05, 2) * SIDE
    return np.column_stack([linear, centre - linear @ np.full(2, SIDE / 2)])
