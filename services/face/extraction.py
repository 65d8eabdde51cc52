"""A run of windows: decode, track faces, measure. One generator, which any worker can run."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from services.face.finding.detection import LONGEST_COPY
from services.face.finding.tracking import FaceTracker, Track
from services.face.finding.turning import better_turn, turned, turned_back
from services.face.mesh import landmarks as lm
from services.face.networks.models import FaceModels, borrowed_models
from services.face.networks.portraits import PortraitScores
from services.face.pixels.decoding import TimedPicture, timed_pictures, total_seconds
from services.face.pixels.overlap import produced_ahead
from services.face.pixels.pictures import Picture
from services.face.pixels.repeats import Repeats
from services.face.pixels.thumbnails import shares, times_within
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
# A face that is followed through less of a window than this may lie on its side; so many of its pictures are tried.
_WELL_FOLLOWED = 0.8
_SAMPLES = 5

Cancelled = Callable[[], bool]


def extract(cancelled: Cancelled, video: BinaryIO | Path, job: FaceJob) -> Iterator[Progress | WindowFaces]:
    """Signals of all windows, in order, with progress between them.

    A window in which nothing could be decoded comes without frames. When `cancelled()` turns true the generator ends.

    Raises:
        Refusal: See `services.face.pixels.decoding.timed_pictures`.
    """
    thumbnails = dict(zip(job.windows, shares(job.max_thumbnails, len(job.windows)), strict=True))
    meter = _Meter(job)
    looks: dict[Window, Look] = {}
    with borrowed_models() as models:
        while windows := tuple(looks) or job.windows:
            again: dict[Window, Look] = {}
            with _decoded_ahead(cancelled, video, replace(job, windows=windows)) as timed:
                by_window = groupby(timed, key=lambda one: one.window)
                window, pictures = next(by_window, (None, iter(())))
                for wanted in windows:
                    scores = PortraitScores(wanted, models.appearance, job.max_crops, thumbnails[wanted])
                    look = looks.get(wanted, Look())
                    analysis = _WindowAnalysis(wanted, models, job.max_faces, scores, look)
                    if window == wanted:
                        for one in pictures:
                            if cancelled():
                                return
                            if analysis.take(one):
                                yield from meter.tick(one)
                        window, pictures = next(by_window, (None, iter(())))
                    if cancelled():
                        return
                    better = look if looks else analysis.better_look()
                    if better != look:
                        again[wanted] = better
                        continue
                    yield analysis.result()
                    meter.finish(wanted)
            if not again:
                break
            looks = again
    yield Progress(1.0, meter.text)


@contextmanager
def _decoded_ahead(cancelled: Cancelled, video: BinaryIO | Path, job: FaceJob) -> Iterator[Iterable[TimedPicture]]:
    if not isinstance(video, Path):
        video.seek(0)
    with produced_ahead(timed_pictures(video, job, cancelled), _FRAMES_AHEAD) as timed:
        yield timed


@dataclass(frozen=True)
class Look:
    """How a window is looked at: `turns` quarters counter-clockwise, one frame in `every` from the one `first` on.

    A window is looked at as its file says. Where faces are lost then that are upright in another turn, or frames
    are shown several times each, it is looked at once more in that way.
    """

    turns: int = 0
    every: int = 1
    first: int = 0


class _Meter:
    """Progress by time covered."""

    def __init__(self, job: FaceJob) -> None:
        self._total_s = total_seconds(job.windows)
        self._furthest = 0.0
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
        # What is looked at once more has been counted.
        fraction = self._furthest = max(fraction, self._furthest)
        if self._frames % _PROGRESS_EVERY == 0:
            yield Progress(fraction, self.text)

    def finish(self, window: Window) -> None:
        self._done_s += window.end_s - window.start_s
        self.text = f"{self._frames} frames"


class _WindowAnalysis:
    """What is known of one window so far."""

    def __init__(self, window: Window, models: FaceModels, max_faces: int, scores: PortraitScores, look: Look) -> None:
        self._window = window
        self._look = look
        self._samples_due = times_within(window.start_s, window.end_s, _SAMPLES)
        self._samples: list[Picture] = []
        self._repeats = Repeats()
        self._pictures = 0
        self._tracker = FaceTracker(models, max_faces)
        self._times: list[float] = []
        self._decoded = 0
        self._without_time = 0
        self._sizes: list[tuple[int, int]] = []
        self._textures: dict[int, list[Texture]] = {}
        self._scores = scores
        self._models = models

    def take(self, one: TimedPicture) -> bool:
        """Analyse a frame; False when the stride left it out."""
        self._decoded += 1
        if one.picture is None:
            return False
        self._pictures += 1
        if (self._pictures - 1 - self._look.first) % self._look.every:
            return False
        self._keep_sample(one.time_s, one.picture)
        self._repeats.take(one.picture)
        picture = turned(one.picture, self._look.turns)
        frame = len(self._times)
        self._times.append(one.time_s)
        self._without_time += one.made_up
        self._sizes.append(one.picture.size)
        seen = self._tracker.step(frame, one.time_s, picture)
        for track in seen:
            entry = len(track.frames) - 1
            if entry % _TEXTURE_EVERY == 0:
                texture = measure_texture(picture, track.points[-1], entry)
                self._textures.setdefault(id(track), []).append(texture)
        self._scores.take(one.time_s, picture, seen)
        return True

    def better_look(self) -> Look:
        """How the window should be looked at, now that all of it was seen."""
        longest = max((len(track.frames) for track in self._tracker.tracks), default=0)
        is_lost = longest < _WELL_FOLLOWED * len(self._times)
        turns = better_turn(self._models.detector, self._samples) if is_lost else 0
        every, first = self._repeats.rhythm() or (1, 0)
        return Look(turns, every, first)

    def _keep_sample(self, time_s: float, picture: Picture) -> None:
        if self._samples_due and time_s >= self._samples_due[0]:
            self._samples_due.pop(0)
            self._samples.append(picture.shrunk(LONGEST_COPY))

    def result(self) -> WindowFaces:
        kept = [track for track in self._tracker.tracks if len(track.frames) >= min(_LEAST_ENTRIES, len(self._times))]
        kept = sorted((track for track in kept if track.frames), key=_typical_iod, reverse=True)
        order = {id(track): i for i, track in enumerate(kept)}
        times = np.array(self._times)
        sizes = Counter(self._sizes)
        tracks = tuple(self._signals(track, times) for track in kept)
        return WindowFaces(
            self._window,
            times,
            self._decoded,
            tracks,
            tuple(
                Thumbnail(shown.time_s, order[id(shown.track)], shown.jpeg, shown.heat)
                for shown in self._scores.shown
                if id(shown.track) in order
            ),
            max(sizes, key=lambda size: sizes[size], default=(0, 0)),
            self._tracker.left_out,
            self._models.version if any(track.crops or track.movements for track in tracks) else "",
            self._without_time,
            tuple((*size, frames) for size, frames in sizes.items()) if len(sizes) > 1 else (),
            self._look.turns,
            self._pictures - len(self._times),
        )

    def _signals(self, track: Track, times_s: NDArray[np.float64]) -> TrackSignals:
        points = np.stack(track.points)
        frames, segments = np.array(track.frames), np.array(track.segments)
        sizes = np.array(self._sizes, dtype=np.float64)[frames]
        shown = turned_back(points, self._look.turns, sizes)
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
            boxes=geometry.face_boxes(shown) / np.tile(sizes, 2),
            contours=contours(shown, times_s[frames]),
            textures=tuple(self._textures.get(id(track), [])),
            crops=self._scores.of(track),
            movements=tuple(ScoredMovement(one.entry, log_odds) for one, log_odds in zip(spans, scores, strict=True)),
        )


def _typical_iod(track: Track) -> float:
    return float(np.median(geometry.interocular_distance(np.stack(track.points))))
