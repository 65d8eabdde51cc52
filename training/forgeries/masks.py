"""Which part of a face a forgery replaces: soft masks from landmarks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face import landmarks as lm

Mask = NDArray[np.float32]
"""(h, w) between 0, what was there, and 1, what was put in."""

# Face Mesh landmarks along the underside of the nose and across the cheeks: what a lip-sync model repaints is below.
_LOWER_FACE = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454,
               425, 2, 205)  # fmt: skip
_INNER_FACE = (
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 383, 372, 345, 352, 411, 427, 434, 430, 431, 262,
    428, 199, 208, 32, 211, 210, 214, 207, 187, 123, 116, 143, 156,
)  # fmt: skip

REGIONS = {"face": lm.OVAL, "inner": _INNER_FACE, "lower": _LOWER_FACE}
"""Landmarks whose convex hull is replaced: the whole face as in a swap, the face without its contour as early face
swappers do, and all below the nose as lip-sync models do."""


def soft_mask(
    points: NDArray[np.float32], side: int, rng: np.random.Generator, region: str = "face", *, feather: float = 0.06
) -> Mask:
    """The convex hull of a region, bent at random, with a soft edge.

    The bending keeps a network from learning the one outline that the landmarks give: Shiohara and Yamasaki 2022,
    *Detecting Deepfakes with Self-Blended Images*.

    Args:
        points: (468, 2) landmarks in pixels of a `side` × `side` picture.
        side: pixels.
        rng: source of the randomness.
        region: a key of `REGIONS`.
        feather: widest blur of the edge, as a share of `side`.
    """
    outline = points[np.array(REGIONS[region])].astype(np.float64)
    centre = outline.mean(axis=0)
    outline = centre + (outline - centre) * rng.uniform(0.88, 1.08, 2)
    outline += rng.normal(0, 0.012 * side, outline.shape)
    hull = cv2.convexHull(np.round(outline).astype(np.int32))
    mask = np.zeros((side, side), np.float32)
    cv2.fillConvexPoly(mask, hull, 1.0)
    mask = _bent(mask, rng)
    # Blurring, cutting and blurring again moves the edge inwards or outwards and makes it uneven.
    mask = cv2.GaussianBlur(mask, (0, 0), side * rng.uniform(0.01, feather / 2))
    mask = np.clip((mask - rng.uniform(0.05, 0.4)) / 0.5, 0, 1).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), side * rng.uniform(0.003, feather)), dtype=np.float32)


def _bent(mask: Mask, rng: np.random.Generator) -> Mask:
    """Elastic deformation (Simard et al. 2003) by a smooth random field."""
    side = mask.shape[0]
    coarse = rng.normal(0, side * 0.02, (2, 5, 5)).astype(np.float32)
    across, down = (cv2.resize(field, (side, side), interpolation=cv2.INTER_CUBIC) for field in coarse)
    grid_x, grid_y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    return np.asarray(cv2.remap(mask, grid_x + across, grid_y + down, cv2.INTER_LINEAR), dtype=np.float32)
