"""One picture of a face and its landmarks in, a forged one out.

Shiohara and Yamasaki 2022, *Detecting Deepfakes with Self-Blended Images*: a face blended into itself after a slight
change has the traces that every swap leaves (a seam, and two histories of colour, sharpness and geometry in one
picture) and nothing else, so a network trained on it learns neither identities nor generators.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from training.forgeries.appearance import (
    Change,
    Pixels,
    Resampling,
    draw_change,
    draw_resampling,
    matched_colours,
    sharpened,
)
from training.forgeries.masks import Mask, MaskShape, draw_mask_shape

Points = NDArray[np.float32]
"""(468, 2) landmarks in pixels of the picture."""

# Mostly opaque, as real swaps are; the faint ones keep the network looking closely.
_OPACITIES = (0.5, 0.75, 1.0, 1.0, 1.0, 1.0)
# Every sixth landmark spans the face densely enough for a warp.
_WARP_POINTS = np.unique(np.r_[0:468:6, 10, 152, 234, 454, 33, 263, 61, 291, 1])

Share = NDArray[np.floating[Any]]
"""(h, w), as a `Mask`."""

Layer = tuple[Pixels, Share]
"""A picture to blend in, and its mask."""


@dataclass(frozen=True)
class Motion:
    """A slight move of the whole picture.

    Attributes:
        scale: about the middle.
        shift: (2,) across and down, as a share of the side.
    """

    scale: float
    shift: NDArray[np.float64]

    def of(self, pixels: Pixels) -> Pixels:
        """The picture moved."""
        side = len(pixels)
        scale, shift, middle = self.scale, self.shift * side * 0.7, side / 2
        matrix = np.array([[scale, 0, middle * (1 - scale) + shift[0]], [0, scale, middle * (1 - scale) + shift[1]]])
        moved = cv2.warpAffine(pixels, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(moved, dtype=np.uint8)


def draw_motion(rng: np.random.Generator, most: float = 0.03) -> Motion:
    """At most so much, as a share of the side."""
    return Motion(rng.uniform(1 - most, 1 + most), rng.uniform(-most, most, 2))


@dataclass(frozen=True)
class SelfLayer:
    """A face to blend into itself: where, how opaque, and how far out of place."""

    shape: MaskShape
    opacity: float
    motion: Motion

    def of(self, pixels: Pixels, points: Points) -> Layer:
        """The layer made of `pixels`."""
        return self.motion.of(pixels), self.shape.of(points, len(pixels)) * np.float64(self.opacity)


@dataclass(frozen=True)
class SelfBlend:
    """A self-blended face: whether the inserted face or the picture around it is changed, and how."""

    inside: bool
    change: Change
    self_layer: SelfLayer


def draw_self_blend(rng: np.random.Generator) -> SelfBlend:
    """A random self-blended face."""
    inside, change = bool(rng.random() < 0.5), draw_change(rng)
    return SelfBlend(inside, change, SelfLayer(draw_mask_shape(rng), float(rng.choice(_OPACITIES)), draw_motion(rng)))


@dataclass(frozen=True)
class Repaint:
    """A part of the face at low resolution, maybe sharpened again, with a slight tint and out of place."""

    resampling: Resampling
    sharpening: tuple[float, float] | None
    tint: NDArray[np.float64]
    motion: Motion
    shape: MaskShape

    def layer(self, pixels: Pixels, points: Points) -> Layer:
        """The layer made of `pixels`."""
        put_in = self.resampling.of(pixels)
        put_in = sharpened(put_in, *self.sharpening) if self.sharpening else put_in
        put_in = np.clip(put_in + self.tint, 0, 255).astype(np.uint8) if self.tint.any() else put_in
        return self.motion.of(put_in), self.shape.of(points, len(pixels))


def draw_repaint(
    rng: np.random.Generator, regions: tuple[str, ...] = ("face", "inner", "lower"), factor: float | None = None
) -> Repaint:
    """A random repaint of one of the regions, by a given factor or a random one."""
    region = regions[rng.integers(len(regions))]
    # Of the crop: a face that fills three quarters of it comes down to 64 to 130 pixels.
    drawn = rng.uniform(0.35, 0.75)
    return Repaint(
        resampling=draw_resampling(factor or drawn, rng),
        sharpening=(rng.uniform(0.3, 1.5), rng.uniform(0.8, 2.0)) if rng.random() < 0.4 else None,
        tint=rng.uniform(-8, 8, 3) if rng.random() < 0.5 else np.zeros(3),
        motion=draw_motion(rng, most=0.015),
        shape=draw_mask_shape(rng, region),
    )


@dataclass(frozen=True)
class Swap:
    """How another face is swapped in: where, how soft the edge of the warp is, in whose colours, how sharp."""

    shape: MaskShape
    edge: float
    matched: bool
    resampling: Resampling | None

    def layer(self, pixels: Pixels, points: Points, donor: Pixels, donor_points: Points) -> Layer:
        """The layer made of the donor's face."""
        warped = warped_to(donor, donor_points, points, len(pixels))
        mask = self.shape.of(points, len(pixels))
        # What the warp could not fill is black and is left out, with an edge as soft as the mask's.
        filled = cv2.erode((warped.max(axis=2) > 0).astype(np.float32), np.ones((9, 9), np.uint8))
        mask = np.asarray(mask * (cv2.GaussianBlur(filled, (0, 0), self.edge) * filled), dtype=np.float32)
        warped = matched_colours(warped, pixels, mask) if self.matched else warped
        return (self.resampling.of(warped) if self.resampling else warped), mask


def draw_swap(rng: np.random.Generator) -> Swap:
    """A random swap."""
    region = ("face", "inner")[rng.integers(2)]
    return Swap(
        shape=draw_mask_shape(rng, region),
        edge=rng.uniform(1, 4),
        matched=bool(rng.random() < 0.85),
        resampling=draw_resampling(rng.uniform(0.4, 0.8), rng) if rng.random() < 0.4 else None,
    )


def warped_to(pixels: Pixels, points: Points, target: Points, side: int) -> Pixels:
    """A `side` × `side` picture in which the landmarks lie at `target`: affine in each triangle between them."""
    goal, origin = target[_WARP_POINTS], points[_WARP_POINTS]
    map_x, map_y = np.full((side, side), -1, np.float32), np.full((side, side), -1, np.float32)
    for corners in Delaunay(goal).simplices:
        _fill(map_x, map_y, goal[corners], origin[corners])
    return np.asarray(cv2.remap(pixels, map_x, map_y, cv2.INTER_CUBIC, borderValue=0), dtype=np.uint8)


def _fill(map_x: Mask, map_y: Mask, goal: Points, origin: Points) -> None:
    """Write where the pixels of one triangle come from."""
    side = len(map_x)
    low = np.clip(np.floor(goal.min(axis=0)).astype(int), 0, side)
    high = np.clip(np.ceil(goal.max(axis=0)).astype(int) + 1, 0, side)
    if np.any(high <= low):
        return
    inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillConvexPoly(inside, np.round(goal - low).astype(np.int32), 1)
    rows, columns = np.nonzero(inside)
    affine = cv2.getAffineTransform(goal.astype(np.float32), origin.astype(np.float32)).astype(np.float32)
    x, y = columns + low[0], rows + low[1]
    map_x[y, x] = affine[0, 0] * x + affine[0, 1] * y + affine[0, 2]
    map_y[y, x] = affine[1, 0] * x + affine[1, 1] * y + affine[1, 2]
