"""Which portraits of a window are scored, and which are shown as thumbnails: the most suspicious of each part."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.finding.tracking import Track
from services.face.networks.appearance_network import FEATURES, AppearanceNetwork
from services.face.networks.crops import LEAST_FACE_PX, face_portrait, face_side
from services.face.pixels.pictures import Picture
from services.face.pixels.thumbnails import LONGEST_SIDE, encoded_thumbnail, face_thumbnail, times_within
from services.face.windows import Heat, ScoredCrop, Window


@dataclass(frozen=True)
class Shown:
    """A picture of a face for display; `log_odds`, the larger of its scores, and `heat` are missing if it has none."""

    time_s: float
    track: Track
    jpeg: bytes
    log_odds: float = -np.inf
    heat: Heat | None = None


@dataclass
class PortraitScores:
    """Scores portraits of one window as its frames arrive.

    Attributes:
        window: the window.
        network: scores the portraits.
        crops: portraits to take, evenly over the window, of every face that is large enough.
        thumbnails: pictures wanted. The window is divided into as many equal parts, each shown by the largest face's
            portrait with the highest score, or by its middle if nothing could be scored.
    """

    window: Window
    network: AppearanceNetwork
    crops: int
    thumbnails: int
    _scored: dict[int, list[ScoredCrop]] = field(default_factory=dict)
    _shown: dict[int, Shown] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Plan the times of portraits and thumbnails."""
        self._due = times_within(self.window.start_s, self.window.end_s, self.crops)
        self._thumbnails_due = times_within(self.window.start_s, self.window.end_s, self.thumbnails)

    def take(self, time_s: float, picture: Picture, seen: Sequence[Track]) -> None:
        """Process a frame and the faces found in it."""
        if not seen:
            return
        largest = max(seen, key=lambda track: face_side(track.points[-1]))
        if self._thumbnails_due and time_s >= self._thumbnails_due[0]:
            self._thumbnails_due.pop(0)
            self._show(Shown(time_s, largest, face_thumbnail(picture, largest.box)))
        if not self._due or time_s < self._due[0]:
            return
        while self._due and time_s >= self._due[0]:
            self._due.pop(0)
        for track in seen:
            points = track.points[-1]
            if face_side(points) < LEAST_FACE_PX:
                continue
            portrait = face_portrait(picture, points)
            patches = self.network.patches(portrait)
            scores = patches.mean(axis=(1, 2)).tolist()
            self._scored.setdefault(id(track), []).append(ScoredCrop(len(track.frames) - 1, *scores))
            if track is largest and self.thumbnails:
                log_odds, which = max(zip(scores, range(len(scores)), strict=True))
                heat = Heat(FEATURES[which], patches[which])
                self._show(Shown(time_s, track, b"", log_odds, heat), portrait)

    def of(self, track: Track) -> tuple[ScoredCrop, ...]:
        """The scored portraits of a track."""
        return tuple(self._scored.get(id(track), ()))

    @property
    def shown(self) -> list[Shown]:
        """Thumbnails, ascending in time."""
        return [one for _, one in sorted(self._shown.items())]

    def _show(self, one: Shown, portrait: NDArray[np.uint8] | None = None) -> None:
        """Keep a picture if it is more suspicious than the one its part of the window has."""
        length = self.window.end_s - self.window.start_s
        part = min(int((one.time_s - self.window.start_s) / length * self.thumbnails), self.thumbnails - 1)
        if part in self._shown and self._shown[part].log_odds >= one.log_odds:
            return
        if portrait is not None:
            small = cv2.resize(portrait, (LONGEST_SIDE, LONGEST_SIDE), interpolation=cv2.INTER_AREA)
            one = Shown(one.time_s, one.track, encoded_thumbnail(np.asarray(small)), one.log_odds, one.heat)
        self._shown[part] = one
