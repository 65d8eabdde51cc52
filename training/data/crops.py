"""Snippets of faces for training the texture network, cut from videos by the code of the face service.

They are a little wider than the network's input, so that augmentation can shift, turn and scale them. They hold one
more frame, which comes first, so that re-compression can predict the network's first frame from it. The landmarks come
with them, in pixels of the crop, for making forgeries.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from gateway.analysis.planning import frame_stride
from services.face.finding.tracking import FaceTracker
from services.face.networks.crops import FRAMES, LEAST_FACE_PX, MARGIN, SIDE, crop_view, face_side, face_snippet
from services.face.pixels.decoding import timed_pictures
from services.face.pixels.pictures import Picture, View
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal
from services.kit.media.container import moving_pictures, opened_container
from training.data.atomic import atomic_write
from training.data.finder import face_finder
from training.data.vectors import content_hash

WIDE_SIDE = 280
"""Pixels along each side of a training crop, at the scale of the network's input."""
WIDENED = WIDE_SIDE / SIDE
"""How much wider than the network's input a training crop is."""
WIDE_FRAMES = FRAMES + 1
"""Frames of a training crop."""
CROPS = 24
"""Snippets of each video, spread evenly over its analysed part."""
LOOKED_AT_S = 20.0
CROPS_LAYOUT = 4
"""Raised when crops are cut differently, or landmarks move."""

_WIDE_MARGIN = MARGIN * WIDENED


@dataclass(frozen=True)
class Crops:
    """Snippets of one video.

    Attributes:
        snippets: (n, WIDE_SIDE, WIDE_SIDE, WIDE_FRAMES) uint8, lightness, oldest frame first.
        points: (n, 468, 2) landmarks of the last frame in pixels of the crop.
        scale: (n,) pixels of the video per pixel of the crop; below 1 the crop is enlarged.
        times_s: (n,) of the last frame.
    """

    snippets: NDArray[np.uint8]
    points: NDArray[np.float32]
    scale: NDArray[np.float64]
    times_s: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of snippets."""
        return len(self.times_s)


@dataclass(frozen=True)
class Portraits:
    """Pictures of one face.

    Attributes:
        pixels: (n, WIDE_SIDE, WIDE_SIDE, 3) uint8, RGB.
        points: (n, 468, 2) landmarks in pixels of the picture.
    """

    pixels: NDArray[np.uint8]
    points: NDArray[np.float32]


def cut_all(paths: Sequence[Path], cache: Path, *, jobs: int) -> list[Path]:
    """Cut snippets of every video, in order, for `read_crops`; cached in `cache` by content."""
    cache.mkdir(parents=True, exist_ok=True)
    return list(Parallel(n_jobs=jobs, return_as="generator")(delayed(_cut_into)(path, cache) for path in paths))


def read_crops(kept: Path) -> Crops:
    """Read what `cut_all` cached of a video. Pixels stay on the disk."""
    with np.load(kept.with_name(f"{kept.name}.npz")) as rest:
        snippets = np.load(kept.with_name(f"{kept.name}.npy"), mmap_mode="r")
        return Crops(snippets, rest["points"], rest["scale"], rest["times_s"])


def cut(path: Path, count: int = CROPS) -> Crops:
    """Snippets of the largest face of a video; none if there is no face or nothing can be decoded."""
    snippets, points, scales, times = [], [], [], []
    for seen in _seen(path, count):
        snippets.append(face_snippet(seen.frames, seen.points, WIDE_SIDE, _WIDE_MARGIN))
        points.append(_in_crop(seen.points))
        scales.append(math.sqrt(abs(np.linalg.det(_view(seen.points)[:, :2]))))
        times.append(seen.time_s)
    return Crops(
        np.array(snippets, np.uint8).reshape(-1, WIDE_SIDE, WIDE_SIDE, WIDE_FRAMES),
        np.array(points, np.float32).reshape(-1, 468, 2),
        np.array(scales, np.float64),
        np.array(times, np.float64),
    )


def portraits(path: Path, count: int) -> Portraits:
    """Colour pictures of the largest face of a video, likewise."""
    pixels, points = [], []
    for seen in _seen(path, count):
        pixels.append(seen.frames[-1].rgb(_view(seen.points), (WIDE_SIDE, WIDE_SIDE)))
        points.append(_in_crop(seen.points))
    return Portraits(
        np.array(pixels, np.uint8).reshape(-1, WIDE_SIDE, WIDE_SIDE, 3),
        np.array(points, np.float32).reshape(-1, 468, 2),
    )


def middle(picture: NDArray[Any], side: int) -> NDArray[Any]:
    """The `side` × `side` pixels in the middle of a square picture."""
    edge = (len(picture) - side) // 2
    return picture[edge : edge + side, edge : edge + side]


class _Seen(NamedTuple):
    """WIDE_FRAMES successive frames, and the landmarks in the last of them."""

    frames: tuple[Picture, ...]
    points: NDArray[np.float64]
    time_s: float


def _seen(path: Path, count: int) -> Iterator[_Seen]:
    """In each last frame the face is detected anew and its landmarks settle, as at the start of a window."""
    seconds, stride, _ = looked_at(path)
    job = FaceJob((Window(0, 0.0, LOOKED_AT_S),), max_frames=10_000, frame_stride=stride)
    wanted = list(np.linspace(0, seconds, count, endpoint=False) + seconds / (2 * count))
    frames: deque[Picture] = deque(maxlen=WIDE_FRAMES)
    with suppress(Refusal):
        for one in timed_pictures(path, job, lambda: False):
            if one.picture is None:
                continue
            frames.append(one.picture)
            if not wanted or one.time_s < wanted[0] or len(frames) < WIDE_FRAMES:
                continue
            while wanted and wanted[0] <= one.time_s:
                wanted.pop(0)
            tracks = FaceTracker(face_finder(), max_faces=4).step(0, one.time_s, one.picture)
            points = max((track.points[-1] for track in tracks), key=face_side, default=None)
            if points is not None and face_side(points) >= LEAST_FACE_PX:
                yield _Seen(tuple(frames), points, one.time_s)


def _view(points: NDArray[np.float64]) -> View:
    return crop_view(points, WIDE_SIDE, _WIDE_MARGIN)


def _in_crop(points: NDArray[np.float64]) -> NDArray[np.float64]:
    view = _view(points)
    return np.asarray((points[:, :2] - view[:, 2]) @ np.linalg.inv(view[:, :2]).T)


class LookedAt(NamedTuple):
    """The analysed part of a video: its first seconds, and every `stride`th frame, as in service."""

    seconds: float
    stride: int
    fps: Fraction
    """Of the analysed frames; 25 a second if unknown."""


def looked_at(path: Path) -> LookedAt:
    """The analysed part of a video; all of one that cannot be opened."""
    seconds, rate = LOOKED_AT_S, None
    with opened_container(path) as container:
        if container is not None:
            seconds = container.duration / av.time_base if container.duration else LOOKED_AT_S
            stream = moving_pictures(container)
            rate = stream.average_rate if stream else None
    stride = frame_stride(float(rate) if rate else None)
    return LookedAt(float(min(seconds, LOOKED_AT_S)), stride, Fraction(rate or 25 * stride) / stride)


def _cut_into(path: Path, cache: Path) -> Path:
    name = f"{content_hash(path)}-{CROPS_LAYOUT}-{WIDE_SIDE}-{CROPS}"
    if not (cache / f"{name}.npz").exists():
        crops = cut(path)
        np.save(cache / f"{name}.npy", crops.snippets)
        # Written last: if it exists, everything does.
        with atomic_write(cache / f"{name}.npz") as fresh:
            np.savez(fresh, points=crops.points, scale=crops.scale, times_s=crops.times_s)
    return cache / name
