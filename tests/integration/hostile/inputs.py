"""The table: every kind of input, and what a person who sends it is told."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.hostile.workshop import Workshop

Maker = Callable[[Workshop], bytes]


@dataclass(frozen=True)
class Refused:
    """The analysis fails for this reason."""

    reason: str


@dataclass(frozen=True)
class Answered:
    """The analysis succeeds.

    Attributes:
        coverage: Least share of the analysed frames in which the face is found; 0 when there is no face.
        frames: Least and most frames analysed.
        faces: Persons in the answer; None when it does not matter.
        insufficiency: Reasons that must be among those for which the evidence does not suffice.
        warnings: Exactly the reasons that the reader is warned for.
        notes: Reasons that must be among the notes on the file.
    """

    coverage: float = 0.9
    frames: tuple[int, int] = (45, 55)
    faces: int | None = 1
    insufficiency: frozenset[str] = frozenset()
    warnings: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Input:
    """One row.

    Attributes:
        name: Of the row.
        make: Gives the bytes.
        expected: What becomes of it.
        filename: What the file is called when it is sent.
        words: Must be in the sentence that a person reads when it is refused.
    """

    name: str
    make: Maker
    expected: Refused | Answered
    filename: str = "video.mp4"
    words: str = ""


def reasons(*names: str) -> frozenset[str]:
    """For the sets of an `Answered`."""
    return frozenset(names)
