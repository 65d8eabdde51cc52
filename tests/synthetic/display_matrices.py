"""Videos whose container says that they are to be turned or mirrored."""

import struct
from pathlib import Path

Matrix = tuple[int, int, int, int]

NAMED: dict[str, tuple[Matrix, int, bool]] = {
    "upright": ((1, 0, 0, 1), 0, False),
    "clockwise": ((0, 1, -1, 0), 90, False),
    "half a turn": ((-1, 0, 0, -1), 180, False),
    "counter-clockwise": ((0, -1, 1, 0), 270, False),
    "left for right": ((-1, 0, 0, 1), 0, True),
    "upside down": ((1, 0, 0, -1), 180, True),
    "over the diagonal": ((0, 1, 1, 0), 90, True),
    "over the other diagonal": ((0, -1, -1, 0), 270, True),
    "all zeros": ((0, 0, 0, 0), 0, False),
    "flat": ((1, 0, 0, 0), 0, False),
}
"""Matrices, the degrees clockwise that bring the stored picture upright, and whether a player shows it mirrored."""

_ONE = 1 << 16
_LAST = 1 << 30


def with_display_matrix(path: Path, matrix: Matrix, suffix: str) -> Path:
    """A copy of an MP4 file beside it, with this matrix (a, b, c, d of the container's a b u c d v x y w)."""
    content = path.read_bytes()
    # Behind the name: version and flags, two dates, number, nothing, length, nothing, and four halves of a word.
    start = content.index(b"tkhd") + 4 + 6 * 4 + 8 + 8
    a, b, c, d = (number * _ONE for number in matrix)
    numbers = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, _LAST if any(matrix) else 0)
    copy = path.with_name(f"{path.stem}-{suffix}.mp4")
    copy.write_bytes(content[:start] + numbers + content[start + len(numbers) :])
    return copy
