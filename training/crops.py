"""Face crops to train the texture network on, cut from videos by the code of the face service.

Crops are a little wider than what the network sees, so that training can shift, turn and scale them; the landmarks come
with them, in pixels of the crop, so that forgeries can be made of them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from services.face.crops import LEAST_FACE_PX, MARGIN, SIDE, crop_view, face_side
from services.face.decoding import timed_pictures
from services.face.models import borrowed_models
from services.face.tracking import FaceTracker
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal

WIDE_SIDE = 280
"""Pixels along each side of a training crop, as large as those of the network's view."""
WIDENED = WIDE_SIDE / SIDE
"""How much wider than the network's view a training crop is."""
CROPS = 24
"""Crops of each video, evenly over what is looked at."""
LOOKED_AT_S = 20.0

_LAYOUT = 1  # raised when crops of another kind are cut


@dataclass(frozen=True)
class Crops:
    """Crops of one video.

    Attributes:
        pixels: (n, WIDE_SIDE, WIDE_SIDE, 3) uint8, RGB.
        points: (n, 468, 2) landmarks in pixels of the crop.
        times_s: (n,).
    """

    pixels: NDArray[np.uint8]
    points: NDArray[np.float32]
    times_s: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of crops."""
        return len(self.times_s)


def cut_all(paths: Sequence[Path], cache: Path, *, jobs: int) -> list[Crops]:
    """Crops of every video, in order; cut once and kept in `cache` by content. Pixels stay on the disk."""
    cache.mkdir(parents=True, exist_ok=True)
    names = Parallel(n_jobs=jobs, return_as="generator")(delayed(_cut_into)(path, cache) for path in paths)
    return [_read(cache / name) for name in names]


def cut(path: Path, count: int = CROPS) -> Crops:
    """Crops of the largest face of a video; none where no face can be seen or nothing can be decoded.

    Each picture is looked at by itself: the face is found, and its landmarks settle, as at the start of a window.
    """
    job = FaceJob((Window(0, 0.0, LOOKED_AT_S),), max_frames=10_000)
    wanted = list(np.linspace(0, _seconds(path), count, endpoint=False) + _seconds(path) / (2 * count))
    pixels, points, times = [], [], []
    with borrowed_models() as models:
        try:
            for one in timed_pictures(path, job, lambda: False):
                if one.picture is None or not wanted or one.time_s < wanted[0]:
                    continue
                while wanted and wanted[0] <= one.time_s:
                    wanted.pop(0)
                tracks = FaceTracker(models, max_faces=4).step(0, one.time_s, one.picture)
                seen = max((track.points[-1] for track in tracks), key=face_side, default=None)
                if seen is None or face_side(seen) < LEAST_FACE_PX:
                    continue
                view = crop_view(seen, WIDE_SIDE, MARGIN * WIDENED)
                pixels.append(one.picture.rgb(view, (WIDE_SIDE, WIDE_SIDE)))
                points.append((seen[:, :2] - view[:, 2]) @ np.linalg.inv(view[:, :2]).T)
                times.append(one.time_s)
        except Refusal:
            pass
    return Crops(
        np.array(pixels, np.uint8).reshape(-1, WIDE_SIDE, WIDE_SIDE, 3),
        np.array(points, np.float32).reshape(-1, 468, 2),
        np.array(times, np.float64),
    )


def middle(picture: NDArray[Any], side: int) -> NDArray[Any]:
    """The `side` × `side` pixels in the middle of a square picture."""
    edge = (len(picture) - side) // 2
    return picture[edge : edge + side, edge : edge + side]


def _seconds(path: Path) -> float:
    """How much of a video is looked at."""
    try:
        with av.open(str(path)) as container:
            known = container.duration / av.time_base if container.duration else LOOKED_AT_S
    except av.FFmpegError:
        return LOOKED_AT_S
    return float(min(known, LOOKED_AT_S))


def _cut_into(path: Path, cache: Path) -> str:
    with path.open("rb") as file:
        name = f"{hashlib.file_digest(file, 'sha256').hexdigest()}-{_LAYOUT}-{WIDE_SIDE}-{CROPS}"
    if not (cache / f"{name}.npz").exists():
        crops = cut(path)
        np.save(cache / f"{name}.npy", crops.pixels)
        # Last, so that what is there is whole.
        np.savez(cache / f"{name}.npz", points=crops.points, times_s=crops.times_s)
    return name


def _read(stem: Path) -> Crops:
    with np.load(stem.with_name(f"{stem.name}.npz")) as rest:
        return Crops(np.load(stem.with_name(f"{stem.name}.npy"), mmap_mode="r"), rest["points"], rest["times_s"])
