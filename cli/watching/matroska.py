"""Matroska as ffmpeg writes it to a pipe, cut into a header and clusters. Pure.

Each cluster begins with a keyframe, as `cli.watching.source` has ffmpeg write it; the header and any of them is a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_FILE, _SEGMENT, _CLUSTER, _TIMESTAMP = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xE7
_MOST_HEADER_BYTES = 1024 * 1024


class NotMatroskaError(Exception):
    """What came is not what ffmpeg writes."""


@dataclass(frozen=True)
class Cluster:
    """One cluster, and when it begins, seconds on the container's clock."""

    data: bytes
    start_s: float


class Clusters:
    """Takes bytes as they come, and gives clusters as they are whole."""

    def __init__(self) -> None:
        """Nothing has come."""
        self.header = b""
        """What stands before the first cluster; empty until that has begun."""
        self._buffer = bytearray()
        self._place = 0

    def feed(self, data: bytes) -> Iterator[Cluster]:
        """Take some more.

        Raises:
            NotMatroskaError: It cannot be understood.
        """
        self._buffer += data
        while (element := _element(self._buffer, self._place)) is not None:
            kind, begins, size = element
            if not self.header and not self._place and kind != _FILE:
                raise NotMatroskaError("it begins as something else")
            if kind == _SEGMENT:  # it holds all that follows
                self._place = begins
                continue
            if size is None:
                raise NotMatroskaError("an element of unknown length")
            if begins + size > len(self._buffer):
                break
            if kind == _CLUSTER:
                if not self.header:
                    self.header = bytes(self._buffer[: self._place])
                yield Cluster(bytes(self._buffer[self._place : begins + size]), _start_s(self._buffer, begins, size))
                del self._buffer[: begins + size]
                self._place = 0
            elif self.header:  # tags and an index, at the end
                del self._buffer[: begins + size]
            else:
                self._place = begins + size
        if not self.header and self._place > _MOST_HEADER_BYTES:
            raise NotMatroskaError("a header that does not end")


def _element(data: bytearray, place: int) -> tuple[int, int, int | None] | None:
    """Kind of the element at a place, where its content begins and its size; None while that is not there yet."""
    if place >= len(data):
        return None
    kind_bytes = 9 - data[place].bit_length()
    if not 1 <= kind_bytes <= 4:
        raise NotMatroskaError("no element")
    if place + kind_bytes >= len(data):
        return None
    size_bytes = 9 - data[place + kind_bytes].bit_length()
    if not 1 <= size_bytes <= 8:
        raise NotMatroskaError("no size")
    begins = place + kind_bytes + size_bytes
    if begins > len(data):
        return None
    size = int.from_bytes(data[place + kind_bytes : begins], "big") & ((1 << 7 * size_bytes) - 1)
    unknown = size == (1 << 7 * size_bytes) - 1
    return int.from_bytes(data[place : place + kind_bytes], "big"), begins, None if unknown else size


def _start_s(data: bytearray, begins: int, size: int) -> float:
    place = begins
    while place < begins + size and (element := _element(data, place)) is not None:
        kind, content, length = element
        if kind == _TIMESTAMP and length is not None:
            return int.from_bytes(data[content : content + length], "big") / 1000  # milliseconds, unless told otherwise
        if length is None:
            break
        place = content + length
    return 0.0
