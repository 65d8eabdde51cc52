"""Persons across windows: the tracks of each window are linked by position and size."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from notreally.v1.face_pb2 import FaceTrack, FaceWindow

from gateway.features.assignment import least_cost
from gateway.features.signals import Floats

MOST_PERSONS = 8
"""Persons reported at most, the largest."""

_NEIGHBOUR_S = 0.5  # boxes less apart in time than this must overlap to be one person
_LEAST_OVERLAP = 0.1  # intersection over union
_LARGEST_SIZE_RATIO = 3.0
_LEAST_PRESENCE = 0.05  # of the most present person's frames; below it is a chance detection
_NO_LINK = 1e6


@dataclass(frozen=True)
class Person:
    """One person.

    Attributes:
        number: From 1, by size: the inter-ocular distance summed over all analysed frames, so that who is seen
            large and long comes first.
        windows: All analysed windows in order, each with this person's track alone or with none, and with this
            person's thumbnails.
    """

    number: int
    windows: tuple[FaceWindow, ...]


@dataclass
class _Chain:
    """The tracks of one person so far, by position of their window."""

    tracks: dict[int, int] = field(default_factory=dict)
    end_s: float = 0.0
    end_box: Floats = field(default_factory=lambda: np.full(4, np.nan))
    usual_box: Floats = field(default_factory=lambda: np.full(4, np.nan))
    entries: int = 0
    size: float = 0.0

    def add(self, position: int, index: int, window: FaceWindow) -> None:
        track = window.tracks[index]
        boxes = _boxes(track)
        self.tracks[position] = index
        self.end_s = window.frame_times_s[track.frames[-1]]
        self.end_box = boxes[-1]
        self.usual_box = np.median(boxes, axis=0)
        self.entries += len(track.frames)
        self.size += float(np.nansum(np.asarray(track.iod, dtype=np.float64)))


def link_faces(windows: Sequence[FaceWindow]) -> tuple[Person, ...]:
    """Links the tracks of windows into persons.

    At neighbouring ends of contiguous windows boxes must overlap. Further apart in time, position and size decide;
    there, a lone face is taken for the same person unless its size says otherwise, because nothing here knows what
    people look like. Each window's tracks are assigned at once, at the least total cost, so the result depends on the
    windows alone.

    Args:
        windows: Ascending in time.

    Returns:
        At most MOST_PERSONS persons by number; those seen only by chance are left out.
    """
    chains: list[_Chain] = []
    for position, window in enumerate(windows):
        tracks = [index for index, track in enumerate(window.tracks) if track.frames]
        linked = _assign(chains, window, tracks)
        for index in tracks:
            if index not in linked:
                chains.append(_Chain())
            linked.get(index, chains[-1]).add(position, index, window)
    most = max((chain.entries for chain in chains), default=0)
    kept = sorted((chain for chain in chains if chain.entries >= _LEAST_PRESENCE * most), key=lambda chain: -chain.size)
    return tuple(
        Person(number, tuple(_only(window, chain.tracks.get(position)) for position, window in enumerate(windows)))
        for number, chain in enumerate(kept[:MOST_PERSONS], start=1)
    )


def _assign(chains: Sequence[_Chain], window: FaceWindow, tracks: Sequence[int]) -> dict[int, _Chain]:
    if not chains or not tracks:
        return {}
    costs = np.array([[_cost(chain, window, window.tracks[index]) for index in tracks] for chain in chains])
    return {tracks[column]: chains[row] for row, column in least_cost(costs) if costs[row, column] < _NO_LINK}


def _cost(chain: _Chain, window: FaceWindow, track: FaceTrack) -> float:
    boxes = _boxes(track)
    if window.frame_times_s[track.frames[0]] - chain.end_s <= _NEIGHBOUR_S:
        overlap = _overlap(chain.end_box, boxes[0])
        return 1 - overlap if overlap >= _LEAST_OVERLAP else _NO_LINK
    old, new = chain.usual_box, np.median(boxes, axis=0)
    old_size, new_size = np.sqrt(_area(old)), np.sqrt(_area(new))
    if min(old_size, new_size) <= 0:
        return _NO_LINK
    size_ratio = max(old_size, new_size) / min(old_size, new_size)
    if size_ratio > _LARGEST_SIZE_RATIO:
        return _NO_LINK
    distance = float(np.hypot(*(old[:2] + old[2:] / 2 - new[:2] - new[2:] / 2))) / max(old_size, new_size)
    # Above 1, so that a certain neighbour always goes before a guess over time.
    return float(1 + distance + np.log(size_ratio))


def _boxes(track: FaceTrack) -> Floats:
    boxes = np.asarray(track.boxes, dtype=np.float64).reshape(len(track.frames), 4)
    return np.where(np.isfinite(boxes), boxes, 0.0)


def _area(box: Floats) -> float:
    return max(0.0, float(box[2])) * max(0.0, float(box[3]))


def _overlap(one: Floats, other: Floats) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(one[:2] + one[2:], other[:2] + other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.maximum(sides, 0.0)))
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else 0.0


def _only(window: FaceWindow, track: int | None) -> FaceWindow:
    """The window with this track alone."""
    single = FaceWindow()
    single.CopyFrom(window)
    del single.tracks[:]
    del single.thumbnails[:]
    if track is not None:
        single.tracks.add().CopyFrom(window.tracks[track])
        for thumbnail in window.thumbnails:
            if thumbnail.track == track:
                single.thumbnails.add().CopyFrom(thumbnail)
                single.thumbnails[-1].track = 0
    return single
