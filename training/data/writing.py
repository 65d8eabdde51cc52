"""Files that take minutes or hours to come about, of which none is ever found half written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def in_one_step(path: Path) -> Iterator[Path]:
    """A path to write to, in the folder of `path` and with its suffix, whose file takes the place of `path`'s.

    Whatever interrupts the writing, there is what was there before, or all that is new. Where the block raises, what it
    wrote is removed. The folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"new-{path.name}")
    try:
        yield fresh
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)
