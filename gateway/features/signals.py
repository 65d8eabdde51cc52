"""The landmark signals of one person as arrays over the frames of all windows, and where time runs on in them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from notreally.v1.face_pb2 import FaceTexture, FaceTrack, FaceWindow, FrameSize
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_JOINED_GAP = 3.25  # frame intervals between neighbours of one stretch: two missing frames, and some unevenness
_REGULAR = 0.25  # share of the usual frame interval that the time between frames may differ from it


class UnmeasurableError(Exception):
    """The signals do not allow a measurement; the message is a short clause for people that says why."""


@dataclass(frozen=True)
class Textures:
    """Lightness and contrast of the measured face crops, k in all.

    `entry` (k,) indexes FaceSignals; the others (k,) are as in notreally.v1.FaceTexture.
    """

    entry: NDArray[np.int64]
    eyes_contrast: Floats
    eyes_lightness: Floats
    mouth_contrast: Floats


@dataclass(frozen=True)
class Readings:
    """A network's scores of snippets or spans, k in all.

    `entry` (k,), where each is or begins, indexes FaceSignals; `log_odds` (k,) of being forged.
    """

    entry: NDArray[np.int64]
    log_odds: Floats

    @property
    def known(self) -> Floats:
        """The log-odds that are numbers."""
        return self.log_odds[np.isfinite(self.log_odds)]


@dataclass(frozen=True)
class FaceSignals:
    """One person in all analysed windows: n entries, one for each frame in which the face was found.

    Units are those of notreally.v1.FaceTrack; numbers that could not be had are NaN.

    Attributes:
        times_s: (n,) seconds from the first frame of the video, ascending.
        shown_s: (n,) seconds until the next analysed frame; see `_shown_s`.
        window: (n,) position of the entry's window in the list the signals were made from.
        frame: (n,) index into that window's frames.
        segment: (n,) counts up where tracking started afresh.
        eye_aspect_ratio: (n,) mean of both eyes, so that one eye alone is half a dip.
        mouth_gap: (n,) inter-ocular distances.
        nose_px: (n, 2).
        iod_px: (n,).
        yaw_deg: (n,).
        boxes: (n, 4) left, top, width, height as shares of the frame.
        textures: Of some entries.
        appearance: How synthesised portraits of some entries look to the appearance network.
        blending: How blended the same portraits look to it.
        movements: What the motion network made of spans of entries.
        scored_by: Version of the networks that scored portraits and movements; empty when nothing was scored.
        frame_count: Frames analysed, with or without this face.
        analyzed_s: Seconds for which those are shown; 0 when the frame rate is unknown.
        interval_s: Median time between analysed frames; NaN when there are fewer than two.
        steady_s: Mean of those times near the median: containers that round times to milliseconds have no median of
            a thirtieth of a second.
        frames_repeated: Frames that were not analysed because they repeat the one before.
    """

    times_s: Floats
    shown_s: Floats
    window: NDArray[np.int64]
    frame: NDArray[np.int64]
    segment: NDArray[np.int64]
    eye_aspect_ratio: Floats
    mouth_gap: Floats
    nose_px: Floats
    iod_px: Floats
    yaw_deg: Floats
    boxes: Floats
    textures: Textures
    appearance: Readings
    blending: Readings
    movements: Readings
    scored_by: str
    frame_count: int
    analyzed_s: float
    interval_s: float
    steady_s: float
    frames_repeated: int = 0

    @property
    def fps(self) -> float:
        """Analysed frames a second, measured from the timestamps; NaN when unknown."""
        return 1 / self.steady_s if self.steady_s > 0 else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the analysed frames in which the face was found."""
        return len(self.times_s) / self.frame_count if self.frame_count else 0.0

    @property
    def face_s(self) -> float:
        """Seconds in which the face was found; 0 when the frame rate is unknown."""
        return float(self.shown_s.sum())

    @property
    def median_iod_px(self) -> float:
        """Median inter-ocular distance in pixels; NaN without a face."""
        finite = self.iod_px[np.isfinite(self.iod_px)]
        return float(np.median(finite)) if finite.size else float("nan")

    def stretches(self, valid: Bools) -> list[NDArray[np.int64]]:
        """Indices of the valid entries, cut where more than two frames are missing between neighbours.

        Windows that follow one another without a gap are one stretch: a blink does not end with its window.
        """
        index = np.flatnonzero(valid)
        if not index.size or not self.interval_s > 0:
            return []
        cuts = np.flatnonzero(np.diff(self.times_s[index]) > _JOINED_GAP * self.interval_s) + 1
        return list(np.split(index, cuts))

    def follows(self) -> Bools:
        """(n,) True where an entry is the very next frame after the one before, tracked on, at the usual interval.

        Only over such entries are differences taken: not over windows, lost faces or uneven timestamps.
        """
        result = np.zeros(len(self.times_s), dtype=np.bool_)
        if not self.interval_s > 0:
            return result
        is_even = np.abs(np.diff(self.times_s) - self.interval_s) <= _REGULAR * self.interval_s
        is_next = (np.diff(self.frame) == 1) & (np.diff(self.window) == 0) & (np.diff(self.segment) == 0)
        result[1:] = is_even & is_next
        return result


def face_signals(windows: Sequence[FaceWindow]) -> FaceSignals:
    """Joins the windows of one person, each with at most one track, ascending in time.

    Raises:
        ValueError: When the series of a track do not have one entry per frame.
    """
    parts = [(position, window, window.tracks[0]) for position, window in enumerate(windows) if window.tracks]
    tracks = [track for _, _, track in parts]
    times_s = [_floats(window.frame_times_s) for window in windows]
    interval_s = _interval_s(times_s)
    shown_s = [_shown_s(times, interval_s) for times in times_s]

    def seen(values: Sequence[Floats]) -> Floats:
        return _joined([values[position][_integers(track.frames)] for position, _, track in parts])

    def series(name: str) -> Floats:
        return _joined([_floats(getattr(track, name)) for _, _, track in parts])

    count = sum(len(track.frames) for _, _, track in parts)
    return FaceSignals(
        times_s=seen(times_s),
        shown_s=seen(shown_s),
        window=np.repeat(
            _integers([position for position, _, _ in parts]), [len(track.frames) for _, _, track in parts]
        ),
        frame=_integers([frame for _, _, track in parts for frame in track.frames]),
        segment=_integers([segment for _, _, track in parts for segment in track.segments]),
        eye_aspect_ratio=(series("ear_right") + series("ear_left")) / 2,
        mouth_gap=series("mouth_gap"),
        nose_px=np.stack([series("nose_x"), series("nose_y")], axis=1),
        iod_px=series("iod"),
        yaw_deg=series("yaw_deg"),
        boxes=series("boxes").reshape(count, 4),
        textures=_textures(tracks),
        appearance=_readings(tracks, lambda track: [(crop.entry, crop.appearance_log_odds) for crop in track.crops]),
        blending=_readings(tracks, lambda track: [(crop.entry, crop.blending_log_odds) for crop in track.crops]),
        movements=_readings(tracks, lambda track: [(one.entry, one.log_odds) for one in track.movements]),
        # Scores of two networks are not comparable: a service was replaced in the middle. The name then matches none.
        scored_by="+".join(sorted({window.face_networks for _, window, _ in parts} - {""})),
        frame_count=sum(len(window.frame_times_s) for window in windows),
        analyzed_s=float(sum(shown.sum() for shown in shown_s)),
        interval_s=interval_s,
        steady_s=_steady_s(times_s, interval_s),
        frames_repeated=sum(window.frames_repeated for window in windows),
    )


def frame_sizes(windows: Sequence[FaceWindow]) -> dict[tuple[int, int], int]:
    """How many analysed frames have each (width, height), in the order in which they are first seen."""
    frames_of: dict[tuple[int, int], int] = {}
    for window in sorted(windows, key=lambda window: window.window.start_s):
        whole = FrameSize(width=window.frame_width, height=window.frame_height, frames=len(window.frame_times_s))
        for size in window.frame_sizes or [whole]:
            if size.frames:
                key = (size.width, size.height)
                frames_of[key] = frames_of.get(key, 0) + size.frames
    return frames_of


def _textures(tracks: Sequence[FaceTrack]) -> Textures:
    rows = [
        (offset + texture.entry, texture)
        for offset, track in zip(_offsets(tracks), tracks, strict=True)
        for texture in track.textures
    ]
    return Textures(
        entry=_integers([entry for entry, _ in rows]),
        eyes_contrast=_known(rows, "eyes_contrast"),
        eyes_lightness=_known(rows, "eyes_lightness"),
        mouth_contrast=_known(rows, "mouth_contrast"),
    )


def _readings(tracks: Sequence[FaceTrack], of: Callable[[FaceTrack], Iterable[tuple[int, float]]]) -> Readings:
    """Made of the entry and the log-odds of each score of a track."""
    rows = [
        (offset + entry, log_odds)
        for offset, track in zip(_offsets(tracks), tracks, strict=True)
        for entry, log_odds in of(track)
    ]
    return Readings(entry=_integers([entry for entry, _ in rows]), log_odds=_floats([log_odds for _, log_odds in rows]))


def _offsets(tracks: Sequence[FaceTrack]) -> list[int]:
    """Where the entries of each track begin among all."""
    return [0, *np.cumsum([len(track.frames) for track in tracks]).tolist()][: len(tracks)]


def _gaps(times_s: Sequence[Floats]) -> Floats:
    gaps = _joined([np.diff(times) for times in times_s])
    return gaps[gaps > 0]


def _interval_s(times_s: Sequence[Floats]) -> float:
    gaps = _gaps(times_s)
    return float(np.median(gaps)) if gaps.size else float("nan")


def _steady_s(times_s: Sequence[Floats], interval_s: float) -> float:
    gaps = _gaps(times_s)
    steady = gaps[np.abs(gaps - interval_s) <= _REGULAR * interval_s]
    return float(np.mean(steady)) if steady.size else float("nan")


def _shown_s(times_s: Floats, interval_s: float) -> Floats:
    """(m,) seconds for which each frame of a window is shown; 0 when the usual interval is unknown.

    Frames come at uneven times in screen recordings, and from telephones in poor light. What is shown for longer than
    a stretch may be broken off (FaceSignals.stretches) has been lost, and counts as one usual interval, as the last
    frame does.
    """
    if not interval_s > 0:
        return np.zeros(len(times_s))
    gaps = np.diff(times_s, append=np.nan)
    return np.where((gaps > 0) & (gaps <= _JOINED_GAP * interval_s), gaps, interval_s)


def _floats(values: Sequence[float]) -> Floats:
    """As float64, with anything that is not finite as NaN: an infinity is no measurement either."""
    array = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def _known(
    rows: Sequence[tuple[int, FaceTexture]], name: Literal["eyes_contrast", "eyes_lightness", "mouth_contrast"]
) -> Floats:
    """A field of textures, NaN where an older face service did not measure it."""
    return _floats([getattr(texture, name) if texture.HasField(name) else np.nan for _, texture in rows])


def _integers(values: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.empty(0)
