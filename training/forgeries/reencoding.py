"""Augmentation by scaling, re-compression, blur, noise and light, applied to real and forged pictures alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from training.forgeries.appearance import Pixels, draw_resampling, noisy, relit, sharpened, softened

_WEAKEST_CRF, _USUAL_CRF, _STRONGEST_CRF = 18, 30, 43
# Pixels along each side of a block that an encoder codes as one.
_MACROBLOCK = 16
# No picture is scaled below this, pixels along each side.
_LEAST_SIDE = 64

Snippet = NDArray[np.uint8]
"""(h, w, n) lightness of n successive frames of a crop, at most four, oldest first."""


@dataclass(frozen=True)
class Augmentation:
    """One augmentation, drawn once for all members of a pair.

    Attributes:
        scale: size before encoding, as a share of the original.
        crf: constant rate factor of x264; None when it is not encoded again.
        blur: sigma in pixels, 0 for none.
        noise: sigma in grey levels, 0 for none.
        sharpen: amount of unsharp masking, 0 for none.
        brightness: grey levels added.
        contrast: factor about mid-grey.
    """

    scale: float = 1.0
    crf: int | None = None
    blur: float = 0.0
    noise: float = 0.0
    sharpen: float = 0.0
    brightness: float = 0.0
    contrast: float = 1.0


def draw_augmentation(rng: np.random.Generator) -> Augmentation:
    """A mild augmentation, or, one time in five, a strong one.

    Most videos are compressed moderately, and strong compression leaves little of a forgery to learn from. But a
    network that met strong compression in one data set only would take it for a mark of that data set.
    """
    if rng.random() < 0.8:
        scale = _sometimes(0.2, rng.uniform(0.5, 1.0), rng)
        crf = _sometimes(0.55, rng.uniform(_WEAKEST_CRF, _USUAL_CRF), rng)
    else:
        scale = _sometimes(0.4, rng.uniform(0.4, 1.0), rng)
        crf = float(rng.uniform(_USUAL_CRF, _STRONGEST_CRF))
    return Augmentation(
        scale=1.0 if scale is None else scale,
        crf=None if crf is None else round(crf),
        blur=float(rng.uniform(0.4, 1.2)) if rng.random() < 0.12 else 0.0,
        noise=float(rng.uniform(1, 5)) if rng.random() < 0.12 else 0.0,
        sharpen=float(rng.uniform(0.2, 1.0)) if rng.random() < 0.12 else 0.0,
        brightness=float(rng.uniform(-25, 25)) if rng.random() < 0.5 else 0.0,
        contrast=float(rng.uniform(0.75, 1.25)) if rng.random() < 0.5 else 1.0,
    )


def _sometimes(share: float, value: float, rng: np.random.Generator) -> float | None:
    return float(value) if rng.random() < share else None


def augmented(snippets: Sequence[Snippet], augmentation: Augmentation, rng: np.random.Generator) -> list[Snippet]:
    """Snippets of one size after an augmentation, in order. Where the encoder's blocks begin in them is random."""
    quiet, chance = replace(augmentation, noise=0.0, scale=1.0), rng.integers(2**63)
    shapes = [snippet.shape[:2] for snippet in snippets]
    resampling = draw_resampling(max(augmentation.scale, _LEAST_SIDE / min(shapes[0])), rng)
    shrunk = resampling.factor < 1 and augmentation.scale < 1
    if shrunk:
        snippets = [resampling.down(snippet) for snippet in snippets]
    # All other random choices are the same for all.
    done = [prepared(snippet, quiet, np.random.default_rng(chance)) for snippet in snippets]
    if augmentation.noise:
        # No frame has the grain of the one before it.
        done = [
            np.clip(snippet + rng.normal(0, augmentation.noise, snippet.shape), 0, 255).astype(np.uint8)
            for snippet in done
        ]
    if augmentation.crf is not None:
        down, right = rng.integers(_MACROBLOCK, size=2)
        around = [cv2.copyMakeBorder(snippet, down, 0, right, 0, cv2.BORDER_REFLECT) for snippet in done]
        done = [encoded(np.asarray(snippet), augmentation.crf)[down:, right:] for snippet in around]
    return [resampling.up(snippet, shape) for snippet, shape in zip(done, shapes, strict=True)] if shrunk else done


def encoded(snippet: Snippet, crf: int) -> Snippet:
    """A snippet after H.264: the first frame coded by itself, the others predicted from it, as most frames are."""
    height, width = (side - side % 2 for side in snippet.shape[:2])
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "bf": "0", "threads": "1", "g": "250"}
        # Macroblock-tree rate control gives, one time in a hundred, other bytes for the same frames.
        stream.options["x264-params"] = "mbtree=0"
        for frame in np.moveaxis(snippet, 2, 0):
            container.mux(stream.encode(_grey_frame_of(frame[:height, :width])))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as written:
        frames = [frame.to_ndarray()[:height, :width] for frame in written.decode(video=0)]
    return _grown(np.stack(frames, axis=2), snippet.shape[:2])


def frame_of(picture: Pixels) -> av.VideoFrame:
    """A picture with even sides as an encoder takes it, with halved colours.

    Left to the encoder, several threads convert, and one time in a few hundred the pixels differ.
    """
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p", threads=1)


def _grey_frame_of(lightness: NDArray[np.uint8]) -> av.VideoFrame:
    """Lightness with even sides as an encoder takes it: its values as they are, and no colour."""
    height, width = lightness.shape
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = lightness
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def prepared(picture: Pixels, augmentation: Augmentation, rng: np.random.Generator) -> Pixels:
    """A picture after everything but the encoding, at its own size."""
    if augmentation.scale < 1:
        picture = softened(picture, augmentation.scale, rng)
    if augmentation.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), augmentation.blur), dtype=np.uint8)
    if augmentation.sharpen:
        picture = sharpened(picture, augmentation.sharpen, 1.0)
    if augmentation.brightness or augmentation.contrast != 1:
        picture = relit(picture, augmentation.contrast, augmentation.brightness)
    return noisy(picture, augmentation.noise, rng) if augmentation.noise else picture


def _grown(snippet: Snippet, shape: tuple[int, ...]) -> Snippet:
    if snippet.shape[:2] == tuple(shape):
        return snippet
    height, width = shape[0] - snippet.shape[0], shape[1] - snippet.shape[1]
    return np.asarray(cv2.copyMakeBorder(snippet, 0, height, 0, width, cv2.BORDER_REPLICATE), dtype=np.uint8)
