"""How the parts of faces move in the videos to train on, measured by the code of the face service."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from gateway.features import fast_enough
from services.face import signals
from services.face.decoding import timed_pictures
from services.face.movement import VALUES, movements
from services.face.tracking import FaceTracker, Track
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal
from training.crops import LOOKED_AT_S, length_and_stride
from training.finder import face_finder
from training.vectors import content_hash

_LAYOUT = 4  # raised when other movements are measured
_MOST_FRAMES = 10_000


@dataclass(frozen=True)
class Movements:
    """Of the largest face of one video, k spans.

    Attributes:
        values: (k, VALUES), see `services.face.movement.Movement`.
        conditions: (k, 2), frames a second and inter-ocular distance in pixels.
    """

    values: NDArray[np.float32]
    conditions: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of spans."""
        return len(self.values)


def measure_all(paths: Sequence[Path], cache: Path, *, jobs: int) -> list[Movements]:
    """Movements in every video, in order; measured once and kept in `cache` by content."""
    cache.mkdir(parents=True, exist_ok=True)
    return list(Parallel(n_jobs=jobs, return_as="generator")(delayed(_measured_once)(path, cache) for path in paths))


def measure(path: Path) -> Movements:
    """Movements of the face that is seen longest and largest; none where no face is followed, or too few frames."""
    _, stride = length_and_stride(path)
    job = FaceJob((Window(0, 0.0, LOOKED_AT_S),), max_frames=_MOST_FRAMES, frame_stride=stride)
    times: list[float] = []
    tracker = FaceTracker(face_finder(), max_faces=4)
    with suppress(Refusal):
        for one in timed_pictures(path, job, lambda: False):
            if one.picture is not None:
                tracker.step(len(times), one.time_s, one.picture)
                times.append(one.time_s)
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


def _seen(track: Track) -> float:
    return float(signals.interocular_distance(np.stack(track.points)).sum())


def _measured_once(path: Path, cache: Path) -> Movements:
    kept = cache / f"{content_hash(path)}-{_LAYOUT}.npz"
    if not kept.exists():
        found = measure(path)
        fresh = kept.with_suffix(".new.npz")
        np.savez(fresh, values=found.values, conditions=found.conditions)
        fresh.replace(kept)
    with np.load(kept) as found:
        return Movements(found["values"], found["conditions"])
