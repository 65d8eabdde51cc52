"""What a video goes through on its way to us: made smaller, compressed, blurred, noisy. Real and forged alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from training.forgeries.appearance import Pixels, draw_detour, noisy, relit, sharpened, softened

_WEAKEST_CRF, _USUAL_CRF, _STRONGEST_CRF = 18, 30, 43
# Along each side of what an encoder treats as one.
_MACROBLOCK = 16
# No picture is made smaller than this on a journey, pixels along each side.
_LEAST_SIDE = 64

Moment = NDArray[np.uint8]
"""(h, w, n) lightness of n successive frames, at most four, oldest first: those of a short film without colour."""


@dataclass(frozen=True)
class Journey:
    """One way a video came to us, drawn once for all members of a pair.

    Attributes:
        scale: its size before encoding, as a share of what it was.
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


def draw_journey(rng: np.random.Generator) -> Journey:
    """A journey of ordinary hardship, or, one time in five, a hard one.

    Most films are compressed moderately, and under the strongest compression little of a forgery is left to learn; but
    a network that met it in some data set alone would take it for a mark of that data set.
    """
    if rng.random() < 0.8:
        scale = _sometimes(0.2, rng.uniform(0.5, 1.0), rng)
        crf = _sometimes(0.55, rng.uniform(_WEAKEST_CRF, _USUAL_CRF), rng)
    else:
        scale = _sometimes(0.4, rng.uniform(0.4, 1.0), rng)
        crf = float(rng.uniform(_USUAL_CRF, _STRONGEST_CRF))
    return Journey(
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


def travelled(moments: Sequence[Moment], journey: Journey, rng: np.random.Generator) -> list[Moment]:
    """Moments of one size after a journey, in order. Where in them the encoder's blocks begin is chance."""
    quiet, chance = replace(journey, noise=0.0, scale=1.0), rng.integers(2**63)
    shapes = [moment.shape[:2] for moment in moments]
    detour = draw_detour(max(journey.scale, _LEAST_SIDE / min(shapes[0])), rng)
    smaller = detour.factor < 1 and journey.scale < 1
    if smaller:
        moments = [detour.smaller(moment) for moment in moments]
    # Whatever else is drawn is the same for all.
    done = [prepared(moment, quiet, np.random.default_rng(chance)) for moment in moments]
    if journey.noise:
        # No frame has the grain of the one before it.
        done = [
            np.clip(moment + rng.normal(0, journey.noise, moment.shape), 0, 255).astype(np.uint8) for moment in done
        ]
    if journey.crf is not None:
        down, right = rng.integers(_MACROBLOCK, size=2)
        around = [cv2.copyMakeBorder(moment, down, 0, right, 0, cv2.BORDER_REFLECT) for moment in done]
        done = [encoded(np.asarray(moment), journey.crf)[down:, right:] for moment in around]
    return [detour.back(moment, shape) for moment, shape in zip(done, shapes, strict=True)] if smaller else done


def encoded(moment: Moment, crf: int) -> Moment:
    """The frames of a moment after H.264: the first by itself, the others predicted from it, as most frames are."""
    height, width = (side - side % 2 for side in moment.shape[:2])
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "bf": "0", "threads": "1", "g": "250"}
        # Macroblock-tree rate control gives, one time in a hundred, other bytes for the same frames.
        stream.options["x264-params"] = "mbtree=0"
        for frame in np.moveaxis(moment, 2, 0):
            container.mux(stream.encode(_grey_frame_of(frame[:height, :width])))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as written:
        frames = [frame.to_ndarray()[:height, :width] for frame in written.decode(video=0)]
    return _grown(np.stack(frames, axis=2), moment.shape[:2])


def frame_of(picture: Pixels) -> av.VideoFrame:
    """A picture with even sides as an encoder takes it, with halved colours.

    Left to the encoder, the conversion is shared out to threads, and one time in a few hundred gives other pixels.
    """
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p", threads=1)


def _grey_frame_of(lightness: NDArray[np.uint8]) -> av.VideoFrame:
    """Lightness with even sides as an encoder takes it: its values as they are, and no colour."""
    height, width = lightness.shape
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = lightness
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def prepared(picture: Pixels, journey: Journey, rng: np.random.Generator) -> Pixels:
    """A picture after all of a journey but the encoding, at its own size."""
    if journey.scale < 1:
        picture = softened(picture, journey.scale, rng)
    if journey.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), journey.blur), dtype=np.uint8)
    if journey.sharpen:
        picture = sharpened(picture, journey.sharpen, 1.0)
    if journey.brightness or journey.contrast != 1:
        picture = relit(picture, journey.contrast, journey.brightness)
    return noisy(picture, journey.noise, rng) if journey.noise else picture


def _grown(moment: Moment, shape: tuple[int, ...]) -> Moment:
    if moment.shape[:2] == tuple(shape):
        return moment
    height, width = shape[0] - moment.shape[0], shape[1] - moment.shape[1]
    return np.asarray(cv2.copyMakeBorder(moment, 0, height, 0, width, cv2.BORDER_REPLICATE), dtype=np.uint8)
