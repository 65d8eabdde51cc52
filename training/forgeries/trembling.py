"""A moment of a face in, a forged one out: blended into itself, and not held still.

Self-blended images (Shiohara and Yamasaki 2022, see `blending`) show what a swap leaves in one frame. What is put in
frame by frame also trembles: its place, its shape, its light and its sharpness are not quite those of the frame before,
while the head that carries it moves smoothly. Zheng et al. 2021, *Exploring Temporal Coherence for More General Video
Face Forgery Detection*, learn that from whole films; here it is made of real ones.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from training.forgeries.appearance import Detour, draw_detour, relit, sharpened, shifted
from training.forgeries.blending import Motion, Points, draw_motion
from training.forgeries.masks import Mask, MaskShape, draw_mask_shape, smooth_field
from training.forgeries.reencoding import Moment

_REGIONS = ("face", "face", "inner", "lower")
_OPACITIES = (0.5, 0.75, 1.0, 1.0, 1.0)
# A node of the bend every fifth of the side, as in `masks`.
_NODES = 6


class Forged(NamedTuple):
    """A forged moment.

    Attributes:
        pixels: (h, w, n).
        there: (h, w, n), what the face was put into: its real twin, changed throughout where what is around the face
            was changed. So only what does not go together is a sign of a forgery, and no change is one by itself.
        share: (h, w), 0 where nothing was put in to 1 where a face was, however faint.
    """

    pixels: Moment
    there: Moment
    share: Mask


@dataclass(frozen=True)
class Past:
    """What the whole of a moment has gone through before it is forged, or left as it is: no sign of a forgery.

    Attributes:
        shift: (2,) pixels across and down, less than one: whoever resamples a picture blurs it a little.
        detour: through a smaller picture, if any.
        sharpening: amount and sigma of unsharp masking, if any.
    """

    shift: NDArray[np.float64]
    detour: Detour | None
    sharpening: tuple[float, float] | None

    def of(self, moment: Moment) -> Moment:
        """The moment (h, w, n) after it."""
        changed = shifted(moment, self.shift)
        changed = self.detour.of(changed) if self.detour else changed
        return sharpened(changed, *self.sharpening) if self.sharpening else changed


def draw_past(rng: np.random.Generator) -> Past:
    """Any."""
    kind = rng.random()
    return Past(
        shift=rng.uniform(-0.5, 0.5, 2),
        detour=draw_detour(rng.uniform(0.5, 0.95), rng) if kind < 0.3 else None,
        sharpening=(rng.uniform(0.2, 1.0), rng.uniform(0.8, 2.0)) if kind > 0.7 else None,
    )


@dataclass(frozen=True)
class Tremor:
    """How much differs from frame to frame: standard deviations, lengths as shares of the side.

    Attributes:
        place: of the face that is put in.
        bend: of each place in it.
        gain: of its contrast.
        softness: of the factor of its detour, or of a blur.
        edge: of the place of the mask.
    """

    place: float = 0.0
    bend: float = 0.0
    gain: float = 0.0
    softness: float = 0.0
    edge: float = 0.0


@dataclass(frozen=True)
class Trembling:
    """A self-blended face and its tremor; `inside` says whether the face is changed, or what is around it."""

    shape: MaskShape
    opacity: float
    motion: Motion
    detour: Detour | None
    sharpening: tuple[float, float] | None
    gain: float
    light: float
    inside: bool
    tremor: Tremor

    def of(self, moment: Moment, points: Points, rng: np.random.Generator) -> Forged:
        """The moment (h, w, n), h = w, forged; `points` are the landmarks of its last frame."""
        share = self.shape.of(points, len(moment))
        frames = np.moveaxis(moment, 2, 0)
        changed = [self._moved(self._changed(frame, rng), rng) for frame in frames]
        put_in, there = (changed, list(frames)) if self.inside else (list(frames), changed)
        masks = [self._trembling(share * np.float32(self.opacity), rng) for _ in frames]
        mixed = [
            np.round(a * mask + b * (1 - mask)).astype(np.uint8)
            for a, b, mask in zip(put_in, there, masks, strict=True)
        ]
        return Forged(np.stack(mixed, axis=2), np.stack(there, axis=2), share)

    def _trembling(self, mask: Mask, rng: np.random.Generator) -> Mask:
        if not self.tremor.edge:
            return mask
        shift = self.tremor.edge * len(mask) * rng.normal(0, 1, (2, 1))
        return np.asarray(cv2.warpAffine(mask, np.hstack([np.eye(2), shift]), mask.shape), dtype=np.float32)

    def _changed(self, frame: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        soft = self.tremor.softness * rng.normal()
        if self.detour:
            factor = float(np.clip(self.detour.factor * (1 + soft), 0.25, 0.95))
            frame = Detour(factor, self.detour.interpolation).of(frame)
        elif soft:
            frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), 0.01 + abs(3 * soft)), dtype=np.uint8)
        frame = sharpened(frame, *self.sharpening) if self.sharpening else frame
        return relit(frame, self.gain + self.tremor.gain * rng.normal(), self.light)

    def _moved(self, frame: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        side, tremor = len(frame), self.tremor
        # A face whose place trembles by one pixel in the middle grows by about as much at its edge.
        scale = self.motion.scale * (1 + tremor.place * rng.normal())
        shift = (0.7 * self.motion.shift + tremor.place * rng.normal(0, 1, 2)) * side
        coarse = (tremor.bend * side * rng.normal(0, 1, (2, _NODES, _NODES))).astype(np.float32)
        across, down = smooth_field(coarse, side)
        grid = (np.arange(side, dtype=np.float32) - side / 2) / scale + side / 2
        map_x = (grid - shift[0] / scale)[np.newaxis] + across
        map_y = (grid - shift[1] / scale)[:, np.newaxis] + down
        maps = map_x.astype(np.float32), map_y.astype(np.float32)
        return np.asarray(cv2.remap(frame, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), dtype=np.uint8)


def draw_trembling(rng: np.random.Generator) -> Trembling:
    """Any. One in three holds still, as what is around a face does: the traces within a frame are to be learned too."""
    kind, inside = rng.random(), bool(rng.random() < 0.6)
    lit = rng.random() < 0.6
    return Trembling(
        shape=draw_mask_shape(rng, _REGIONS[rng.integers(len(_REGIONS))]),
        opacity=float(rng.choice(_OPACITIES)),
        motion=draw_motion(rng, most=0.02),
        detour=draw_detour(rng.uniform(0.35, 0.85), rng) if kind < 0.45 else None,
        sharpening=(rng.uniform(0.3, 1.2), rng.uniform(0.8, 2.0)) if kind > 0.7 else None,
        gain=rng.uniform(0.88, 1.12) if lit else 1.0,
        light=rng.uniform(-15, 15) if lit else 0.0,
        inside=inside,
        tremor=_draw_tremor(rng) if inside and rng.random() < 0.88 else Tremor(),
    )


def _draw_tremor(rng: np.random.Generator) -> Tremor:
    def sometimes(share: float, least: float, most: float) -> float:
        return float(rng.uniform(least, most)) if rng.random() < share else 0.0

    return Tremor(
        place=sometimes(0.7, 0.0005, 0.0045),
        bend=sometimes(0.7, 0.0007, 0.0045),
        gain=sometimes(0.5, 0.0, 0.03),
        softness=sometimes(0.5, 0.0, 0.25),
        edge=sometimes(0.5, 0.0, 0.005),
    )
