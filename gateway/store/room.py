"""Room on the disk: what uploads leave free, and a file that is given up so that deleting works on a full disk."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import grpc
import structlog

from services.kit.errors import Refusal
from services.kit.settings import MEBIBYTE

log = structlog.get_logger()

# A row cannot be deleted without a few pages being written first. This is a thousand times as much.
BALLAST_BYTES = 4 * MEBIBYTE
# By then somebody may have deleted something, or seen the message.
_RETRY_AFTER_S = 60.0


def free_bytes(folder: Path) -> int:
    """What is free where a folder is, for those who are not the system's administrator."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Room:
    """How much is free where a gateway writes to; of a bucket, or a database server, nothing is known.

    Args:
        folders: That it writes to. They exist.
        reserve_bytes: What uploads leave free in each.
        ballast: Where the file is kept that is given up; None for none, which does where the database is elsewhere.
        free: Tells how much is free in a folder.
    """

    def __init__(
        self,
        folders: Sequence[Path] = (),
        reserve_bytes: int = 0,
        ballast: Path | None = None,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """Make the ballast, if there is room for it."""
        self._folders = folders
        self._reserve_bytes = reserve_bytes
        self._ballast = ballast
        self._free = free
        self._deleting = 0
        self._make_ballast()

    def check(self, size_bytes: int = 0) -> None:
        """Make sure that so many bytes more leave the reserve untouched.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, STORAGE_FULL.
        """
        if not self._reserve_bytes:
            return
        if any(self._free(folder) - size_bytes < self._reserve_bytes for folder in self._folders):
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "STORAGE_FULL",
                "The server's disk is nearly full. Delete analyses that are no longer needed, or try a smaller file.",
                retry_after_s=_RETRY_AFTER_S,
                http_status=507,
            )

    @contextmanager
    def for_deleting(self) -> Iterator[None]:
        """Give up the ballast where the disk is full, and take it back once there is room for it."""
        if self._ballast is not None and self._free(self._ballast.parent) < BALLAST_BYTES:
            log.warning("the disk is full: the ballast is given up for deleting")
            self._ballast.unlink(missing_ok=True)
        self._deleting += 1
        try:
            yield
        finally:
            self._deleting -= 1
            if not self._deleting:
                self._make_ballast()

    def _make_ballast(self) -> None:
        if self._ballast is None or self._ballast.exists() or self._free(self._ballast.parent) < 2 * BALLAST_BYTES:
            return
        with suppress(OSError), self._ballast.open("xb") as file:  # another needed the room at the same moment
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
