"""What a forgery is made from: the pictures of a video's first seconds, the largest face in each, and the sound."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from services.face.finding.tracking import FaceTracker, Track
from services.face.networks.crops import LEAST_FACE_PX, face_side
from services.face.pixels.decoding import timed_pictures
from services.face.pixels.pictures import Picture
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal
from training.data.finder import face_finder
from training.forgeries.appearance import Pixels

SOUND_HZ = 24_000
"""Sound is mono at this rate, as vocoders give it."""

LONGEST_SIDE = 1280
_FASTEST_FPS = 30.0
_MOST_FRAMES = 400
_LEAST_FRAMES = 12
# With a face in fewer frames than this, most of the clip would not be forged.
_LEAST_SHARE = 0.5
_SILENCE = 1e-4


class UnusableError(ValueError):
    """A video cannot be used. The message says why."""


@dataclass(frozen=True)
class Footage:
    """The first seconds of a video; n pictures.

    Attributes:
        pictures: no side longer than `LONGEST_SIDE`.
        times_s: (n,) ascending, from the first picture.
        fps: pictures a second.
        points: (n, 468, 2) landmarks of the largest face in pixels of the upright picture; NaN where it is not seen.
        sound: samples at `SOUND_HZ` from the first picture on; None where there is none.
    """

    pictures: tuple[Picture, ...]
    times_s: NDArray[np.float64]
    fps: float
    points: NDArray[np.float64]
    sound: NDArray[np.float32] | None

    @property
    def seconds(self) -> float:
        """Length, with the time for which the last picture stays."""
        return float(self.times_s[-1]) + 1 / self.fps

    @property
    def face_px(self) -> float:
        """The longer side of the face, median."""
        return float(np.median([face_side(points) for points in self.points if np.isfinite(points).all()]))


def read_footage(path: Path, seconds: float) -> Footage:
    """The first `seconds` of a video.

    Raises:
        UnusableError: it cannot be decoded, is too short, or shows no face that is large enough for long enough.
    """
    job = FaceJob((Window(0, 0.0, seconds),), max_frames=_MOST_FRAMES)
    pictures: list[Picture] = []
    times: list[float] = []
    tracker = FaceTracker(face_finder(), max_faces=4)
    try:
        for timed in timed_pictures(path, job, lambda: False):
            if timed.picture is None or (times and timed.time_s < times[-1] + 0.9 / _FASTEST_FPS):
                continue
            # A copy: the decoder takes its buffers back.
            pictures.append(_copied(timed.picture.shrunk(LONGEST_SIDE)))
            times.append(timed.time_s)
            tracker.step(len(pictures) - 1, timed.time_s, pictures[-1])
    except Refusal as refusal:
        raise UnusableError(refusal.message) from refusal
    if len(pictures) < _LEAST_FRAMES:
        raise UnusableError(f"It has {len(pictures)} pictures, and {_LEAST_FRAMES} are needed.")
    points = _points_of_largest(tracker.tracks, len(pictures))
    footage = Footage(
        tuple(pictures),
        np.array(times),
        fps=float(1 / np.median(np.diff(times))),
        points=points,
        sound=read_sound(path, times[-1] + float(np.median(np.diff(times)))),
    )
    if footage.face_px < LEAST_FACE_PX:
        raise UnusableError(f"The face is {footage.face_px:.0f} pixels large, and {LEAST_FACE_PX:.0f} are needed.")
    return footage


def upright_rgb(picture: Picture) -> Pixels:
    """All of a picture, (h, w, 3), as a player shows it."""
    height, width = picture.luma.shape
    blue, red = (cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in _chroma(picture))
    rgb = cv2.transform(cv2.merge((picture.luma, blue, red)), picture.colour)
    return np.ascontiguousarray(np.rot90(rgb, picture.turns), dtype=np.uint8)


def has_sound(path: Path) -> bool:
    """Whether a file holds a stream of sound."""
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            return bool(container.streams.audio)
    except (av.FFmpegError, ValueError):
        return False


def read_sound(path: Path, seconds: float) -> NDArray[np.float32] | None:
    """So many seconds of sound from the first picture on; None where there is none, or nothing but silence."""
    samples = np.zeros(round(seconds * SOUND_HZ), np.float32)
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            if not container.streams.audio or not container.streams.video:
                return None
            video = container.streams.video[0]
            start_s = float((video.start_time or 0) * (video.time_base or 0))
            resampler = AudioResampler(format="flt", layout="mono", rate=SOUND_HZ)
            place: int | None = None
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    if place is None:
                        place = round(((frame.time or 0.0) - start_s) * SOUND_HZ)
                    heard = piece.to_ndarray().ravel().astype(np.float32)
                    low, high = np.clip([place, place + len(heard)], 0, len(samples))
                    samples[low:high] = heard[low - place : high - place]
                    place += len(heard)
                if place is not None and place >= len(samples):
                    break
    except (av.FFmpegError, ValueError):
        # What was decoded before the damage is still sound.
        pass
    return samples.clip(-1, 1) if float(np.abs(samples).max(initial=0)) > _SILENCE else None


def ticks(footage: Footage, fps: Fraction) -> NDArray[np.intp]:
    """Which picture is shown at each tick of a constant rate; as many as fit into its length."""
    times = np.arange(max(1, int(footage.seconds * fps + 1e-6))) / float(fps)
    return np.maximum(np.searchsorted(footage.times_s, times + 0.5 / footage.fps, side="right") - 1, 0)


def _points_of_largest(tracks: Iterable[Track], count: int) -> NDArray[np.float64]:
    def presence(track: Track) -> float:
        return len(track.frames) * float(np.median([face_side(points) for points in track.points]))

    seen = [track for track in tracks if track.frames]
    points = np.full((count, 468, 2), np.nan)
    if seen:
        largest = max(seen, key=presence)
        points[largest.frames] = [one[:, :2] for one in largest.points]
    share = np.isfinite(points[:, 0, 0]).mean()
    if share < _LEAST_SHARE:
        raise UnusableError(f"A face is seen in {share:.0%} of the pictures, and {_LEAST_SHARE:.0%} are needed.")
    return points


def _chroma(picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return picture.blue, picture.red


def _copied(picture: Picture) -> Picture:
    return replace(picture, luma=picture.luma.copy(), blue=picture.blue.copy(), red=picture.red.copy())
