"""Which snippets of a window are scored, and which are shown as thumbnails: the most suspicious of each part."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.face.finding.tracking import Track
from services.face.networks.crops import FRAMES, LEAST_FACE_PX, face_crop, face_side, face_snippet
from services.face.networks.texture_network import BATCH, TextureNetwork
from services.face.pixels.pictures import Picture
from services.face.pixels.thumbnails import LONGEST_SIDE, encoded_thumbnail, face_thumbnail, times_within
from services.face.windows import ScoredCrop, Window


@dataclass(frozen=True)
class Portrait:
    """A picture of a face for display; `log_odds` and `patches` are missing if it was not scored."""

    time_s: float
    track: Track
    jpeg: bytes
    log_odds: float = -np.inf
    patches: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class _Waiting:
    """A snippet still to be scored. `picture` is its last frame in colour, if it may be shown."""

    time_s: float
    track: Track
    entry: int
    snippet: NDArray[np.uint8]
    picture: NDArray[np.uint8] | None


@dataclass
class WindowScores:
    """Takes snippets of one window as its frames arrive.

    Attributes:
        window: the window.
        network: scores the snippets.
        crops: times at which to take snippets, evenly over the window, one of every face tracked through all its
        frames. thumbnails: portraits wanted. The window is divided into as many equal parts, each shown by the largest
        face's
            snippet with the highest score, or by its middle if nothing could be scored.
    """

    window: Window
    network: TextureNetwork
    crops: int
    thumbnails: int
    _scored: dict[int, list[ScoredCrop]] = field(default_factory=dict)
    _portraits: dict[int, Portrait] = field(default_factory=dict)
    _waiting: list[_Waiting] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Plan the times of snippets and portraits."""
        self._due = times_within(self.window.start_s, self.window.end_s, self.crops)
        self._portraits_due = times_within(self.window.start_s, self.window.end_s, self.thumbnails)
        self._frames: deque[Picture] = deque(maxlen=FRAMES)

    def take(self, time_s: float, picture: Picture, seen: Sequence[Track]) -> None:
        """Process a frame and the faces found in it."""
        self._frames.append(picture)
        if not seen:
            return
        largest = max(seen, key=lambda track: face_side(track.points[-1]))
        if self._portraits_due and time_s >= self._portraits_due[0]:
            self._portraits_due.pop(0)
            self._show(Portrait(time_s, largest, face_thumbnail(picture, largest.box)))
        followed = [track for track in seen if _followed(track)]
        if not (followed and self._due and time_s >= self._due[0]):
            return
        while self._due and time_s >= self._due[0]:
            self._due.pop(0)
        for track in followed:
            points = track.points[-1]
            if face_side(points) >= LEAST_FACE_PX:
                shown = face_crop(picture, points, LONGEST_SIDE) if track is largest and self.thumbnails else None
                snippet = face_snippet(self._frames, points)
                self._waiting.append(_Waiting(time_s, track, len(track.frames) - 1, snippet, shown))
        while len(self._waiting) >= BATCH:
            self._score()

    def finish(self) -> None:
        """Score the rest."""
        while self._waiting:
            self._score()

    def of(self, track: Track) -> tuple[ScoredCrop, ...]:
        """The scored snippets of a track."""
        return tuple(self._scored.get(id(track), ()))

    @property
    def portraits(self) -> list[Portrait]:
        """Ascending in time."""
        return [portrait for _, portrait in sorted(self._portraits.items())]

    def _score(self) -> None:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        scores = self.network.score([one.snippet for one in batch])
        for one, log_odds, patches in zip(batch, scores.log_odds.tolist(), scores.patches, strict=True):
            self._scored.setdefault(id(one.track), []).append(ScoredCrop(one.entry, log_odds))
            if one.picture is not None:
                self._show(Portrait(one.time_s, one.track, b"", log_odds, patches), one.picture)

    def _show(self, portrait: Portrait, pixels: NDArray[np.uint8] | None = None) -> None:
        """Keep a portrait if it is more suspicious than the one its part of the window has."""
        length = self.window.end_s - self.window.start_s
        part = min(int((portrait.time_s - self.window.start_s) / length * self.thumbnails), self.thumbnails - 1)
        if part in self._portraits and self._portraits[part].log_odds >= portrait.log_odds:
            return
        if pixels is not None:
            jpeg = encoded_thumbnail(pixels)
            portrait = Portrait(portrait.time_s, portrait.track, jpeg, portrait.log_odds, portrait.patches)
        self._portraits[part] = portrait


def _followed(track: Track) -> bool:
    """Whether the face was tracked through every frame of the snippet that ends now, without a cut."""
    return (
        len(track.frames) >= FRAMES
        and track.frames[-FRAMES] == track.frames[-1] - FRAMES + 1
        and track.segments[-FRAMES] == track.segments[-1]
    )
