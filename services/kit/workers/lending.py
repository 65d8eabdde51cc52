"""A folder of its own for each worker, where its service puts the one video that is its turn, by a second name.

What a worker may open is settled when it starts, by folders; which video it gets, later. A second name (a hard link)
takes no room and no time, and what lies beside the first stays closed.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Lending:
    """The folders of one service's workers. They go with `close`, or else when the next service begins.

    Args:
        folder: A new one, which this service keeps locked.
        lock: Its descriptor.
    """

    def __init__(self, folder: Path, lock: int) -> None:
        """Use `begin`."""
        self._folder = folder
        self._lock = lock

    @classmethod
    def begin(cls, store: Path | None) -> "Lending | None":
        """Begin in the folder of a media store, or where temporary files are; None where files take no second name."""
        try:
            if store is None:
                return cls._in(Path(tempfile.gettempdir()), "notreally-workers-")
            parent = store / "workers"
            parent.mkdir(exist_ok=True)
            _remove_left_behind(parent)
            return cls._in(parent, "")
        except OSError:  # mounted for reading, or of a kind that knows no second names
            return None

    @classmethod
    def _in(cls, parent: Path, prefix: str) -> "Lending":
        while True:
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():  # nobody took it for one left behind in the meantime
                break
            os.close(lock)
        made = cls(folder, lock)
        try:
            (folder / "first").touch()
            (folder / "second").hardlink_to(folder / "first")
        except OSError:
            made.close()
            raise
        return made

    def for_worker(self) -> Path:
        """A new, empty folder."""
        return Path(tempfile.mkdtemp(dir=self._folder))

    def close(self) -> None:
        """Remove all of them; what is open there stays readable to whoever opened it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)


@contextmanager
def lent(file: Path, folder: Path | None) -> Iterator[Path]:
    """The file by a name in a worker's folder, as long as the block lasts; its own name where there is no folder.

    One that is gone keeps its own name: the worker finds out, and says so.

    Raises:
        OSError: It cannot have a second name.
    """
    if folder is None:
        yield file
        return
    name = folder / "video"
    try:
        name.hardlink_to(file)
    except FileNotFoundError:
        yield file
        return
    try:
        yield name
    finally:
        name.unlink(missing_ok=True)


def _remove_left_behind(parent: Path) -> None:
    """Remove the folders of services that were killed: nobody holds their locks."""
    for folder in parent.iterdir():
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
