"""Forgeries of a moving face. Random parameters are drawn once per clip, so that a forgery is consistent over time.

Each has a sham: the same code, with a change that changes nothing. A detector that finds the sham as suspicious as the
forgery has learned the processing, not the forgery.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.mesh import landmarks as lm
from training.data.crops import WIDE_MARGIN, Portraits
from training.forgeries.appearance import Change, Pixels, Resampling
from training.forgeries.blending import (
    Layer,
    Motion,
    Points,
    Repaint,
    SelfBlend,
    Swap,
    draw_repaint,
    draw_self_blend,
    draw_swap,
    warped_to,
)
from training.forgeries.faces import Faces, wander
from training.forgeries.masks import MaskShape, draw_mask_shape, smooth_field

_SMALL_FACE_PX = (64, 160)
_LEAST_SHIFT_S, _MOST_SHIFT_S = 0.4, 1.5
_WARP = (0.004, 0.012)
_FLICKER = (1.5, 5.0)
_STILL = Motion(1.0, np.zeros(2))
# Upper and lower lid of each eye.
_LIDS = ((159, 145), (386, 374))
# Points that do not move with the mouth: two moments of a face are aligned by them.
_RIGID = np.array([lm.RIGHT_EYE_CORNER, lm.LEFT_EYE_CORNER, 133, 362, 168, 6, 4, 129, 358, 234, 454])


class Forgery(Protocol):
    """The forgery of one clip, with its parameters drawn."""

    def around(self, whole: Pixels, rng: np.random.Generator) -> Pixels:
        """The picture around the face, changed or not."""
        ...

    def layer(self, faces: Faces, index: int, pixels: Pixels, points: Points, rng: np.random.Generator) -> Layer:
        """What is blended over the cut `pixels` of picture `index`, and where."""
        ...


class _LeavesTheRest:
    """A forgery that changes nothing but the face."""

    def around(self, whole: Pixels, rng: np.random.Generator) -> Pixels:
        """As it was."""
        return whole


@dataclass(frozen=True)
class SelfBlended:
    """The face blended into itself: one change, one mask, one small move."""

    blend: SelfBlend

    def around(self, whole: Pixels, rng: np.random.Generator) -> Pixels:
        """Changed, when the face is not."""
        return whole if self.blend.inside else self.blend.change.of(whole, rng)

    def layer(self, faces: Faces, index: int, pixels: Pixels, points: Points, rng: np.random.Generator) -> Layer:
        """The face itself, changed when the rest is not."""
        put_in = self.blend.change.of(pixels, rng) if self.blend.inside else pixels
        return self.blend.self_layer.of(put_in, points)


@dataclass(frozen=True)
class Swapped(_LeavesTheRest):
    """A picture of another person, warped to move like this one. Without a donor, the face itself."""

    swap: Swap
    donor: tuple[Pixels, Points] | None

    def layer(self, faces: Faces, index: int, pixels: Pixels, points: Points, rng: np.random.Generator) -> Layer:
        """The donor's face at this one's landmarks."""
        return self.swap.layer(pixels, points, *(self.donor or (pixels, points)))


@dataclass(frozen=True)
class Repainted(_LeavesTheRest):
    """The face at low resolution."""

    repaint: Repaint

    def layer(self, faces: Faces, index: int, pixels: Pixels, points: Points, rng: np.random.Generator) -> Layer:
        """The face itself, repainted."""
        return self.repaint.layer(pixels, points)


@dataclass(frozen=True)
class LipPasted(_LeavesTheRest):
    """The lower face of another moment, repainted: a mouth that does not say what is heard, as lip-sync models make.

    Attributes:
        repaint: of the lower face.
        shift: by how many pictures; 0 for this moment.
    """

    repaint: Repaint
    shift: int

    def layer(self, faces: Faces, index: int, pixels: Pixels, points: Points, rng: np.random.Generator) -> Layer:
        """The lower face of the other moment, aligned by the points that do not move with the mouth."""
        other = _there_and_back(index + self.shift, len(faces.points))
        if self.shift and faces.seen(other):
            spoken, spoken_points = faces.cut(other)
            # What frames the mouth follows the head of this moment; the mouth moves as at the other one.
            onto = _laid_on(spoken_points, points)
            put_in = warped_to(spoken, spoken_points, onto, len(pixels))
            put_in = np.where(put_in.max(axis=2, keepdims=True) > 0, put_in, pixels)
        else:
            put_in = pixels
        return self.repaint.layer(put_in, points)


@dataclass(frozen=True)
class Wavering(_LeavesTheRest):
    """A face warped and lit slightly differently from picture to picture.

    Attributes:
        shape: of the mask.
        bend: (n, 2, 5, 5) displacements across and down, as a share of the side.
        light: (n, 3) grey levels added to red, green and blue.
    """

    shape: MaskShape
    bend: NDArray[np.float64]
    light: NDArray[np.float64]

    def layer(self, faces: Faces, index: int, pixels: Pixels, points: Points, rng: np.random.Generator) -> Layer:
        """The face itself, bent and lit."""
        side = len(pixels)
        coarse = (self.bend[index] * side).astype(np.float32)
        across, down = smooth_field(coarse, side)
        grid_x, grid_y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
        bent = cv2.remap(pixels, grid_x + across, grid_y + down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        lit = np.clip(bent + self.light[index], 0, 255).astype(np.uint8)
        return lit, self.shape.of(points, side)


def self_blended_video(faces: Faces, rng: np.random.Generator, sham: bool) -> Forgery:
    """The face blended into itself."""
    drawn = draw_self_blend(rng)
    if sham:
        drawn = replace(drawn, change=Change(), self_layer=replace(drawn.self_layer, motion=_STILL))
    return SelfBlended(drawn)


def low_resolution_video(faces: Faces, rng: np.random.Generator, sham: bool) -> Forgery:
    """The face scaled down to 64 to 160 pixels and up again."""
    return Repainted(_repaint(faces, ("face", "inner"), rng, sham))


def lip_paste_video(faces: Faces, rng: np.random.Generator, sham: bool) -> Forgery:
    """The lower face of another moment, scaled down and up likewise."""
    repaint = _repaint(faces, ("lower",), rng, sham)
    shift = max(2, round(rng.uniform(_LEAST_SHIFT_S, _MOST_SHIFT_S) * faces.footage.fps))
    return LipPasted(repaint, 0 if sham else shift)


def wavering_video(faces: Faces, rng: np.random.Generator, sham: bool) -> Forgery:
    """The face bent and lit with noise that is correlated in time."""
    count, fps = len(faces.points), faces.footage.fps
    bend = rng.uniform(*_WARP) * wander(count, (2, 5, 5), rng.uniform(0.05, 0.5) * fps, rng)
    light = rng.uniform(*_FLICKER) * wander(count, (1,), rng.uniform(0.02, 0.3) * fps, rng)
    tint = rng.uniform(0, 1.5) * wander(count, (3,), rng.uniform(0.05, 0.5) * fps, rng)
    shape = draw_mask_shape(rng, ("face", "inner")[rng.integers(2)])
    return Wavering(shape, bend * (not sham), (light + tint) * (not sham))


def swapped_video(faces: Faces, donor: Portraits | None, rng: np.random.Generator) -> Forgery:
    """Another person's face; without a donor the sham."""
    drawn = draw_swap(rng)
    if donor is None:
        return Swapped(replace(drawn, matched=False, resampling=None), None)
    middle = int(np.flatnonzero(np.isfinite(faces.points[:, 0, 0]))[len(faces.points) // 4])
    return Swapped(drawn, _most_alike(faces.cut(middle), donor))


Drawn = Callable[[Faces, np.random.Generator, bool], Forgery]
OF_ONE_FACE: dict[str, Drawn] = {
    "self-blended": self_blended_video,
    "low-resolution": low_resolution_video,
    "lip-paste": lip_paste_video,
    "warp-flicker": wavering_video,
}
"""Forgeries that need no donor, by the method's name."""


def forged(faces: Faces, forgery: Forgery, index: int, whole: Pixels, rng: np.random.Generator) -> Pixels:
    """A whole picture, forged; unchanged where there is no face."""
    if not faces.seen(index):
        return whole
    pixels, points = faces.cut(index, whole)
    return faces.put_back(forgery.layer(faces, index, pixels, points, rng), index, forgery.around(whole, rng))


def _repaint(faces: Faces, regions: tuple[str, ...], rng: np.random.Generator, sham: bool) -> Repaint:
    face_in_cut = faces.side / WIDE_MARGIN
    # A face that is small already must lose something too.
    factor = min(0.6, rng.uniform(*_SMALL_FACE_PX) / face_in_cut)
    drawn = draw_repaint(rng, regions, factor)
    if sham:
        return replace(drawn, resampling=Resampling(1.0), sharpening=None, tint=np.zeros(3), motion=_STILL)
    return drawn


def _most_alike(target: tuple[Pixels, Points], donor: Portraits) -> tuple[Pixels, Points]:
    """Of the donor's pictures with open eyes the one in which the pose is most like the target's."""
    wanted = target[1] / len(target[0])
    side = donor.pixels.shape[1]
    distance = np.array([np.linalg.norm(points / side - wanted, axis=1).mean() for points in donor.points])
    # Lids that are shut cannot be opened by bending a picture.
    openness = np.array([_lid_gap(points) for points in donor.points])
    best = int(np.argmin(np.where(openness >= np.median(openness), distance, np.inf)))
    return np.asarray(donor.pixels[best]), donor.points[best]


def _lid_gap(points: Points) -> float:
    """Between the lids of both eyes, as a share of the distance of the outer eye corners."""
    gaps = [np.linalg.norm(points[upper] - points[lower]) for upper, lower in _LIDS]
    return float(np.sum(gaps) / np.linalg.norm(points[lm.RIGHT_EYE_CORNER] - points[lm.LEFT_EYE_CORNER]))


def _laid_on(points: Points, target: Points) -> Points:
    """`points` after the similarity transform that aligns the rigid ones with `target`'s; Umeyama 1991."""
    own, goal = points[_RIGID].astype(np.float64), target[_RIGID].astype(np.float64)
    own_middle, goal_middle = own.mean(axis=0), goal.mean(axis=0)
    left, sizes, right = np.linalg.svd((goal - goal_middle).T @ (own - own_middle))
    flip = np.diag([1.0, np.sign(np.linalg.det(left @ right))])
    turn = left @ flip @ right
    scale = (sizes * np.diag(flip)).sum() / ((own - own_middle) ** 2).sum()
    return np.asarray((points - own_middle) @ (scale * turn).T + goal_middle, dtype=np.float32)


def _there_and_back(index: int, count: int) -> int:
    """A place that goes up to the last and back again, without a jump."""
    place = index % max(1, 2 * (count - 1))
    return place if place < count else 2 * (count - 1) - place
