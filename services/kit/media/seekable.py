"""A video as a seekable file, wherever it is stored: the only way in which decoders in a worker read bytes.

A file of this machine is opened as such. Of a video in a bucket only the ranges that are read are fetched, by the
service: a worker, which reads files that nobody vouches for, has no way to a network and no credentials.
"""

import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

Fetch = Callable[[int, int], bytes]
"""Gives the bytes from a first to before a last position; raises `services.kit.errors.Refusal`."""

BLOCK_BYTES = 256 * 1024
"""What a read fetches at least. A seek in a video reads a few kilobytes here and there."""

MOST_BLOCKS_AHEAD = 8
"""What a read in sequence fetches at most: two megabytes are three seconds of good 1080p."""

_MOST_BLOCKS_KEPT = 64


@dataclass(frozen=True)
class Video:
    """Where a worker finds a video: a file, or a number of bytes that its service fetches."""

    size: int
    path: Path | None = None


def open_video(video: Video, fetch: Fetch | None) -> BinaryIO:
    """The video as a file that can be read and sought in; closed by the caller.

    Args:
        video: Where it is.
        fetch: How bytes of one that is no file come.

    Raises:
        OSError: It is a file, and cannot be opened.
        ValueError: It is none, and there is no `fetch`.
    """
    if video.path is not None:
        return video.path.open("rb")
    if fetch is None:
        raise ValueError("a video in a bucket is read through the service")
    return cast("BinaryIO", Ranges(video.size, fetch))


class Ranges(io.RawIOBase):
    """A file over ranges: reads what was asked for, and ahead only where it is read in sequence.

    Args:
        size: Of the whole, in bytes.
        fetch: Gets a range.
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        """Fetch nothing yet."""
        super().__init__()
        self._size = size
        self._fetch = fetch
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next_block = -1
        self._ahead = 1

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position; costs nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a file has no bytes before its first")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, fewer at the end of a block; all that are left when negative; none at the end.

        Raises:
            Refusal: What `fetch` refused with.
        """
        if size < 0:
            return self.readall()
        if size == 0 or self._position >= self._size:
            return b""
        number, offset = divmod(self._position, BLOCK_BYTES)
        piece = self._block(number)[offset : offset + size]
        self._position += len(piece)
        return piece

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        """As `read`, into a buffer; gives how many."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._ahead = min(2 * self._ahead, MOST_BLOCKS_AHEAD) if number == self._next_block else 1
            wanted = 1
            while wanted < self._ahead and number + wanted not in self._blocks:
                wanted += 1
            start = number * BLOCK_BYTES
            data = self._fetch(start, min(start + wanted * BLOCK_BYTES, self._size))
            for index in range(wanted):
                self._blocks[number + index] = data[index * BLOCK_BYTES : (index + 1) * BLOCK_BYTES]
            self._next_block = number + wanted
        self._blocks.move_to_end(number)
        while len(self._blocks) > _MOST_BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return self._blocks[number]
