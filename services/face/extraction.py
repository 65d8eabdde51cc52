"""A run of windows: decode, track faces, measure. One generator, which any worker can run."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from services.face.finding.tracking import FaceTracker, Track
from services.face.mesh import landmarks as lm
from services.face.networks.models import FaceModels, borrowed_models
from services.face.networks.scoring import WindowScores
from services.face.pixels.decoding import TimedPicture, timed_pictures, total_seconds
from services.face.pixels.overlap import produced_ahead
from services.face.pixels.thumbnails import shares
from services.face.signals import geometry
from services.face.signals.contours import contours
from services.face.signals.movement import movements
from services.face.signals.texture import measure_texture
from services.face.windows import (
    FaceJob,
    Progress,
    ScoredMovement,
    Texture,
    Thumbnail,
    TrackSignals,
    Window,
    WindowFaces,
)

# Each is one decoded frame in memory.
_FRAMES_AHEAD = 4
_PROGRESS_EVERY = 10
# Fifty measurements over the six hundred frames of an analysis.
_TEXTURE_EVERY = 12
# A face seen this briefly carries no signal, and is more often than not no face.
_LEAST_ENTRIES = 5

Cancelled = Callable[[], bool]


def extract(cancelled: Cancelled, video: BinaryIO | Path, job: FaceJob) -> Iterator[Progress | WindowFaces]:
    """Signals of all windows, in order, with progress between them.

    A window in which nothing could be decoded comes without frames. When `cancelled()` turns true the generator ends.

    Raises:
        Refusal: See `services.face.pixels.decoding.timed_pictures`.
    """
    thumbnails = shares(job.max_thumbnails, len(job.windows))
    meter = _Meter(job)
    with borrowed_models() as models, produced_ahead(timed_pictures(video, job, cancelled), _FRAMES_AHEAD) as timed:
        by_window = groupby(timed, key=lambda one: one.window)
        window, pictures = next(by_window, (None, iter(())))
        for wanted, portraits in zip(job.windows, thumbnails, strict=True):
            scores = WindowScores(wanted, models.texture, job.max_crops, portraits)
            analysis = _WindowAnalysis(wanted, models, job.max_faces, scores)
            if window == wanted:
                for one in pictures:
                    if cancelled():
                        return
                    if analysis.take(one):
                        yield from meter.tick(one)
                window, pictures = next(by_window, (None, iter(())))
            if cancelled():
                return
            yield analysis.result()
            meter.finish(wanted)
    yield Progress(1.0, meter.text)


class _Meter:
    """Progress by time covered."""

    def __init__(self, job: FaceJob) -> None:
        self._total_s = total_seconds(job.windows)
        self._done_s = 0.0
        self._frames = 0
        self.text = "no frame"

    def tick(self, one: TimedPicture) -> Iterator[Progress]:
        self._frames += 1
        into_s = min(max(one.time_s - one.window.start_s, 0.0), one.window.end_s - one.window.start_s)
        fraction = min(1.0, (self._done_s + into_s) / self._total_s)
        self.text = (
            f"frame {self._frames} of {max(self._frames, round(self._frames / fraction))}"
            if fraction
            else "first frame"
        )
        if self._frames % _PROGRESS_EVERY == 0:
            yield Progress(fraction, self.text)

    def finish(self, window: Window) -> None:
        self._done_s += window.end_s - window.start_s
        self.text = f"{self._frames} frames"


class _WindowAnalysis:
    """What is known of one window so far."""

    def __init__(self, window: Window, models: FaceModels, max_faces: int, scores: WindowScores) -> None:
        self._window = window
        self._tracker = FaceTracker(models, max_faces)
        self._times: list[float] = []
        self._decoded = 0
        self._size = (0, 0)
        self._textures: dict[int, list[Texture]] = {}
        self._scores = scores
        self._models = models

    def take(self, one: TimedPicture) -> bool:
        """Analyse a frame; False when the stride left it out."""
        self._decoded += 1
        if one.picture is None:
            return False
        frame = len(self._times)
        self._times.append(one.time_s)
        self._size = one.picture.size
        seen = self._tracker.step(frame, one.time_s, one.picture)
        for track in seen:
            entry = len(track.frames) - 1
            if entry % _TEXTURE_EVERY == 0:
                texture = measure_texture(one.picture, track.points[-1], entry)
                self._textures.setdefault(id(track), []).append(texture)
        self._scores.take(one.time_s, one.picture, seen)
        return True

    def result(self) -> WindowFaces:
        self._scores.finish()
        kept = [track for track in self._tracker.tracks if len(track.frames) >= min(_LEAST_ENTRIES, len(self._times))]
        kept = sorted((track for track in kept if track.frames), key=_typical_iod, reverse=True)
        order = {id(track): i for i, track in enumerate(kept)}
        times = np.array(self._times)
        tracks = tuple(self._signals(track, times) for track in kept)
        return WindowFaces(
            self._window,
            times,
            self._decoded,
            tracks,
            tuple(
                Thumbnail(portrait.time_s, order[id(portrait.track)], portrait.jpeg, portrait.patches)
                for portrait in self._scores.portraits
                if id(portrait.track) in order
            ),
            self._size,
            self._tracker.left_out,
            self._models.version if any(track.crops or track.movements for track in tracks) else "",
        )

    def _signals(self, track: Track, times_s: NDArray[np.float64]) -> TrackSignals:
        points = np.stack(track.points)
        frames, segments = np.array(track.frames), np.array(track.segments)
        spans = movements(points, np.stack(track.light), times_s[frames], segments)
        scores = self._models.motion.score(spans).tolist()
        return TrackSignals(
            frames=frames,
            segments=segments,
            ear_right=geometry.eye_aspect_ratio(points, lm.RIGHT_EYE),
            ear_left=geometry.eye_aspect_ratio(points, lm.LEFT_EYE),
            mouth_gap=geometry.mouth_gap(points),
            nose=points[:, lm.NOSE_TIP, :2],
            iod=geometry.interocular_distance(points),
            yaw_deg=geometry.yaw_degrees(points),
            boxes=geometry.face_boxes(points) / np.tile(np.array(self._size, dtype=np.float64), 2),
            contours=contours(points, times_s[frames]),
            textures=tuple(self._textures.get(id(track), [])),
            crops=self._scores.of(track),
            movements=tuple(ScoredMovement(one.entry, log_odds) for one, log_odds in zip(spans, scores, strict=True)),
        )


def _typical_iod(track: Track) -> float:
    return float(np.median(geometry.interocular_distance(np.stack(track.points))))
