"""Augmentation by scaling, re-compression, blur, noise and light, applied to real and forged pictures alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO

import av
import cv2
import numpy as np

from training.forgeries.appearance import Pixels, draw_resampling, noisy, relit, sharpened, softened

_WEAKEST_CRF, _USUAL_CRF, _STRONGEST_CRF = 18, 30, 43
# Pixels along each side of a block that an encoder codes as one.
_MACROBLOCK = 16
# No picture is scaled below this, pixels along each side.
_LEAST_SIDE = 64


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


def augmented(pictures: Sequence[Pixels], augmentation: Augmentation, rng: np.random.Generator) -> list[Pixels]:
    """Pictures of one size after an augmentation, in order. Where the encoder's blocks begin in them is random."""
    quiet, chance = replace(augmentation, noise=0.0, scale=1.0), rng.integers(2**63)
    shapes = [picture.shape[:2] for picture in pictures]
    resampling = draw_resampling(max(augmentation.scale, _LEAST_SIDE / min(shapes[0])), rng)
    shrunk = resampling.factor < 1 and augmentation.scale < 1
    if shrunk:
        pictures = [resampling.down(picture) for picture in pictures]
    # All other random choices are the same for all.
    done = [prepared(picture, quiet, np.random.default_rng(chance)) for picture in pictures]
    if augmentation.noise:
        # No picture has the grain of another.
        done = [
            np.clip(picture + rng.normal(0, augmentation.noise, picture.shape), 0, 255).astype(np.uint8)
            for picture in done
        ]
    if augmentation.crf is not None:
        down, right = rng.integers(_MACROBLOCK, size=2)
        around = [cv2.copyMakeBorder(picture, down, 0, right, 0, cv2.BORDER_REFLECT) for picture in done]
        done = [encoded(np.asarray(picture), augmentation.crf)[down:, right:] for picture in around]
    return [resampling.up(picture, shape) for picture, shape in zip(done, shapes, strict=True)] if shrunk else done


def encoded(picture: Pixels, crf: int) -> Pixels:
    """A picture in colour after H.264, predicted from a copy of it moved by a pixel, as most frames are."""
    height, width = (side - side % 2 for side in picture.shape[:2])
    even = np.ascontiguousarray(picture[:height, :width])
    frames = _through_x264([frame_of(np.ascontiguousarray(np.roll(even, 1, axis=1))), frame_of(even)], crf)
    return _grown(np.asarray(frames[-1].to_ndarray(format="rgb24"), dtype=np.uint8), picture.shape[:2])


def _through_x264(frames: Sequence[av.VideoFrame], crf: int) -> list[av.VideoFrame]:
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "bf": "0", "threads": "1", "g": "250"}
        # Macroblock-tree rate control gives, one time in a hundred, other bytes for the same frames.
        stream.options["x264-params"] = "mbtree=0"
        for frame in frames:
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as written:
        return list(written.decode(video=0))


def frame_of(picture: Pixels) -> av.VideoFrame:
    """A picture with even sides as an encoder takes it, with halved colours.

    Left to the encoder, several threads convert, and one time in a few hundred the pixels differ.
    """
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p", threads=1)


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


def _grown(picture: Pixels, shape: tuple[int, ...]) -> Pixels:
    if picture.shape[:2] == tuple(shape):
        return picture
    height, width = shape[0] - picture.shape[0], shape[1] - picture.shape[1]
    return np.asarray(cv2.copyMakeBorder(picture, 0, height, 0, width, cv2.BORDER_REPLICATE), dtype=np.uint8)
