"""Geometric and photometric augmentation of training snippets, the same for a forgery and its twin.

There are few people to learn from. Warped, in another light and partly covered, a face looks like somebody else every
time, while the traces of a forgery remain. Training takes longer for it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.networks.crops import SIDE
from training.forgeries.masks import smooth_field
from training.networks.snippets import MASK_SIDE, SNIPPET_SIDE

PATCH_PX = 16
"""Pixels along each side of a patch."""

PATCHES = SIDE // PATCH_PX
"""Patches along each side."""

_COARSER = SNIPPET_SIDE // MASK_SIDE
_BEND_NODES, _SHADE_NODES = 5, 3
_WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

_Field = tuple[NDArray[np.float32], NDArray[np.float32]]


class Cutout(NamedTuple):
    """A rectangle filled with one grey (DeVries and Taylor 2017), in pixels; it may reach beyond the edge."""

    left: int
    top: int
    right: int
    bottom: int
    grey: int


@dataclass(frozen=True)
class View:
    """One augmentation of a snippet.

    Attributes:
        place: (2, 3) affine map from pixels of the view to those of the snippet.
        tones: (256,) tone curve.
        bend: (2, n, n) nodes of a smooth displacement field, pixels across and down (elastic deformation).
        shade: (m, m) nodes of a smooth field of light, logarithms of its strength.
        cutouts: rectangles that are covered.
    """

    place: NDArray[np.float64]
    tones: NDArray[np.uint8]
    bend: NDArray[np.float32] | None = None
    shade: NDArray[np.float32] | None = None
    cutouts: tuple[Cutout, ...] = ()

    def of(self, snippet: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The view (SIDE, SIDE, FRAMES) of a snippet (SNIPPET_SIDE, SNIPPET_SIDE, FRAMES)."""
        seen = self._looked_at(np.asarray(snippet), self.place, self._bent, SIDE, cv2.BORDER_REFLECT)
        seen = np.asarray(cv2.LUT(seen, self.tones), dtype=np.uint8)
        if self.shade is not None:
            light = np.exp(cv2.resize(self.shade, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))
            seen = np.clip(np.round(seen * light[..., np.newaxis]), 0, 255).astype(np.uint8)
        for left, top, right, bottom, grey in self.cutouts:
            seen[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = grey
        return seen

    def patches(self, mask: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How much of each patch (PATCHES, PATCHES) is forged, 0 to 1, from `Snippets.mask`."""
        linear, first = self.place[:, :2], np.full(2, (_COARSER - 1) / 2)  # middle of the first coarse pixel
        coarse = np.column_stack([linear, (linear @ first + self.place[:, 2] - first) / _COARSER])
        side = SIDE // _COARSER
        bent = self._bent and (_smaller(self._bent[0] / _COARSER, side), _smaller(self._bent[1] / _COARSER, side))
        seen = self._looked_at(np.asarray(mask), coarse, bent, side, cv2.BORDER_CONSTANT)
        return _smaller(seen.astype(np.float32) / 255, PATCHES)

    def shown(self) -> NDArray[np.float32]:
        """How much of each patch (PATCHES, PATCHES) is not covered, 0 to 1."""
        seen = np.ones((SIDE, SIDE), np.float32)
        for left, top, right, bottom, _ in self.cutouts:
            seen[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 0
        return _smaller(seen, PATCHES)

    @cached_property
    def _bent(self) -> _Field | None:
        return None if self.bend is None else smooth_field(self.bend, SIDE)

    @staticmethod
    def _looked_at(
        pixels: NDArray[np.uint8], place: NDArray[np.float64], bent: _Field | None, side: int, border: int
    ) -> NDArray[np.uint8]:
        if bent is None:
            seen = cv2.warpAffine(pixels, place, (side, side), flags=_WARP, borderMode=border)
        else:
            steps = np.arange(side, dtype=np.float32)
            (a, b, c), (d, e, f) = place.astype(np.float32)
            across = a * steps + b * steps[:, np.newaxis] + c + bent[0]
            down = d * steps + e * steps[:, np.newaxis] + f + bent[1]
            seen = cv2.remap(pixels, across, down, cv2.INTER_LINEAR, borderMode=border)
        return np.asarray(seen, dtype=np.uint8)


def _smaller(values: NDArray[np.floating[Any]], side: int) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA), dtype=np.float32)


def draw_view(rng: np.random.Generator) -> View:
    """A random shift, rotation, scaling, stretching, mirroring, warp and lighting, with up to two cutouts."""
    gamma = np.exp(rng.uniform(-0.3, 0.3)) if rng.random() < 0.5 else 1.0
    tones = np.clip(255 * (np.arange(256) / 255) ** gamma * rng.uniform(0.9, 1.1), 0, 255)
    place = _draw_place(rng)
    bend = rng.uniform(0, 0.02 * SIDE) * rng.normal(size=(2, _BEND_NODES, _BEND_NODES))
    shade = rng.uniform(0, 0.3) * rng.normal(size=(_SHADE_NODES, _SHADE_NODES))
    cutouts = tuple(_draw_cutout(rng) for _ in range(2) if rng.random() < 0.3)
    return View(place, tones.astype(np.uint8), bend.astype(np.float32), shade.astype(np.float32), cutouts)


def _draw_place(rng: np.random.Generator) -> NDArray[np.float64]:
    scale, angle, moved = rng.uniform(0.9, 1.1), np.deg2rad(rng.uniform(-6, 6)), rng.uniform(-0.05, 0.05, 2) * SIDE
    if rng.random() < 0.5:
        # Level and of the size met in service, except for the stretch.
        scale, angle, moved = 1.0, 0.0, np.round(moved)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    stretch = np.exp(rng.uniform(-0.08, 0.08))
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]]) @ np.diag([stretch, 1 / stretch])
    # The middles of pixels, not their edges. Apart from the shift, the middle of the snippet stays in the middle.
    centre, middle = np.full(2, (SNIPPET_SIDE - 1) / 2) + moved, np.full(2, (SIDE - 1) / 2)
    return np.column_stack([linear, centre - linear @ middle])


def _draw_cutout(rng: np.random.Generator) -> Cutout:
    centre, half = rng.uniform(0, SIDE, 2), rng.uniform(0.04, 0.2, 2) * SIDE
    (left, top), (right, bottom) = np.round([centre - half, centre + half]).astype(int).tolist()
    return Cutout(left, top, right, bottom, int(rng.integers(256)))
