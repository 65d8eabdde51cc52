"""Which windows the segments of a session make up, what is looked at next, and what is left out. Pure.

A window is about four seconds long, as in an analysis of a file. Segments that share a header are joined into windows,
and are decoded together with what came before: a decoder then gives what it would give of the whole recording. Sound
needs what follows as well, because a fragment's last samples are in the next one: it is heard one segment later.
"""

import math
from dataclasses import astuple, dataclass, field
from typing import Any

from notreally.v1.media_pb2 import TimeWindow

from gateway.analysis.planning import WINDOW_S

_LONGEST_S = 4.6
"""Of what is joined into one window."""

_LONGEST_WINDOW_S = 4.25  # as in planning: a longer segment is several windows


@dataclass(frozen=True)
class Piece:
    """One segment: where it lies on the session's clock, seconds.

    Attributes:
        sequence: Its number.
        start_s, end_s: When its first picture is shown, and when its last one has been.
        run: Of the segments that it can be joined with; each other run has another number.
        joins: Whether it can be joined at all.
        clock_s: Where second 0 of the session lies on the container's clock.
    """

    sequence: int
    start_s: float
    end_s: float
    run: int
    joins: bool
    clock_s: float


@dataclass(frozen=True)
class Step:
    """What is to be measured next, in one file made of the segments `pieces`.

    `faces` and `sounds` are windows on the session's clock. When it is `provisional`, its one window of picture will be
    looked at again once all of it has arrived.
    """

    pieces: tuple[Piece, ...]
    faces: tuple[TimeWindow, ...]
    sounds: tuple[TimeWindow, ...]
    provisional: bool = False


@dataclass
class _Group:
    """Segments that make up a window; a long one makes up several."""

    pieces: list[Piece]
    closed: bool = False
    windows: list[TimeWindow] = field(default_factory=list)
    seen: bool = False
    heard: bool = False
    tried: int = 0
    """How many of its segments it was provisionally looked at with."""

    def state(self) -> dict[str, Any]:
        windows = [(window.index, window.start_s, window.end_s) for window in self.windows]
        return {
            "pieces": [astuple(piece) for piece in self.pieces],
            "closed": self.closed,
            "windows": windows,
            "seen": self.seen,
            "heard": self.heard,
            "tried": self.tried,
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> "_Group":
        windows = [TimeWindow(index=index, start_s=start, end_s=end) for index, start, end in state["windows"]]
        return cls(**state | {"pieces": [Piece(*piece) for piece in state["pieces"]], "windows": windows})

    @property
    def run(self) -> int:
        return self.pieces[0].run

    @property
    def length_s(self) -> float:
        return self.pieces[-1].end_s - self.pieces[0].start_s


class Windows:
    """The segments of a session that are not yet used up.

    Args:
        next_index: Number of the next window.
    """

    def __init__(self, next_index: int = 0) -> None:
        """Nothing has come."""
        self.next_index = next_index
        self.skipped = 0
        """Windows left out so far."""
        self._lead: list[Piece] = []
        self._groups: list[_Group] = []
        self._over = False

    def state(self) -> dict[str, Any]:
        """All of this as plain data."""
        return {
            "next_index": self.next_index,
            "skipped": self.skipped,
            "lead": [astuple(piece) for piece in self._lead],
            "groups": [group.state() for group in self._groups],
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> "Windows":
        """The inverse of `state`."""
        windows = cls(state["next_index"])
        windows.skipped = state["skipped"]
        windows._lead = [Piece(*piece) for piece in state["lead"]]
        windows._groups = [_Group.of(group) for group in state["groups"]]
        return windows

    def add(self, piece: Piece) -> None:
        """Take in the next segment."""
        group = self._open
        if group is not None and not self._belongs(group, piece):
            self._close(group)
            group = None
        if group is None:
            self._groups.append(group := _Group([piece]))
        else:
            group.pieces.append(piece)
        # One more like it would be too much.
        if not piece.joins or group.length_s + (piece.end_s - piece.start_s) > _LONGEST_S:
            self._close(group)

    def end(self) -> None:
        """Nothing more will come."""
        self._over = True
        if group := self._open:
            self._close(group)

    def next(self, *, early: bool = True) -> Step | None:
        """What to do now, or None while there is nothing to do. Whatever is more than one window behind is left out.

        Of windows that wait, the latest is taken: where each takes twice as long as it lasts, every second one is.

        Args:
            early: Whether there is time to look at a part of a window, which will be looked at again.
        """
        waiting = [group for group in self._groups if group.closed and not group.seen]
        if len(waiting) > 1 and not self._over:
            for group in waiting[:-1]:
                self.skipped += len(group.windows)
                self._groups.remove(group)
            waiting = waiting[-1:]
        if waiting:
            return self._step(waiting[0], provisional=False)
        latest = self._open
        if early and latest is not None and latest.tried < len(latest.pieces):
            return self._step(latest, provisional=True)
        unheard = [group for group in self._groups if group.seen and not group.heard and self._is_followed(group)]
        return self._step(unheard[0], provisional=False) if unheard else None

    def done(self, step: Step) -> None:
        """The step was taken, or was given up."""
        faces, sounds = {window.index for window in step.faces}, {window.index for window in step.sounds}
        for group in self._groups:
            indexes = {window.index for window in group.windows}
            group.seen = group.seen or bool(indexes & faces and not step.provisional)
            group.heard = group.heard or bool(indexes & sounds)
            if not group.closed and step.provisional:
                group.tried = max(group.tried, len({*group.pieces} & {*step.pieces}))
        while self._groups and self._groups[0].seen and self._groups[0].heard:
            self._lead = [piece for piece in self._groups.pop(0).pieces[-1:] if piece.joins]

    @property
    def needed(self) -> set[int]:
        """Numbers of the segments that are still to be used."""
        return {piece.sequence for piece in [*self._lead, *(piece for group in self._groups for piece in group.pieces)]}

    @property
    def behind(self) -> bool:
        """Whether a whole window waits."""
        return any(group.closed and not group.seen for group in self._groups)

    @property
    def _open(self) -> _Group | None:
        return self._groups[-1] if self._groups and not self._groups[-1].closed else None

    def _belongs(self, group: _Group, piece: Piece) -> bool:
        last = group.pieces[-1]
        # Where time jumps there is nothing in between to decode.
        follows = abs(piece.start_s - last.end_s) < WINDOW_S / 8
        return (
            piece.joins and piece.run == group.run and follows and piece.end_s - group.pieces[0].start_s <= _LONGEST_S
        )

    def _close(self, group: _Group) -> None:
        group.closed = True
        count = max(1, math.ceil(group.length_s / _LONGEST_WINDOW_S))
        start_s, length_s = group.pieces[0].start_s, group.length_s / count
        for place in range(count):
            end_s = group.pieces[-1].end_s if place == count - 1 else start_s + (place + 1) * length_s
            window = TimeWindow(index=self.next_index, start_s=start_s + place * length_s, end_s=end_s)
            group.windows.append(window)
            self.next_index += 1

    def _is_followed(self, group: _Group) -> bool:
        """Whether nothing more will come that its last sounds could be in, or that has come."""
        return not group.pieces[0].joins or self._over or group is not self._groups[-1]

    def _step(self, group: _Group, *, provisional: bool) -> Step:
        together = [one for one in self._groups if one.run == group.run and group.pieces[0].joins] or [group]
        # Up to this one: what follows, if anything, waits for its turn and only helps to hear the end.
        unheard = [one for one in together if one.closed and not one.heard and (one.seen or one is group)]
        sounds = [window for one in unheard if self._is_followed(one) for window in one.windows]
        pieces = [piece for one in together for piece in one.pieces]
        lead = [piece for piece in self._lead if piece.run == group.run and piece.joins and group.pieces[0].joins]
        faces = list(group.windows)
        if group.seen:
            faces = []
        elif provisional:
            first, last = group.pieces[0], group.pieces[-1]
            faces = [TimeWindow(index=self.next_index, start_s=first.start_s, end_s=last.end_s)]
        return Step((*lead, *pieces), tuple(faces), tuple(sounds), provisional)
