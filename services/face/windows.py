"""Requests to the face service and its answers, as plain data that can be sent between processes."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MOST_THUMBNAILS = 8
MOST_CROPS = 256


@dataclass(frozen=True)
class Window:
    """A half-open span of the video's own clock, in seconds from its first frame; `index` is its place in the plan."""

    index: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class FaceJob:
    """A run of windows, ascending and not overlapping, to be decoded in one pass.

    Every `frame_stride`-th frame is analysed, counted from each window's first frame, so that a window's signals do
    not depend on the run it is part of. A window ends after `max_frames` analysed frames, whatever its times say; in
    `max_crops` of them, faces are scored by the appearance network. Thumbnails alone are shared by all windows.

    `video_start_s` is where the first frame lies on the container's clock: all times count from there. None: from the
    first frame that can be decoded. `stream_index` is that of the video in the file; None: the one that players show.
    """

    windows: tuple[Window, ...]
    frame_stride: int = 1
    max_faces: int = 4
    max_thumbnails: int = 0
    max_crops: int = 0
    decode_threads: int = 2
    max_frames: int = 4000
    video_start_s: float | None = None
    stream_index: int | None = None


@dataclass(frozen=True)
class Progress:
    """How far a run is: a fraction between 0 and 1, and a line for a person."""

    fraction: float
    text: str


@dataclass(frozen=True)
class Texture:
    """Texture of one face crop; `entry` is an index into its track. See `services.face.signals.texture`."""

    entry: int
    eyes_contrast: float = float("nan")
    eyes_lightness: float = float("nan")
    mouth_contrast: float = float("nan")


@dataclass(frozen=True)
class ScoredCrop:
    """The scores of one portrait: log-odds of being synthesised, and of being blended.

    `entry` is an index into its track.
    """

    entry: int
    appearance: float
    blending: float


@dataclass(frozen=True)
class ScoredMovement:
    """What the motion network makes of one span; `entry`, an index into its track, is that of the first frame."""

    entry: int
    log_odds: float


@dataclass(frozen=True)
class Contours:
    """The lines of `services.face.mesh.landmarks.CONTOURS` in k of the entries of a track.

    Attributes:
        entries: (k,) indices into the track, ascending.
        points: (k, m, 2) all points of all lines, as shares of the width and height of the face box of that entry.
    """

    entries: NDArray[np.int64]
    points: NDArray[np.float64]


@dataclass(frozen=True)
class TrackSignals:
    """One face through a window: n entries, one for each frame it was found in.

    Attributes:
        frames: (n,) index of the analysed frame of each entry, ascending.
        segments: (n,) counts up whenever tracking started afresh.
        ear_right: (n,) eye aspect ratio of the subject's right eye.
        ear_left: (n,) the same of the left eye.
        mouth_gap: (n,) gap between the inner lips, in inter-ocular distances.
        nose: (n, 2) nose tip, pixels of the upright frame.
        iod: (n,) inter-ocular distance, pixels.
        yaw_deg: (n,) head yaw in degrees, positive when the subject turns to their left.
        boxes: (n, 4) left, top, width, height as a share of the upright frame.
        contours: Lines along the face in some of the entries.
        textures: Texture of some of the entries.
        crops: What the appearance network makes of some of the entries.
        movements: What the motion network makes of spans of them.
    """

    frames: NDArray[np.int64]
    segments: NDArray[np.int64]
    ear_right: NDArray[np.float64]
    ear_left: NDArray[np.float64]
    mouth_gap: NDArray[np.float64]
    nose: NDArray[np.float64]
    iod: NDArray[np.float64]
    yaw_deg: NDArray[np.float64]
    boxes: NDArray[np.float64]
    contours: Contours
    textures: tuple[Texture, ...]
    crops: tuple[ScoredCrop, ...] = ()
    movements: tuple[ScoredMovement, ...] = ()


@dataclass(frozen=True)
class Heat:
    """The larger score of a portrait by patches, (side, side) log-odds whose mean it is; `feature` it goes into."""

    feature: str
    places: NDArray[np.float64]


@dataclass(frozen=True)
class Thumbnail:
    """A small JPEG of one face; `track` is an index into the tracks of its window. `heat` is None without a score."""

    time_s: float
    track: int
    jpeg: bytes
    heat: Heat | None = None


@dataclass(frozen=True)
class WindowFaces:
    """The signals of one window: times of the analysed frames, and the faces in them, largest first."""

    window: Window
    frame_times_s: NDArray[np.float64]
    frames_decoded: int
    tracks: tuple[TrackSignals, ...] = ()
    thumbnails: tuple[Thumbnail, ...] = ()
    frame_size: tuple[int, int] = field(default=(0, 0))
    """Width and height of an upright frame, in pixels; of most of them where they differ."""
    faces_left_out: int = 0
    """Faces seen at once beyond those that could be followed; the most of any frame."""
    face_networks: str = ""
    """Version of the networks that scored portraits and movements."""
    frames_without_time: int = 0
    """Analysed frames whose times are made up."""
    frame_sizes: tuple[tuple[int, int, int], ...] = ()
    """(width, height, frames) of each size there is, in the order in which they were seen; empty where there is one."""
    turns: int = 0
    """Quarters by which frames were turned counter-clockwise, beyond what the file says. Boxes and contours are of
    frames as they were."""
    frames_repeated: int = 0
    """Frames left out because they repeat the one before."""
