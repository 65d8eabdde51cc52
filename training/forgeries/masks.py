"""Soft masks from landmarks: which part of a face a forgery replaces."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm

Mask = NDArray[np.float32]
"""(h, w) from 0, the original, to 1, the inserted picture."""

# Face Mesh landmarks along the underside of the nose and across the cheeks: what a lip-sync model repaints is below.
_LOWER_FACE = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454,
               425, 2, 205)  # fmt: skip
_INNER_FACE = (
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 383, 372, 345, 352, 411, 427, 434, 430, 431, 262,
    428, 199, 208, 32, 211, 210, 214, 207, 187, 123, 116, 143, 156,
)  # fmt: skip

# Around the lips, a little wider than they are: what the newest lip-sync models repaint.
_MOUTH = (2, 164, 206, 216, 212, 202, 204, 194, 201, 200, 421, 418, 424, 422, 432, 436, 426)

REGIONS = {"face": lm.OVAL, "inner": _INNER_FACE, "lower": _LOWER_FACE, "mouth": _MOUTH}
"""Landmarks whose convex hull is replaced: the whole face as in a swap, the face without its contour as early face
swappers do, all below the nose as lip-sync models do, and the mouth alone."""


@dataclass(frozen=True)
class MaskShape:
    """How the convex hull of a region is bent, and how soft its edge is. Lengths are shares of the picture's side.

    The bending keeps a network from learning the one outline that landmarks give: Shiohara and Yamasaki 2022,
    *Detecting Deepfakes with Self-Blended Images*.

    Attributes:
        region: a key of `REGIONS`.
        stretch: (2,) factors across and down, about the middle.
        moved: (n, 2) by how much each point of the outline is moved.
        bend: (2, 5, 5) displacements across and down, of which a smooth field is made.
        blur: sigma before the edge is cut.
        cut: where, 0 outwards to 1/2 inwards.
        feather: sigma after that.
    """

    region: str
    stretch: NDArray[np.float64]
    moved: NDArray[np.float64]
    bend: NDArray[np.float64]
    blur: float
    cut: float
    feather: float

    def of(self, points: NDArray[np.float32], side: int) -> Mask:
        """The mask in a `side` × `side` picture with these landmarks (468, 2)."""
        outline = points[np.array(REGIONS[self.region])].astype(np.float64)
        centre = outline.mean(axis=0)
        outline = centre + (outline - centre) * self.stretch + self.moved * side
        mask = np.zeros((side, side), np.float32)
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(outline).astype(np.int32)), 1.0)
        mask = _bent(mask, (self.bend * side).astype(np.float32))
        # Blurring, cutting and blurring again moves the edge inwards or outwards and makes it uneven.
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), side * self.blur), dtype=np.float32)
        mask = np.clip((mask - self.cut) / 0.5, 0, 1).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), side * self.feather), dtype=np.float32)


def draw_mask_shape(rng: np.random.Generator, region: str = "face", *, feather: float = 0.06) -> MaskShape:
    """A random shape; `feather` is the widest blur of the edge, as a share of the picture's side."""
    return MaskShape(
        region,
        stretch=rng.uniform(0.88, 1.08, 2),
        moved=0.012 * rng.normal(0, 1, (len(REGIONS[region]), 2)),
        bend=0.02 * rng.normal(0, 1, (2, 5, 5)),
        blur=rng.uniform(0.01, feather / 2),
        cut=rng.uniform(0.05, 0.4),
        feather=rng.uniform(0.003, feather),
    )


def smooth_field(nodes: NDArray[np.float32], side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Displacements across and down, (side, side) each, that run smoothly through coarse `nodes` (2, n, n)."""
    across, down = (
        np.asarray(cv2.resize(field, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.float32) for field in nodes
    )
    return across, down


def _bent(mask: Mask, bend: NDArray[np.float32]) -> Mask:
    """Elastic deformation (Simard et al. 2003) by a smooth field through `bend` (2, n, n), pixels."""
    side = mask.shape[0]
    across, down = smooth_field(bend, side)
    grid_x, grid_y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    return np.asarray(cv2.remap(mask, grid_x + across, grid_y + down, cv2.INTER_LINEAR), dtype=np.float32)
