"""Faces of a session: each keeps its number for as long as the session lasts. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.live_pb2 import LiveFace

from gateway.features.faces import Person, link_faces

_LEAST_OVERLAP = 0.3


class People:
    """Who was seen so far."""

    def __init__(self) -> None:
        """Nobody."""
        self._numbers: dict[tuple[int, tuple[float, ...]], int] = {}
        self._known = 0
        self._boxes: dict[int, tuple[float, ...]] = {}
        """Where each was seen last."""

    def find(self, windows: Sequence[FaceWindow]) -> list[Person]:
        """The persons in all windows, numbered in the order in which they first came.

        A person is whom most of its tracks belonged to before; one who is linked otherwise now that more is known keeps
        the smallest number.
        """
        persons = sorted(link_faces(windows), key=self._first_seen)
        taken: set[int] = set()
        numbered: list[Person] = []
        for person in persons:
            marks = _marks(person)
            known = sorted({self._numbers[mark] for mark in marks if mark in self._numbers} - taken)
            number = known[0] if known else self._number_of_new(person, taken)
            taken.add(number)
            self._numbers |= dict.fromkeys(marks, number)
            numbered.append(replace(person, number=number))
        self._boxes |= {face.number: (face.left, face.top, face.width, face.height) for face in whereabouts(numbered)}
        return numbered

    def _number_of_new(self, person: Person, taken: set[int]) -> int:
        """Whoever is where somebody was, and nobody else is, is the same: windows in between may have been left out."""
        first = next(window.tracks[0].boxes[:4] for window in person.windows if window.tracks)
        near = {number: _overlap(box, first) for number, box in self._boxes.items() if number not in taken}
        nearest = max(near, key=lambda number: near[number], default=None)
        if nearest is not None and near[nearest] >= _LEAST_OVERLAP:
            return nearest
        self._known += 1
        return self._known

    def _first_seen(self, person: Person) -> tuple[int, float]:
        marks = _marks(person)
        known = min((self._numbers[mark] for mark in marks if mark in self._numbers), default=1 << 30)
        return known, min((mark[0] for mark in marks), default=0)


def within(persons: Sequence[Person], since_s: float) -> list[Person]:
    """The same persons in the windows that end after a time alone; without those who are in none of them."""
    later = [
        replace(person, windows=tuple(window for window in person.windows if window.window.end_s > since_s))
        for person in persons
    ]
    return [person for person in later if any(window.tracks for window in person.windows)]


def whereabouts(persons: Sequence[Person]) -> list[LiveFace]:
    """Where each was seen last."""
    faces: list[LiveFace] = []
    for person in sorted(persons, key=lambda person: person.number):
        seen = [window for window in person.windows if window.tracks]
        if not seen:
            continue
        last = seen[-1]
        track = last.tracks[0]
        left, top, width, height = track.boxes[-4:]
        faces.append(
            LiveFace(
                number=person.number,
                present=last is person.windows[-1],
                left=left,
                top=top,
                width=width,
                height=height,
                seen_s=last.frame_times_s[track.frames[-1]],
            )
        )
    return faces


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = one[2] * one[3] + other[2] * other[3] - shared
    return shared / union if union > 0 else 0.0


def _marks(person: Person) -> list[tuple[int, tuple[float, ...]]]:
    """What tells each track of a person from all others: its window, and where its first box is."""
    return [(window.window.index, tuple(window.tracks[0].boxes[:4])) for window in person.windows if window.tracks]
