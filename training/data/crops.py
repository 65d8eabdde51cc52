"""Portraits of faces for training the appearance network, cut from videos by the code of the face service.

They are a little wider than the network's input, so that augmentation can shift, turn and scale them. The landmarks
come with them, in pixels of the portrait, for making forgeries.
"""

import math
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
from services.face.networks.crops import LEAST_FACE_PX, MARGIN, SIDE, crop_view, face_side
from services.face.pixels.decoding import timed_pictures
from services.face.pixels.pictures import Picture, View
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal
from services.kit.media.container import moving_pictures, opened_container
from training.data.atomic import atomic_write
from training.data.finder import face_finder
from training.data.vectors import content_hash

WIDE_SIDE = 312
"""Pixels along each side of a training portrait, at the scale of the network's input."""
WIDE_MARGIN = MARGIN * WIDE_SIDE / SIDE
"""Of a training portrait, as `MARGIN`."""
PORTRAITS = 8
"""Of each video, spread evenly over its analysed part."""
LOOKED_AT_S = 20.0
CROPS_LAYOUT = 4
"""Raised when portraits are cut differently, or landmarks move."""


@dataclass(frozen=True)
class Portraits:
    """Pictures of one face.

    Attributes:
        pixels: (n, WIDE_SIDE, WIDE_SIDE, 3) uint8, RGB.
        points: (n, 468, 2) landmarks in pixels of the picture.
        scale: (n,) pixels of the video per pixel of the picture; below 1 the picture is enlarged.
    """

    pixels: NDArray[np.uint8]
    points: NDArray[np.float32]
    scale: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.scale)


def cut_all(paths: Sequence[Path], cache: Path, *, jobs: int) -> list[Path]:
    """Cut portraits of every video, in order, for `read_portraits`; cached in `cache` by content."""
    cache.mkdir(parents=True, exist_ok=True)
    return list(Parallel(n_jobs=jobs, return_as="generator")(delayed(_cut_into)(path, cache) for path in paths))


def read_portraits(kept: Path) -> Portraits:
    """Read what `cut_all` cached of a video."""
    with np.load(kept) as held:
        return Portraits(held["pixels"], held["points"], held["scale"])


def portraits(path: Path, count: int = PORTRAITS) -> Portraits:
    """Portraits of the largest face of a video; none if there is no face or nothing can be decoded."""
    pixels, inside, scales = [], [], []
    for picture, points in _seen(path, count):
        view = crop_view(points, WIDE_SIDE, WIDE_MARGIN)
        pixels.append(picture.rgb(view, (WIDE_SIDE, WIDE_SIDE)))
        inside.append(_in_crop(points, view))
        scales.append(math.sqrt(abs(np.linalg.det(view[:, :2]))))
    return Portraits(
        np.array(pixels, np.uint8).reshape(-1, WIDE_SIDE, WIDE_SIDE, 3),
        np.array(inside, np.float32).reshape(-1, 468, 2),
        np.array(scales, np.float64),
    )


def middle(picture: NDArray[Any], side: int) -> NDArray[Any]:
    """The `side` × `side` pixels in the middle of a square picture."""
    edge = (len(picture) - side) // 2
    return picture[edge : edge + side, edge : edge + side]


def _seen(path: Path, count: int) -> Iterator[tuple[Picture, NDArray[np.float64]]]:
    """In each frame the face is detected anew and its landmarks settle, as at the start of a window."""
    seconds, stride, _ = looked_at(path)
    job = FaceJob((Window(0, 0.0, LOOKED_AT_S),), max_frames=10_000, frame_stride=stride)
    wanted = list(np.linspace(0, seconds, count, endpoint=False) + seconds / (2 * count))
    with suppress(Refusal):
        for one in timed_pictures(path, job, lambda: False):
            if one.picture is None or not wanted or one.time_s < wanted[0]:
                continue
            while wanted and wanted[0] <= one.time_s:
                wanted.pop(0)
            tracks = FaceTracker(face_finder(), max_faces=4).step(0, one.time_s, one.picture)
            points = max((track.points[-1] for track in tracks), key=face_side, default=None)
            if points is not None and face_side(points) >= LEAST_FACE_PX:
                yield one.picture, points


def _in_crop(points: NDArray[np.float64], view: View) -> NDArray[np.float64]:
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
    kept = cache / f"{content_hash(path)}-{CROPS_LAYOUT}-{WIDE_SIDE}-{PORTRAITS}.npz"
    if not kept.exists():
        cut = portraits(path)
        with atomic_write(kept) as fresh:
            np.savez(fresh, pixels=cut.pixels, points=cut.points, scale=cut.scale)
    return kept
