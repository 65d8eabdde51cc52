"""What of a file players show, and in which shape: of several videos one, and what is not square drawn out."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.kit.media.formats import MOST_PIXELS, MOST_SIDE

_SQUARE_WITHIN = 0.01
# Anamorphic film is 2; beyond this the file is wrong about itself.
_MOST_ASPECT = 4.0

S = TypeVar("S")


def first_shown(streams: Sequence[S], is_default: Callable[[S], bool], area: Callable[[S], int]) -> S | None:
    """The video that players show of several: one marked as default, the largest of those, the first of equals."""
    return max(streams, key=lambda stream: (is_default(stream), area(stream)), default=None)


def believed_aspect(pixel_aspect: float | None) -> float:
    """Width of a stored pixel over its height, as players take it; 1 where unknown, not plausible, or nearly 1."""
    if pixel_aspect is None or not 1 / _MOST_ASPECT <= pixel_aspect <= _MOST_ASPECT:
        return 1.0
    return 1.0 if abs(pixel_aspect - 1) < _SQUARE_WITHIN else pixel_aspect


def square_size(width: int, height: int, pixel_aspect: float) -> tuple[int, int]:
    """Width and height of a picture in square pixels: one side is made longer, so that nothing is lost.

    Of one that would be larger than any that is decoded, the size as it is stored.
    """
    if pixel_aspect == 1:
        return width, height
    wide, high = max(round(width * pixel_aspect), width), max(round(height / pixel_aspect), height)
    return (width, height) if max(wide, high) > MOST_SIDE or wide * high > MOST_PIXELS else (wide, high)
