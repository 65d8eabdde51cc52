"""The folder that these commands are given, and the clips in it."""

import sys
from pathlib import Path
from typing import NamedTuple

_SUFFIXES = frozenset([".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".flv", ".mpg", ".ts", ".wmv"])


class Asked(NamedTuple):
    """What was typed: a folder, and how many of its clips to take at most; None for all."""

    folder: Path
    most: int | None


def asked(module: str) -> Asked:
    """The arguments of the command; ends it with a sentence where there is no folder among them."""
    arguments = sys.argv[1:]
    if not 1 <= len(arguments) <= 2:
        sys.exit(f"Say where the clips are: python -m benchmarks.clips.{module} folder [most]")
    return Asked(Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else None)


def clips_in(folder: Path, most: int | None = None) -> list[Path]:
    """The videos of a folder and of those in it; no more than `most`, spread over all."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    count = len(found) if most is None else min(most, len(found))
    return [found[index * len(found) // count] for index in range(count)]
