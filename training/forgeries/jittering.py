"""A snippet of a face in, a forged one out: blended into itself, with temporal jitter.

Self-blended images (Shiohara and Yamasaki 2022, see `blending`) show what a swap leaves in one frame. A face inserted
frame by frame also jitters: its position, shape, light and sharpness differ slightly from the frame before, while the
head that carries it moves smoothly. Zheng et al. 2021, *Exploring Temporal Coherence for More General Video Face
Forgery Detection*, learn that from whole videos; here it is synthesised from real ones.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from training.forgeries.appearance import Resampling, draw_resampling, relit, sharpened, shifted
from training.forgeries.blending import Motion, Points, draw_motion
from training.forgeries.masks import Mask, MaskShape, draw_mask_shape, smooth_field
from training.forgeries.reencoding import Snippet

_REGIONS = ("face", "face", "inner", "lower")
_OPACITIES = (0.5, 0.75, 1.0, 1.0, 1.0)
# A node of the bend every fifth of the side, as in `masks`.
_NODES = 6


class Forged(NamedTuple):
    """A forged snippet.

    Attributes:
        pixels: (h, w, n).
        target: (h, w, n), what the face was blended into: the real twin. Where the surroundings were changed instead of
            the face, the twin is changed throughout, so that only inconsistency is a sign of a forgery, never a change.
        mask: (h, w), from 0 where nothing was inserted to 1 where a face was, however faint.
    """

    pixels: Snippet
    target: Snippet
    mask: Mask


@dataclass(frozen=True)
class PriorProcessing:
    """What is done to a whole snippet before forging, in the forgery and its twin alike: no sign of a forgery.

    Attributes:
        shift: (2,) pixels across and down, less than one: resampling a picture blurs it a little.
        resampling: through a smaller picture, if any.
        sharpening: amount and sigma of unsharp masking, if any.
    """

    shift: NDArray[np.float64]
    resampling: Resampling | None
    sharpening: tuple[float, float] | None

    def of(self, snippet: Snippet) -> Snippet:
        """The processed snippet (h, w, n)."""
        changed = shifted(snippet, self.shift)
        changed = self.resampling.of(changed) if self.resampling else changed
        return sharpened(changed, *self.sharpening) if self.sharpening else changed


def draw_prior_processing(rng: np.random.Generator) -> PriorProcessing:
    """A random one."""
    kind = rng.random()
    return PriorProcessing(
        shift=rng.uniform(-0.5, 0.5, 2),
        resampling=draw_resampling(rng.uniform(0.5, 0.95), rng) if kind < 0.3 else None,
        sharpening=(rng.uniform(0.2, 1.0), rng.uniform(0.8, 2.0)) if kind > 0.7 else None,
    )


@dataclass(frozen=True)
class TemporalJitter:
    """How much differs from frame to frame: standard deviations, lengths as shares of the side.

    Attributes:
        place: of the position of the inserted face.
        bend: of the displacement of each point in it.
        gain: of its contrast.
        softness: of the factor of its resampling, or of a blur.
        edge: of the position of the mask.
    """

    place: float = 0.0
    bend: float = 0.0
    gain: float = 0.0
    softness: float = 0.0
    edge: float = 0.0


@dataclass(frozen=True)
class JitteredBlend:
    """A self-blended face with temporal jitter; `inside`: whether the face is changed, or its surroundings."""

    shape: MaskShape
    opacity: float
    motion: Motion
    resampling: Resampling | None
    sharpening: tuple[float, float] | None
    gain: float
    light: float
    inside: bool
    jitter: TemporalJitter

    def of(self, snippet: Snippet, points: Points, rng: np.random.Generator) -> Forged:
        """The snippet (h, w, n), h = w, forged; `points` are the landmarks of its last frame."""
        mask = self.shape.of(points, len(snippet))
        frames = np.moveaxis(snippet, 2, 0)
        changed = [self._moved(self._changed(frame, rng), rng) for frame in frames]
        put_in, target = (changed, list(frames)) if self.inside else (list(frames), changed)
        masks = [self._jittered(mask * np.float32(self.opacity), rng) for _ in frames]
        mixed = [
            np.round(a * opacity + b * (1 - opacity)).astype(np.uint8)
            for a, b, opacity in zip(put_in, target, masks, strict=True)
        ]
        return Forged(np.stack(mixed, axis=2), np.stack(target, axis=2), mask)

    def _jittered(self, mask: Mask, rng: np.random.Generator) -> Mask:
        if not self.jitter.edge:
            return mask
        shift = self.jitter.edge * len(mask) * rng.normal(0, 1, (2, 1))
        return np.asarray(cv2.warpAffine(mask, np.hstack([np.eye(2), shift]), mask.shape), dtype=np.float32)

    def _changed(self, frame: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        soft = self.jitter.softness * rng.normal()
        if self.resampling:
            factor = float(np.clip(self.resampling.factor * (1 + soft), 0.25, 0.95))
            frame = Resampling(factor, self.resampling.interpolation).of(frame)
        elif soft:
            frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), 0.01 + abs(3 * soft)), dtype=np.uint8)
        frame = sharpened(frame, *self.sharpening) if self.sharpening else frame
        return relit(frame, self.gain + self.jitter.gain * rng.normal(), self.light)

    def _moved(self, frame: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        side, jitter = len(frame), self.jitter
        # Jitter of one pixel in the middle of a face is about as much growth at its edge.
        scale = self.motion.scale * (1 + jitter.place * rng.normal())
        shift = (0.7 * self.motion.shift + jitter.place * rng.normal(0, 1, 2)) * side
        coarse = (jitter.bend * side * rng.normal(0, 1, (2, _NODES, _NODES))).astype(np.float32)
        across, down = smooth_field(coarse, side)
        grid = (np.arange(side, dtype=np.float32) - side / 2) / scale + side / 2
        map_x = (grid - shift[0] / scale)[np.newaxis] + across
        map_y = (grid - shift[1] / scale)[:, np.newaxis] + down
        maps = map_x.astype(np.float32), map_y.astype(np.float32)
        return np.asarray(cv2.remap(frame, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), dtype=np.uint8)


def draw_jittered_blend(rng: np.random.Generator) -> JitteredBlend:
    """A random one. One in three has no jitter, so that traces within a single frame are learned too."""
    kind, inside = rng.random(), bool(rng.random() < 0.6)
    lit = rng.random() < 0.6
    return JitteredBlend(
        shape=draw_mask_shape(rng, _REGIONS[rng.integers(len(_REGIONS))]),
        opacity=float(rng.choice(_OPACITIES)),
        motion=draw_motion(rng, most=0.02),
        resampling=draw_resampling(rng.uniform(0.35, 0.85), rng) if kind < 0.45 else None,
        sharpening=(rng.uniform(0.3, 1.2), rng.uniform(0.8, 2.0)) if kind > 0.7 else None,
        gain=rng.uniform(0.88, 1.12) if lit else 1.0,
        light=rng.uniform(-15, 15) if lit else 0.0,
        inside=inside,
        jitter=_draw_jitter(rng) if inside and rng.random() < 0.88 else TemporalJitter(),
    )


def _draw_jitter(rng: np.random.Generator) -> TemporalJitter:
    def sometimes(share: float, least: float, most: float) -> float:
        return float(rng.uniform(least, most)) if rng.random() < share else 0.0

    return TemporalJitter(
        place=sometimes(0.7, 0.0005, 0.0045),
        bend=sometimes(0.7, 0.0007, 0.0045),
        gain=sometimes(0.5, 0.0, 0.03),
        softness=sometimes(0.5, 0.0, 0.25),
        edge=sometimes(0.5, 0.0, 0.005),
    )
