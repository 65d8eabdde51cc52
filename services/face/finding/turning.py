"""Pictures that lie on their side or upside down, and of which the file does not say so."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.face.finding.detection import FaceDetector
from services.face.pixels.pictures import Picture

Points = NDArray[np.float64]

# Degrees from level within which the eyes of somebody upright are.
_UPRIGHT = 45.0
# By how much better faces must be found; the detector's score is between 0.6 and 1, and 0 where it finds none.
_CLEARLY = 0.05
_LEAST_SHARE = 0.6


def better_turn(detector: FaceDetector, pictures: Sequence[Picture]) -> int:
    """Counter-clockwise quarter turns after which faces are found far better than as pictures are; 0 where in none."""
    if not pictures:
        return 0
    scores = [[_upright_score(detector, turned(picture, turns)) for picture in pictures] for turns in range(4)]
    best = int(np.argmax([np.mean(of_turn) for of_turn in scores]))
    is_clear = np.mean(scores[best]) > np.mean(scores[0]) + _CLEARLY
    return best if is_clear and np.count_nonzero(scores[best]) >= _LEAST_SHARE * len(pictures) else 0


def turned(picture: Picture, turns: int) -> Picture:
    """A picture turned by so many quarters, counter-clockwise."""
    return replace(picture, turns=(picture.turns + turns) % 4) if turns else picture


def turned_back(points: Points, turns: int, sizes: Points) -> Points:
    """Landmarks in turned frames as places in the frames as they were.

    Args:
        points: (n, m, 2+), pixels.
        turns: As given to `turned`.
        sizes: (n, 2) width and height of the frames as they were.
    """
    if turns == 0:
        return points
    x, y = points[..., 0], points[..., 1]
    width, height = sizes[:, None, 0], sizes[:, None, 1]
    places = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[turns]
    return np.stack(places, axis=-1)


def _upright_score(detector: FaceDetector, picture: Picture) -> float:
    """Of the best face whose eyes are level; 0 without one."""
    best = 0.0
    for face in detector.detect(picture):
        across, down = face.eyes[1] - face.eyes[0]
        if abs(np.degrees(np.arctan2(down, across))) < _UPRIGHT:
            best = max(best, face.score)
    return best
