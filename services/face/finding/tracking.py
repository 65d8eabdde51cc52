"""Face tracking through the frames of one window. Each window starts with a new `FaceTracker`."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.face.finding.detection import Detection, overlap
from services.face.finding.finder import FaceFinder
from services.face.mesh import landmarks as lm
from services.face.mesh.mesh import Face, Place, followed, place_of_detection, place_of_landmarks
from services.face.pixels.pictures import Picture

Points = NDArray[np.float64]

# New faces are looked for this often, lost ones sooner.
_LOOK_EVERY_S = 2.0
_LOOK_FOR_LOST_EVERY_S = 0.1
# A face lost for this long is no longer searched for in every frame.
_EXPECTED_BACK_S = 2.0
# From a detector's box the mesh settles in about five rounds: what moves after that is the face.
_MOST_SETTLING_ROUNDS = 8
_LEAST_IOD_PX = 8.0
_SAME_FACE = 0.3
_TWICE_THE_SAME_FACE = 0.5
# Moving or growing by more than this from one frame to the next is a cut, not a movement: half an inter-ocular
# distance a frame is a metre a second.
_JUMP_IODS = 0.5
_GROWTH = 1.25


@dataclass
class Track:
    """One face: the entries so far, and where to look for it next; `place` is None while it is lost, since `lost_s`."""

    place: Place | None
    lost_s: float = 0.0
    segment: int = 0
    frames: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    points: list[Points] = field(default_factory=list)
    light: list[NDArray[np.float64]] = field(default_factory=list)
    grown: NDArray[np.float64] = field(default_factory=lambda: np.ones(2))
    """Width and height of frames now, as multiples of those in which the last landmarks were found."""

    @property
    def box(self) -> NDArray[np.float64]:
        """Left, top, right, bottom of the last landmarks, pixels of frames as they are now."""
        return box_of(self.points[-1]) * np.tile(self.grown, 2)

    def add(self, frame: int, face: Face) -> None:
        """Add an entry; a jump from the one before begins a new segment."""
        if self.frames and self.frames[-1] == frame - 1 and _jumped(self.points[-1], face.points):
            self.segment += 1
        self.frames.append(frame)
        self.segments.append(self.segment)
        self.points.append(face.points)
        self.light.append(face.light)
        self.grown = np.ones(2)


class FaceTracker:
    """Follows up to `max_faces` faces at once, the largest first.

    Args:
        finder: Detector and mesh.
        max_faces: At least 1.
    """

    def __init__(self, finder: FaceFinder, max_faces: int) -> None:
        """Start without faces."""
        self._finder = finder
        self._max_faces = max_faces
        self._looked_at_s: float | None = None
        self._size: tuple[int, int] | None = None
        self.tracks: list[Track] = []
        self.left_out = 0
        """Faces seen at once beyond `max_faces`; the most of any frame."""

    def step(self, frame: int, time_s: float, picture: Picture) -> list[Track]:
        """Follow all faces into the next frame; gives those found in it.

        Args:
            frame: Index of the frame in the window.
            time_s: Its time.
            picture: Its pixels.
        """
        lost_now = self._lose_all_in_another_size(time_s, picture.size)
        for track in self._followed():
            face = self._face(picture, track.place)
            if face is None or self._seen_already(face.points, frame):
                track.place, track.lost_s = None, time_s
                lost_now = True
            else:
                track.place = followed(track.place, place_of_landmarks(face.points)) if track.place else None
                track.add(frame, face)
        if self._should_look(time_s, lost_now):
            self._looked_at_s = time_s
            self._look(frame, picture)
        return [track for track in self.tracks if track.frames and track.frames[-1] == frame]

    def _lose_all_in_another_size(self, time_s: float, size: tuple[int, int]) -> bool:
        """Whether frames have another size from now on: faces are then looked for where they were as shares of it."""
        before, self._size = self._size, size
        if before is None or before == size:
            return False
        for track in self.tracks:
            track.grown = track.grown * np.array(size) / np.array(before)
            if track.place is not None:
                track.place, track.lost_s = None, time_s
        return True

    def _followed(self) -> list[Track]:
        return [track for track in self.tracks if track.place is not None]

    def _should_look(self, time_s: float, lost_now: bool) -> bool:
        if self._looked_at_s is None or lost_now:
            return True
        missed = any(track.place is None and time_s - track.lost_s < _EXPECTED_BACK_S for track in self.tracks)
        soon = missed or not self._followed()
        return time_s - self._looked_at_s >= (_LOOK_FOR_LOST_EVERY_S if soon else _LOOK_EVERY_S)

    def _look(self, frame: int, picture: Picture) -> None:
        """Take up new faces and those that were lost."""
        found = self._finder.detector.detect(picture)
        self.left_out = max(self.left_out, len(found) - self._max_faces)
        for detection in found:
            if len(self._followed()) >= self._max_faces:
                return
            if any(overlap(detection.box, track.box) > _SAME_FACE for track in self._followed()):
                continue
            settled = self._settled(picture, detection)
            if settled is None or self._seen_already(settled[1].points, frame):
                continue
            place, face = settled
            track = self._lost_at(face.points) or self._new()
            if track.frames:
                track.segment += 1
            track.place = place
            track.add(frame, face)

    def _settled(self, picture: Picture, detection: Detection) -> tuple[Place, Face] | None:
        place = place_of_detection(detection.box, detection.eyes)
        face = self._face(picture, place)
        for _ in range(_MOST_SETTLING_ROUNDS):
            if face is None:
                return None
            before, place = place, followed(place, place_of_landmarks(face.points))
            if place is before:
                break
            face = self._face(picture, place)
        return None if face is None else (place, face)

    def _face(self, picture: Picture, place: Place | None) -> Face | None:
        if place is None:
            return None
        face = self._finder.mesh.face(picture, place)
        return face if face is not None and _plausible(face.points, picture.size) else None

    def _seen_already(self, points: Points, frame: int) -> bool:
        """Whether another track has this face in this frame."""
        box = box_of(points)
        return any(
            track.frames[-1] == frame and overlap(box, track.box) > _TWICE_THE_SAME_FACE
            for track in self._followed()
            if track.frames
        )

    def _lost_at(self, points: Points) -> Track | None:
        """The lost face that was last seen here, the nearest in place and size."""
        box = box_of(points)
        lost = [(overlap(box, track.box), track) for track in self.tracks if track.place is None]
        if not lost:
            return None
        share, track = max(lost, key=lambda candidate: candidate[0])
        return track if share > _SAME_FACE else None

    def _new(self) -> Track:
        track = Track(None)
        self.tracks.append(track)
        return track


def box_of(points: Points) -> NDArray[np.float64]:
    """Left, top, right, bottom of landmarks (468, 2+)."""
    return np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])


def _plausible(points: Points, size: tuple[int, int]) -> bool:
    """Whether these landmarks can be a face: not tiny, and its middle inside the frame."""
    middle = points[:, :2].mean(axis=0)
    return _iod(points) > _LEAST_IOD_PX and bool(np.all((middle >= 0) & (middle < size)))


def _jumped(before: Points, after: Points) -> bool:
    iod = _iod(before)
    moved = float(np.linalg.norm((after - before)[:, :2].mean(axis=0)))
    growth = _iod(after) / iod
    return moved > _JUMP_IODS * iod or not 1 / _GROWTH < growth < _GROWTH


def _iod(points: Points) -> float:
    return float(np.linalg.norm(points[lm.RIGHT_EYE_CORNER, :2] - points[lm.LEFT_EYE_CORNER, :2]))
