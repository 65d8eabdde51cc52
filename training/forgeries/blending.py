"""One picture of a face and its landmarks in, a forged one out.

Shiohara and Yamasaki 2022, *Detecting Deepfakes with Self-Blended Images*: a face blended into itself after a slight
change has the traces that every swap leaves (a seam, and two histories of colour, sharpness and geometry in one
picture) and nothing else, so a network that learns it does not learn who or which generator.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.forgeries.appearance import Pixels, matched_colours, noisy, recoloured, sharpened, softened
from training.forgeries.masks import Mask, soft_mask

Points = NDArray[np.float32]
"""(468, 2) landmarks in pixels of the picture."""

# Mostly opaque, as real swaps are; the faint ones keep the network looking closely.
_OPACITIES = (0.5, 0.75, 1.0, 1.0, 1.0, 1.0)
# Every sixth landmark spans the face densely enough for a warp.
_WARP_POINTS = np.unique(np.r_[0:468:6, 10, 152, 234, 454, 33, 263, 61, 291, 1])


def blended(put_in: Pixels, there: Pixels, mask: Mask) -> Pixels:
    """`put_in` where `mask` is 1, `there` where it is 0."""
    share = mask[..., np.newaxis]
    return np.asarray(np.round(put_in * share + there * (1 - share)), dtype=np.uint8)


def self_blended(pixels: Pixels, points: Points, rng: np.random.Generator) -> Pixels:
    """A face blended into itself after a slight change of colour, sharpness and place."""
    put_in, there = pixels, pixels
    if rng.random() < 0.5:
        put_in = _changed(put_in, rng)
    else:
        there = _changed(there, rng)
    mask = soft_mask(points, len(pixels), rng) * rng.choice(_OPACITIES)
    return blended(_moved(put_in, rng), there, mask)


def repainted(pixels: Pixels, points: Points, rng: np.random.Generator) -> Pixels:
    """A part of the face that went through a small picture, as generators of 64 to 160 pixels give it back."""
    region = ("face", "inner", "lower")[rng.integers(3)]
    # Of the crop: a face that fills three quarters of it comes down to 64 to 130 pixels.
    put_in = softened(pixels, rng.uniform(0.35, 0.75), rng)
    if rng.random() < 0.4:
        put_in = sharpened(put_in, rng.uniform(0.3, 1.5), rng.uniform(0.8, 2.0))
    if rng.random() < 0.5:
        put_in = _slightly_recoloured(put_in, rng)
    return blended(_moved(put_in, rng, most=0.015), pixels, soft_mask(points, len(pixels), rng, region))


def swapped(pixels: Pixels, points: Points, donor: Pixels, donor_points: Points, rng: np.random.Generator) -> Pixels:
    """Another person's face, warped to this one's landmarks, in this one's colours."""
    warped = warped_to(donor, donor_points, points)
    mask = soft_mask(points, len(pixels), rng, ("face", "inner")[rng.integers(2)])
    # What the warp could not fill is black, and is not put in; its edge is as soft as the mask's.
    filled = cv2.erode((warped.max(axis=2) > 0).astype(np.float32), np.ones((9, 9), np.uint8))
    mask *= cv2.GaussianBlur(filled, (0, 0), rng.uniform(1, 4)) * filled
    if rng.random() < 0.85:
        warped = matched_colours(warped, pixels, mask)
    if rng.random() < 0.4:
        warped = softened(warped, rng.uniform(0.4, 0.8), rng)
    return blended(warped, pixels, mask)


def warped_to(pixels: Pixels, points: Points, target: Points) -> Pixels:
    """The picture bent so that its landmarks come to lie at `target`: affine in each triangle between them."""
    side = pixels.shape[0]
    goal, origin = target[_WARP_POINTS], points[_WARP_POINTS]
    net = cv2.Subdiv2D((-side, -side, 3 * side, 3 * side))
    places: dict[tuple[float, float], int] = {}
    for index, (x, y) in enumerate(goal.tolist()):
        net.insert((x, y))
        places[round(x, 2), round(y, 2)] = index
    map_x, map_y = np.full((side, side), -1, np.float32), np.full((side, side), -1, np.float32)
    for triangle in net.getTriangleList().reshape(-1, 3, 2):
        corners = [places.get((round(float(x), 2), round(float(y), 2))) for x, y in triangle]
        if None in corners:
            continue
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


def _changed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The change that tells the two histories of a self-blended face apart."""
    changed = recoloured(pixels, rng) if rng.random() < 0.7 else pixels
    kind = rng.random()
    if kind < 0.45:
        changed = softened(changed, rng.uniform(0.3, 0.85), rng)
    elif kind < 0.7:
        changed = sharpened(changed, rng.uniform(0.3, 1.5), rng.uniform(0.8, 2.5))
    elif kind < 0.8:
        changed = noisy(changed, rng.uniform(2, 6), rng)
    return changed


def _slightly_recoloured(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return np.clip(pixels + rng.uniform(-8, 8, 3), 0, 255).astype(np.uint8)


def _moved(pixels: Pixels, rng: np.random.Generator, most: float = 0.03) -> Pixels:
    """Shifted and scaled slightly about the middle."""
    side = len(pixels)
    scale = rng.uniform(1 - most, 1 + most)
    shift = rng.uniform(-most, most, 2) * side * 0.7
    middle = side / 2
    matrix = np.array([[scale, 0, middle * (1 - scale) + shift[0]], [0, scale, middle * (1 - scale) + shift[1]]])
    moved = cv2.warpAffine(pixels, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.uint8)
