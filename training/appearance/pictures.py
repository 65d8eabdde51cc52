"""Portraits that the appearance network learns from: as they are, augmented, and forged beside their twins."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.networks.crops import SIDE
from training.data.crops import WIDE_SIDE, Portraits, middle
from training.forgeries.appearance import Pixels, Resampling, draw_change
from training.forgeries.blending import Points, draw_motion
from training.forgeries.masks import draw_mask_shape
from training.forgeries.reencoding import Augmentation, augmented, draw_augmentation

PLAIN = 4
"""Portraits of each video that are scored."""
PICTURES_LAYOUT = 1
"""Raised when portraits are forged or augmented differently."""

_PAIRS = 6
_AUGMENTED = 3
# A swap, an early swap, a lip sync in two widths: those who repaint the mouth change nothing else.
_REGIONS = ("face", "inner", "lower", "mouth")
_OPACITIES = (0.5, 0.75, 1.0, 1.0, 1.0)
_RECOMPRESSED = 0.7


class Kind(IntEnum):
    """What is known of a picture, whether it belongs to a real or a fake video."""

    PLAIN = 0
    AUGMENTED = 1
    TWIN = 2  # of a real video, processed like the forgery that comes next, but not forged
    FORGED = 3


@dataclass(frozen=True)
class Pictures:
    """Pictures of one video.

    Attributes:
        pixels: (n, SIDE, SIDE, 3) uint8, RGB.
        kind: (n,) values of `Kind`; each `TWIN` is followed by its `FORGED`.
    """

    pixels: NDArray[np.uint8]
    kind: NDArray[np.int64]


def pictures_of(cut: Portraits, fake: bool, augmentation_id: int, seed: int) -> Pictures:
    """Training pictures of one video.

    Args:
        cut: its portraits.
        fake: whether it is one.
        augmentation_id: videos with the same number get the same augmentations.
        seed: of all random draws.
    """
    pixels: list[Pixels] = []
    kinds: list[Kind] = []
    for number in _spread(len(cut), PLAIN):
        pixels.append(middle(cut.pixels[number], SIDE))
        kinds.append(Kind.PLAIN)
    for turn, number in enumerate(_spread(len(cut), _AUGMENTED)):
        rng = np.random.default_rng([seed, augmentation_id, turn])
        pixels += _augmented([cut.pixels[number]], cut.scale[number], rng)
        kinds.append(Kind.AUGMENTED)
    if not fake:
        rng = np.random.default_rng([seed, *hashlib.sha256(cut.points.tobytes()).digest()])
        for number in _spread(len(cut), _PAIRS):
            pair = forged(cut.pixels[number], cut.points[number], _REGIONS[rng.integers(len(_REGIONS))], rng)
            pixels += _augmented(pair, cut.scale[number], rng)
            kinds += [Kind.TWIN, Kind.FORGED]
    return Pictures(np.array(pixels, np.uint8).reshape(-1, SIDE, SIDE, 3), np.array(kinds, np.int64))


def forged(picture: Pixels, points: Points, region: str, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """A region of a face blended into itself after a slight change, and its twin without the region, which comes first.

    The change is made to what is put in or to what it is put into; the twin is what it was put into, so that nothing
    but two histories in one picture tells them apart (Shiohara and Yamasaki 2022).
    """
    shape, change, motion = draw_mask_shape(rng, region), draw_change(rng), draw_motion(rng)
    changed = change.of(picture, rng)
    layer, target = (changed, picture) if rng.random() < 0.5 else (picture, changed)
    mask = shape.of(points, len(picture))[..., np.newaxis] * np.float32(rng.choice(_OPACITIES))
    blended = motion.of(layer) * mask + target * (1 - mask)
    return target, np.clip(np.round(blended), 0, 255).astype(np.uint8)


def _spread(held: int, wanted: int) -> list[int]:
    """Indices of at most so many, spread evenly."""
    return np.unique(np.linspace(0, held - 1, min(wanted, held)).round().astype(int)).tolist() if held else []


def _augmented(pictures: Sequence[Pixels], scale: float, rng: np.random.Generator) -> list[Pixels]:
    """Pictures of one size augmented alike at the size they have in their video, and then placed alike."""
    own = Resampling(min(scale, 1.0))
    drawn = draw_augmentation(rng) if rng.random() < _RECOMPRESSED else Augmentation()
    small = augmented([own.down(one) for one in pictures], drawn, rng)
    place = _draw_place(rng)
    size = (SIDE, SIDE)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return [
        np.asarray(cv2.warpAffine(own.up(one, was.shape), place, size, flags=flags, borderMode=cv2.BORDER_REFLECT))
        for one, was in zip(small, pictures, strict=True)
    ]


def _draw_place(rng: np.random.Generator) -> NDArray[np.float64]:
    """A random shift, rotation, scaling and mirroring: (2, 3), from pixels of the result to those of the portrait."""
    scale, angle, moved = rng.uniform(0.9, 1.12), np.deg2rad(rng.uniform(-8, 8)), rng.uniform(-10, 10, 2)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    centre, middle_px = np.full(2, (WIDE_SIDE - 1) / 2) + moved, np.full(2, (SIDE - 1) / 2)
    return np.column_stack([linear, centre - linear @ middle_px])
