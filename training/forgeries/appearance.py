"""How an inserted face differs from the original: colour, light, sharpness, size.

Random parameters are drawn first and applied afterwards, so that all frames of a video can be changed alike.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(h, w, 3), RGB."""

_INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


@dataclass(frozen=True)
class Colours:
    """Another colour balance, saturation, brightness and contrast.

    Attributes:
        balance: (3,) grey levels added to red, green and blue.
        hue: half degrees added.
        saturation: factor.
        contrast: factor about mid-grey.
        brightness: grey levels added.
    """

    balance: NDArray[np.float32]
    hue: float
    saturation: float
    contrast: float
    brightness: float

    def of(self, pixels: Pixels) -> Pixels:
        """The picture in these colours."""
        shifted = pixels.astype(np.float32) + self.balance
        hsv = cv2.cvtColor(np.clip(shifted, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV).astype(np.float32)
        hsv[..., 0] = (hsv[..., 0] + self.hue) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * self.saturation, 0, 255)
        rgb = np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), dtype=np.uint8)
        return relit(rgb, self.contrast, self.brightness)


def draw_colours(rng: np.random.Generator) -> Colours:
    """Slightly other colours."""
    return Colours(
        balance=rng.uniform(-20, 20, 3).astype(np.float32) * (rng.random() < 0.7),
        hue=rng.uniform(-6, 6),
        saturation=rng.uniform(0.75, 1.25),
        contrast=rng.uniform(0.85, 1.15),
        brightness=rng.uniform(-20, 20),
    )


@dataclass(frozen=True)
class Resampling:
    """Scaled down and up again, like a face from a network with a small output.

    Attributes:
        factor: of each side, at most 1; with 1 nothing changes.
        interpolation: OpenCV's, for scaling up.
    """

    factor: float
    interpolation: int = cv2.INTER_LINEAR

    def of(self, pixels: Pixels) -> Pixels:
        """The picture after it."""
        return self.up(self.down(pixels), pixels.shape[:2])

    def down(self, pixels: Pixels) -> Pixels:
        """The small picture: each pixel the mean of those it covers."""
        height, width = pixels.shape[:2]
        size = (max(8, round(width * self.factor)), max(8, round(height * self.factor)))
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def up(self, small: Pixels, shape: tuple[int, ...]) -> Pixels:
        """The small picture at its former (height, width)."""
        return np.asarray(cv2.resize(small, shape[1::-1], interpolation=self.interpolation), dtype=np.uint8)


def draw_resampling(factor: float, rng: np.random.Generator) -> Resampling:
    """By a given factor, with a random interpolation."""
    return Resampling(factor, _INTERPOLATIONS[rng.integers(3)])


@dataclass(frozen=True)
class Change:
    """A slight change of a face's processing history.

    Attributes:
        colours: a change of them, if any.
        resampling: through a smaller picture, if any.
        sharpening: amount and sigma of unsharp masking, if any.
        noise: sigma in grey levels, 0 for none.
    """

    colours: Colours | None = None
    resampling: Resampling | None = None
    sharpening: tuple[float, float] | None = None
    noise: float = 0.0

    def of(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """The picture changed; `rng` makes the noise."""
        changed = self.colours.of(pixels) if self.colours else pixels
        changed = self.resampling.of(changed) if self.resampling else changed
        changed = sharpened(changed, *self.sharpening) if self.sharpening else changed
        return noisy(changed, self.noise, rng) if self.noise else changed


def draw_change(rng: np.random.Generator) -> Change:
    """A slight change: maybe of the colours, and maybe one of sharpness, softness and noise."""
    colours = draw_colours(rng) if rng.random() < 0.7 else None
    kind = rng.random()
    if kind < 0.45:
        return Change(colours, resampling=draw_resampling(rng.uniform(0.3, 0.85), rng))
    if kind < 0.7:
        return Change(colours, sharpening=(rng.uniform(0.3, 1.5), rng.uniform(0.8, 2.5)))
    return Change(colours, noise=rng.uniform(2, 6) if kind < 0.8 else 0.0)


def matched_colours(pixels: Pixels, target: Pixels, mask: NDArray[np.float32]) -> Pixels:
    """Mean and spread of each Lab channel taken over from `target`, both measured under `mask`.

    Reinhard et al. 2001, *Color Transfer between Images*.
    """
    lab, wanted = (cv2.cvtColor(one, cv2.COLOR_RGB2LAB).astype(np.float32) for one in (pixels, target))
    inside = mask > 0.5
    if inside.sum() < 100:
        return pixels
    own, other = lab[inside], wanted[inside]
    scaled = (lab - own.mean(axis=0)) * (other.std(axis=0) / np.maximum(own.std(axis=0), 1.0)) + other.mean(axis=0)
    matched = cv2.cvtColor(np.clip(scaled, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
    return np.asarray(matched, dtype=np.uint8)


def relit(pixels: Pixels, contrast: float, brightness: float) -> Pixels:
    """Contrast, a factor about mid-grey, and brightness, grey levels added, changed."""
    lit = (pixels.astype(np.float32) - 128) * contrast + 128 + brightness
    return np.asarray(np.clip(lit, 0, 255), dtype=np.uint8)


def shifted(pixels: Pixels, shift: NDArray[np.float64]) -> Pixels:
    """Moved by (2,) pixels across and down, and so resampled."""
    matrix, size = np.column_stack([np.eye(2), shift]), pixels.shape[1::-1]
    moved = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.uint8)


def softened(pixels: Pixels, factor: float, rng: np.random.Generator) -> Pixels:
    """Scaled by `factor` (below 1) and back, with a random interpolation."""
    return draw_resampling(factor, rng).of(pixels)


def sharpened(pixels: Pixels, amount: float, sigma: float) -> Pixels:
    """Unsharp masking."""
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma)
    return np.asarray(cv2.addWeighted(pixels, 1 + amount, blurred, -amount, 0), dtype=np.uint8)


def noisy(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Pixels:
    """White noise of `sigma` grey levels, the same in all channels for the most part, as after a colour conversion."""
    height, width = pixels.shape[:2]
    grey = rng.normal(0, sigma, (height, width, 1))
    colour = rng.normal(0, sigma / 3, pixels.shape)
    return np.clip(pixels + grey + colour, 0, 255).astype(np.uint8)
