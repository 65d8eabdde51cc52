"""Videos of a face that does what a test says, written with PyAV."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.synthetic.portrait import FACE_CENTRE, IOD, Image, Portrait
from tests.synthetic.voices import RATE, voice

_CLOCK = Fraction(1, 90_000)
_BACKGROUND = 118
_SECOND_FACE = 0.75
_AAC_FRAME = 1024


def still(_: float) -> float:
    """No movement."""
    return 0.0


def syllables(t: float) -> float:
    """An opening between 0 and 1 at about two irregular syllables a second, for a mouth or for loudness."""
    slow = 0.5 - 0.5 * math.cos(2 * math.pi * 2.1 * t)
    return slow * (0.65 + 0.35 * math.sin(2 * math.pi * 0.43 * t + 1))


@dataclass(frozen=True)
class FaceVideo:
    """What a video shows. Equal videos are made once a session by the fixture `face_video`.

    Attributes:
        seconds: Length.
        fps: Frames a second.
        size: Width and height of the upright frame.
        iod: Distance of the outer eye corners, pixels.
        blinks: Times of the blinks' middles, seconds.
        blink_s: Length of a blink, from open to open.
        mouth: Opening from 0 to 1 at a time.
        nod_px: Amplitude of a sinusoidal movement, horizontally and vertically, pixels.
        nod_hz: Its frequency.
        faces: 1, or 2 side by side: the second is mirrored, three quarters as large, and neither blinks nor speaks.
        absent: Spans (from, to) in seconds during which there is no face.
        noise: Standard deviation of sensor noise, in steps of 8 bits.
        sound: Loudness from 0 to 1 at a time; None for a video without sound.
        sound_shift_s: How much later than `sound` the sound is.
        rotation: Degrees counter-clockwise that a player must turn the stored frames by: 0, 90, 180 or -90.
        uneven: Whether every third frame comes two thirds of an interval late.
        codec: Name of ffmpeg's encoder.
        pixel_format: As ffmpeg calls it.
        crf: Quality of libx264 and libx265; 0 is lossless.
        keyframe_every: Frames from one keyframe to the next.
    """

    seconds: float = 4.0
    fps: float = 30.0
    size: tuple[int, int] = (640, 480)
    iod: float = 100.0
    blinks: tuple[float, ...] = ()
    blink_s: float = 0.25
    mouth: Callable[[float], float] = still
    nod_px: tuple[float, float] = (0.0, 0.0)
    nod_hz: float = 0.5
    faces: int = 1
    absent: tuple[tuple[float, float], ...] = ()
    noise: float = 0.0
    sound: Callable[[float], float] | None = None
    sound_shift_s: float = 0.0
    rotation: int = 0
    uneven: bool = False
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    crf: int = 18
    keyframe_every: int = 60

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return round(self.seconds * self.fps)

    def time(self, frame: int) -> float:
        """When a frame is shown, seconds."""
        late = 2 / 3 if self.uneven and frame % 3 == 2 else 0.0
        return (frame + late) / self.fps

    def lids(self, t: float) -> float:
        """How closed the eyes are: a raised cosine for each blink."""
        near = [abs(t - middle) for middle in self.blinks if abs(t - middle) < self.blink_s / 2]
        # Lids stay shut for a while: what a sine would only touch is held.
        return min(1.0, 1.4 * (0.5 + 0.5 * math.cos(2 * math.pi * min(near) / self.blink_s))) if near else 0.0

    def shift(self, t: float) -> tuple[float, float]:
        """Where the face is, pixels from its place."""
        phase = 2 * math.pi * self.nod_hz * t
        return (self.nod_px[0] * math.sin(phase), self.nod_px[1] * math.sin(phase))


# Half as many frames as a phone records, and so half the work: too few for features of quick movements.
TALKING = FaceVideo(
    seconds=12.0,
    fps=15,
    size=(480, 360),
    iod=80.0,
    blinks=(2.0, 5.5, 9.0),
    mouth=syllables,
    sound=syllables,
    nod_px=(1.0, 3.0),
)
"""A face that speaks and blinks three times."""
SILENT = FaceVideo(seconds=6.0, fps=15, size=(480, 360), iod=80.0, blinks=(2.0,), nod_px=(1.0, 3.0))
"""A face, without sound."""
LIVELY = replace(TALKING, fps=30)
"""The one that speaks, at thirty frames a second: all ten features can be measured."""


def make_face_video(path: Path, video: FaceVideo) -> Path:
    """Write a video; the container is the one of the path's suffix. Gives the path."""
    # No encoder tag of this machine's libraries: equal videos are equal bytes.
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        _write(container, video)
    return path


def _write(container: OutputContainer, video: FaceVideo) -> None:
    turned = video.rotation % 180 != 0
    width, height = video.size[::-1] if turned else video.size
    rate = Fraction(video.fps).limit_denominator(1001)
    stream = cast("VideoStream", container.add_stream(video.codec, rate=rate))
    stream.width, stream.height, stream.pix_fmt = width, height, video.pixel_format
    stream.codec_context.gop_size = video.keyframe_every
    # The older encoders know no finer clock than the frame rate, so they cannot be uneven.
    stream.codec_context.time_base = 1 / rate if video.codec.startswith("mpeg") else _CLOCK
    if video.codec in ("libx264", "libx265"):
        stream.options = {"preset": "ultrafast", "crf": str(video.crf)}
    else:
        stream.codec_context.bit_rate = 4_000_000
    if video.rotation:
        stream.set_display_rotation(video.rotation)
    sound = container.add_stream("aac", rate=RATE, layout="mono") if video.sound else None
    base = stream.codec_context.time_base
    for number, image in enumerate(images(video)):
        stored = np.ascontiguousarray(np.rot90(image, -video.rotation // 90))
        frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
        frame.pts, frame.time_base = round(video.time(number) / base), base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    if sound is not None and video.sound is not None:
        samples = voice(video.seconds, video.sound, video.sound_shift_s)
        for start in range(0, len(samples), _AAC_FRAME):
            piece = av.AudioFrame.from_ndarray(samples[None, start : start + _AAC_FRAME], format="fltp", layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = RATE, start, Fraction(1, RATE)
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))


def images(video: FaceVideo) -> Iterator[Image]:
    """The upright frames, (height, width, 3) RGB."""
    width, height = video.size
    portrait = Portrait(video.iod / IOD)
    smaller = Portrait(video.iod / IOD * _SECOND_FACE).posed(0, 0)[:, ::-1]
    places = [(width * (i + 0.5) / video.faces, height / 2) for i in range(video.faces)]
    noise = _noise(video)
    empty = np.full((height, width, 3), _BACKGROUND, np.uint8)
    for number in range(video.frames):
        t = video.time(number)
        image = empty.copy()
        if not any(start <= t < end for start, end in video.absent):
            dx, dy = video.shift(t)
            posed = portrait.posed(video.lids(t), video.mouth(t))
            strip = width // video.faces
            image[:, :strip] = _placed(posed, portrait.scale, (places[0][0] + dx, places[0][1] + dy), (strip, height))
            if video.faces > 1:
                mirrored = (places[1][0] - strip + dx, places[1][1] + dy)
                second = _placed(smaller, portrait.scale * _SECOND_FACE, mirrored, (width - strip, height), True)
                image[:, strip:] = second
        if noise is not None:
            top, left = 37 * number % height, 101 * number % width
            noisy = cv2.add(image, noise[top : top + height, left : left + width], dtype=cv2.CV_8U)
            image = np.asarray(noisy, dtype=np.uint8)
        yield image


def _placed(
    portrait: Image, scale: float, centre: tuple[float, float], size: tuple[int, int], mirrored: bool = False
) -> Image:
    """The portrait with the middle of its face at `centre` of an image of `size`."""
    across = portrait.shape[1] - FACE_CENTRE[0] * scale if mirrored else FACE_CENTRE[0] * scale
    matrix = np.array([[1, 0, centre[0] - across], [0, 1, centre[1] - FACE_CENTRE[1] * scale]])
    placed = cv2.warpAffine(
        np.ascontiguousarray(portrait),
        matrix,
        size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(_BACKGROUND,) * 3,
    )
    return np.asarray(placed, dtype=np.uint8)


def _noise(video: FaceVideo) -> NDArray[np.int16] | None:
    """One tile of noise, twice the frame in each direction: every frame cuts its own part out of it."""
    if video.noise == 0:
        return None
    width, height = video.size
    normal = np.random.default_rng(7).standard_normal((2 * height, 2 * width), dtype=np.float32)
    grey = np.round(normal * video.noise).astype(np.int16)
    return np.repeat(grey[..., None], 3, axis=2)
