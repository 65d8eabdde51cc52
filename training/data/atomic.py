"""Atomic writes for files that take minutes or hours to make."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`, with its suffix, that replaces `path` when the block ends.

    An interruption leaves either the old file or the whole new one. If the block raises, what it wrote is removed. The
    folder is created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"new-{path.name}")
    try:
        yield fresh
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)
