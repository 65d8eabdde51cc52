"""Pictures that are shown more than once in a row, as in a video whose frame rate was raised by repeating pictures.

Nothing that is measured over time means then what it means otherwise: a face stands still for a moment and jumps in the
next. A frame that is repeated now and then, because one was lost, is left alone; only a rhythm is found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from services.face.pixels.pictures import Picture, Plane

# Pictures of a second repeated up to so often still show somebody move.
_MOST_REPEATS = 6
# What changes where a picture is repeated, for it is compressed anew each time, against what does where one is new.
_CLEARLY = 0.15
# Where nothing moves at all, an encoder has a rhythm of its own.
_LEAST_CHANGE = 0.03
_LEAST_ROUNDS = 6
# Rows looked at: the whole of a picture is looked through in a tenth of a millisecond.
_ROWS = 180
# Steps of lightness by which compressing alone changes a pixel.
_COMPRESSION = 2


class Repeats:
    """Looks for a rhythm in how much successive pictures differ."""

    def __init__(self) -> None:
        """Before the first picture."""
        self._before: Plane | None = None
        self._changes: list[float] = []

    def take(self, picture: Picture) -> None:
        """Look at the next picture."""
        step = max(1, min(picture.luma.shape) // _ROWS)
        thin = np.ascontiguousarray(picture.luma[::step, ::step])
        before = self._before
        self._changes.append(np.nan if before is None or before.shape != thin.shape else change(before, thin))
        self._before = thin

    def rhythm(self) -> tuple[int, int] | None:
        """(every, first): one picture in `every` is another one than before, from the one with index `first` on."""
        return rhythm_of(np.array(self._changes))


def change(before: Plane, after: Plane) -> float:
    """Mean change of lightness from one picture to the next, beyond what compressing them does."""
    return float(cv2.mean(cv2.threshold(cv2.absdiff(before, after), _COMPRESSION, 255, cv2.THRESH_TOZERO)[1])[0])


def rhythm_of(changes: NDArray[np.float64]) -> tuple[int, int] | None:
    """The same of changes (n,) from each picture to the next; the first, which has none before it, is NaN."""
    clearest, found = _CLEARLY, None
    for every in range(2, _MOST_REPEATS + 1):
        if len(changes) < _LEAST_ROUNDS * every:
            break
        usual = np.array([np.nanmedian(changes[place::every]) for place in range(every)])
        first = int(np.argmax(usual))
        if usual[first] >= _LEAST_CHANGE and np.delete(usual, first).max() < clearest * usual[first]:
            clearest, found = float(np.delete(usual, first).max() / usual[first]), (every, first)
    return found
