"""Augmentation of a whole clip: size, frame rate, light, noise, compression. The same for all members of a pair."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from training.forgeries.appearance import Pixels
from training.forgeries.footage import SOUND_HZ, Footage
from training.forgeries.reencoding import Augmentation, draw_augmentation, frame_of, prepared
from training.forgeries.sounds import Sound

# A clip is always encoded; at this rate next to nothing is lost.
_LEAST_CRF = 18
_RATES = (15, 20, 24, 25)
_BIT_RATES = (48_000, 64_000, 96_000, 128_000)
# A smaller face could not be measured afterwards, forged or not.
_LEAST_FACE_PX = 64.0
_AAC_FRAME = 1024


@dataclass(frozen=True)
class VideoAugmentation:
    """The augmentation of one clip.

    Attributes:
        frame: augmentation of each frame, except its size.
        scale: size of the frames as a share of the original.
        fps: constant frame rate.
        sound_bits: bits a second of AAC.
        noise_seed: of the noise, which is the same in all members of a pair.
    """

    frame: Augmentation
    scale: float
    fps: Fraction
    sound_bits: int
    noise_seed: int


def draw_video_augmentation(footage: Footage, rng: np.random.Generator) -> VideoAugmentation:
    """A random one that leaves the face large enough to be measured."""
    frame = draw_augmentation(rng)
    own = Fraction(footage.fps).limit_denominator(1001)
    slower = [Fraction(rate) for rate in _RATES if rate < 0.95 * own]
    fps = slower[rng.integers(len(slower))] if slower and rng.random() < 0.3 else own
    return VideoAugmentation(
        frame=replace(frame, scale=1.0, crf=frame.crf or _LEAST_CRF),
        scale=min(1.0, max(frame.scale, _LEAST_FACE_PX / footage.face_px)),
        fps=fps,
        sound_bits=_BIT_RATES[rng.integers(len(_BIT_RATES))],
        noise_seed=int(rng.integers(2**31)),
    )


def write_clip(path: Path, pictures: Iterable[Pixels], sound: Sound | None, augmentation: VideoAugmentation) -> None:
    """Augment pictures, one for each tick of `augmentation.fps`, and sound, and encode them as an MP4 file.

    The same arguments give the same bytes.
    """
    rng = np.random.default_rng(augmentation.noise_seed)
    ready = (prepared(_even(whole, augmentation.scale), augmentation.frame, rng) for whole in pictures)
    first = next(ready)
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=augmentation.fps)
        video.height, video.width = first.shape[:2]
        video.pix_fmt = "yuv420p"
        # One thread: with more, what is written depends on how many there are.
        # Macroblock-tree rate control gives other bytes for the same frames now and then (see `reencoding`).
        video.options = {"crf": str(augmentation.frame.crf), "preset": "veryfast", "threads": "1"}
        video.options["x264-params"] = "mbtree=0"
        audio = None if sound is None else container.add_stream("aac", rate=SOUND_HZ, layout="mono")
        if audio is not None:
            audio.bit_rate = augmentation.sound_bits
        for picture in chain([first], ready):
            container.mux(video.encode(frame_of(picture)))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            _write_sound(container, audio, sound)


def _write_sound(container: OutputContainer, stream: AudioStream, sound: Sound) -> None:
    for start in range(0, len(sound), _AAC_FRAME):
        samples = np.ascontiguousarray(sound[np.newaxis, start : start + _AAC_FRAME])
        piece = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        piece.sample_rate, piece.pts, piece.time_base = SOUND_HZ, start, Fraction(1, SOUND_HZ)
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def _even(whole: Pixels, scale: float) -> Pixels:
    """The picture at its new size; H.264 with halved colours needs even sides."""
    height, width = (max(2, 2 * round(side * scale / 2)) for side in whole.shape[:2])
    if (height, width) == whole.shape[:2]:
        return whole
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
