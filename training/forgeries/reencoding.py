"""What a video goes through on its way to us: made smaller, compressed, blurred, noisy. Real and forged alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import av
import cv2
import numpy as np

from training.forgeries.appearance import Pixels, noisy, sharpened, softened

_WEAKEST_CRF, _USUAL_CRF, _STRONG_CRF, _STRONGEST_CRF = 18, 23, 40, 43


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
    """A journey of ordinary hardship, or, every other time, a hard one.

    Most films are compressed moderately, and under the strongest compression little of a forgery is left to learn; but
    a network that met it in some data set alone would take it for a mark of that data set.
    """
    if rng.random() < 0.5:
        scale = _sometimes(0.3, rng.uniform(0.5, 1.0), rng)
        crf = _sometimes(0.65, rng.triangular(_WEAKEST_CRF, _USUAL_CRF, _STRONG_CRF), rng)
    else:
        scale = _sometimes(0.4, rng.uniform(0.4, 1.0), rng)
        crf = _sometimes(0.8, rng.uniform(_WEAKEST_CRF, _STRONGEST_CRF), rng)
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


def travelled(pictures: Sequence[Pixels], journey: Journey, rng: np.random.Generator) -> list[Pixels]:
    """Pictures of one size after a journey, in order."""
    done = [prepared(picture, journey, rng) for picture in pictures]
    return done if journey.crf is None else encoded(done, journey.crf)


def encoded(pictures: Sequence[Pixels], crf: int) -> list[Pixels]:
    """Each picture as the second of two frames in an H.264 stream, so that it is predicted as most frames are.

    The first frame of each two is the same picture moved by a pixel.
    """
    height, width = (side - side % 2 for side in pictures[0].shape[:2])
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "bf": "0", "threads": "1", "g": "250"}
        for picture in pictures:
            for frame in (np.roll(picture, 1, axis=1), picture):
                cut = np.ascontiguousarray(frame[:height, :width])
                container.mux(stream.encode(frame_of(cut)))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as written:
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in written.decode(video=0)]
    return [_grown(frame, pictures[0].shape[:2]) for frame in frames[1::2]]


def frame_of(picture: Pixels) -> av.VideoFrame:
    """A picture with even sides as an encoder takes it, with halved colours.

    Left to the encoder, the conversion is shared out to threads, and one time in a few hundred gives other pixels.
    """
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p", threads=1)


def prepared(picture: Pixels, journey: Journey, rng: np.random.Generator) -> Pixels:
    """A picture after all of a journey but the encoding, at its own size."""
    if journey.scale < 1:
        picture = softened(picture, journey.scale, rng)
    if journey.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), journey.blur), dtype=np.uint8)
    if journey.sharpen:
        picture = sharpened(picture, journey.sharpen, 1.0)
    if journey.brightness or journey.contrast != 1:
        lit = (picture.astype(np.float32) - 128) * journey.contrast + 128 + journey.brightness
        picture = np.clip(lit, 0, 255).astype(np.uint8)
    return noisy(picture, journey.noise, rng) if journey.noise else picture


def _grown(picture: Pixels, shape: tuple[int, ...]) -> Pixels:
    if picture.shape[:2] == tuple(shape):
        return picture
    height, width = shape[0] - picture.shape[0], shape[1] - picture.shape[1]
    return np.asarray(cv2.copyMakeBorder(picture, 0, height, 0, width, cv2.BORDER_REPLICATE), dtype=np.uint8)
