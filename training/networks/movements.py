"""Movement of faces in the training videos, measured by the code of the face service."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from gateway.features.vector import fast_enough
from services.face.finding.tracking import FaceTracker, Track
from services.face.pixels.decoding import timed_pictures
from services.face.pixels.pictures import Picture
from services.face.signals import geometry
from services.face.signals.movement import VALUES, movements
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal
from training.data.atomic import atomic_write
from training.data.crops import LOOKED_AT_S, looked_at
from training.data.finder import face_finder
from training.data.vectors import content_hash

_LAYOUT = 4  # raised when other movements are measured
_MOST_FRAMES = 10_000


@dataclass(frozen=True)
class Movements:
    """The spans, k in all, of the largest face in one video.

    Attributes:
        values: (k, VALUES), see `services.face.signals.movement.Movement`.
        conditions: (k, 2), frames a second and inter-ocular distance in pixels.
    """

    values: NDArray[np.float32]
    conditions: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of spans."""
        return len(self.values)


def measure_all(paths: Sequence[Path], cache: Path, *, jobs: int) -> list[Movements]:
    """Movements in every video, in order; measured once and kept in `cache` by content.

    Args:
        paths: of the videos.
        cache: folder.
        jobs: processes.
    """
    tasks = (delayed(_measured_once)(path, cache) for path in paths)
    return list(Parallel(n_jobs=jobs, return_as="generator")(tasks))


def measure(path: Path) -> Movements:
    """Movements of the face that is seen longest and largest; none without a face followed for enough frames."""
    times: list[float] = []
    tracker = FaceTracker(face_finder(), max_faces=4)
    with suppress(Refusal):
        for time_s, picture in _pictures(path):
            tracker.step(len(times), time_s, picture)
            times.append(time_s)
    track = max((one for one in tracker.tracks if one.frames), key=_seen, default=None)
    spans = []
    if track is not None:
        seen = np.stack(track.points), np.stack(track.light)
        spans = movements(*seen, np.array(times)[track.frames], np.array(track.segments))
    spans = [span for span in spans if fast_enough(span.fps)]
    return Movements(
        np.array([span.values for span in spans], np.float32).reshape(-1, VALUES),
        np.array([(span.fps, span.iod_px) for span in spans], np.float32).reshape(-1, 2),
    )


def _pictures(path: Path) -> Iterator[tuple[float, Picture]]:
    """The analysed frames of a video and their times.

    Raises:
        Refusal: it cannot be decoded.
    """
    job = FaceJob((Window(0, 0.0, LOOKED_AT_S),), max_frames=_MOST_FRAMES, frame_stride=looked_at(path).stride)
    for one in timed_pictures(path, job, lambda: False):
        if one.picture is not None:
            yield one.time_s, one.picture


def _seen(track: Track) -> float:
    return float(geometry.interocular_distance(np.stack(track.points)).sum())


def _measured_once(path: Path, cache: Path) -> Movements:
    kept = cache / f"{content_hash(path)}-{_LAYOUT}.npz"
    if not kept.exists():
        found = measure(path)
        with atomic_write(kept) as fresh:
            np.savez(fresh, values=found.values, conditions=found.conditions)
    with np.load(kept) as found:
        return Movements(found["values"], found["conditions"])
