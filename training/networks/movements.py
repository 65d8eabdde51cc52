"""How the parts of faces move in the videos to train on, measured by the code of the face service."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from av.error import FFmpegError
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
from training.data.crops import LOOKED_AT_S, looked_at
from training.data.finder import face_finder
from training.data.vectors import content_hash
from training.data.writing import in_one_step
from training.forgeries.footage import upright_rgb
from training.forgeries.passage import Passage, write_clip
from training.forgeries.reencoding import Journey

_LAYOUT = 4  # raised when other movements are measured
_MOST_FRAMES = 10_000


@dataclass(frozen=True)
class Movements:
    """Of the largest face of one video, k spans.

    Attributes:
        values: (k, VALUES), see `services.face.signals.movement.Movement`.
        conditions: (k, 2), frames a second and inter-ocular distance in pixels.
    """

    values: NDArray[np.float32]
    conditions: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of spans."""
        return len(self.values)


def measure_all(paths: Sequence[Path], cache: Path, *, jobs: int, journey: Journey | None = None) -> list[Movements]:
    """Movements in every video, in order; measured once and kept in `cache` by content.

    Args:
        paths: of the videos.
        cache: folder.
        jobs: processes.
        journey: what whole videos are sent on before; None for videos as they are.
    """
    tasks = (delayed(_measured_once)(path, cache, journey) for path in paths)
    return list(Parallel(n_jobs=jobs, return_as="generator")(tasks))


def measure(path: Path) -> Movements:
    """Movements of the face that is seen longest and largest; none where no face is followed, or too few frames."""
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


def measure_sent(path: Path, journey: Journey) -> Movements:
    """Likewise, after all of the video was sent on a journey of scale and compression."""
    with TemporaryDirectory() as folder:
        sent = Path(folder, "sent.mp4")
        pictures = (upright_rgb(picture) for _, picture in _pictures(path))
        passage = Passage(replace(journey, scale=1.0), journey.scale, looked_at(path).fps, sound_bits=0, noise_seed=0)
        # A video without pictures cannot be sent, and is measured as what it is.
        with suppress(Refusal, StopIteration, FFmpegError):
            write_clip(sent, pictures, None, passage)
        return measure(sent if sent.exists() else path)


def _pictures(path: Path) -> Iterator[tuple[float, Picture]]:
    """What is looked at of a video, and when.

    Raises:
        Refusal: it cannot be decoded.
    """
    job = FaceJob((Window(0, 0.0, LOOKED_AT_S),), max_frames=_MOST_FRAMES, frame_stride=looked_at(path).stride)
    for one in timed_pictures(path, job, lambda: False):
        if one.picture is not None:
            yield one.time_s, one.picture


def _seen(track: Track) -> float:
    return float(geometry.interocular_distance(np.stack(track.points)).sum())


def _measured_once(path: Path, cache: Path, journey: Journey | None) -> Movements:
    way = "" if journey is None else f"-{journey.scale}-{journey.crf}"
    kept = cache / f"{content_hash(path)}-{_LAYOUT}{way}.npz"
    if not kept.exists():
        found = measure(path) if journey is None else measure_sent(path, journey)
        with in_one_step(kept) as fresh:
            np.savez(fresh, values=found.values, conditions=found.conditions)
    with np.load(kept) as found:
        return Movements(found["values"], found["conditions"])
