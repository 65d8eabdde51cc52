"""How a face that was put in differs from what was there: colour, light, sharpness, size."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(h, w, 3), RGB."""


def recoloured(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Another colour balance, saturation, brightness and contrast, all slight."""
    shifted = pixels.astype(np.float32) + rng.uniform(-20, 20, 3).astype(np.float32) * (rng.random() < 0.7)
    hsv = cv2.cvtColor(np.clip(shifted, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-6, 6)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.75, 1.25), 0, 255)
    rgb = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.float32)
    rgb = (rgb - 128) * rng.uniform(0.85, 1.15) + 128 + rng.uniform(-20, 20)
    return np.clip(rgb, 0, 255).astype(np.uint8)


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


def softened(pixels: Pixels, factor: float, rng: np.random.Generator) -> Pixels:
    """Made smaller by `factor` (below 1) and larger again, as a face from a network of small output is."""
    height, width = pixels.shape[:2]
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[rng.integers(3)]
    return np.asarray(cv2.resize(small, (width, height), interpolation=how), dtype=np.uint8)


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
