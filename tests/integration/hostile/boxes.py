"""MP4 files taken apart and put together wrongly: boxes whose contents lie."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts"})


@dataclass(frozen=True)
class Box:
    """A box at `start`, whose header takes `header` bytes and which ends before `end`."""

    kind: bytes
    start: int
    header: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """All boxes in order, outer ones before those inside them."""
    limit = len(data) if end is None else end
    while start + 8 <= limit:
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        box = Box(kind, start, header, min(limit, start + size) if size else limit)
        if box.end < start + header:
            return
        yield box
        if kind in _CONTAINERS:
            yield from boxes(data, start + header, box.end)
        start = box.end


def payload(data: bytes, kind: bytes) -> bytes:
    """Contents of the first box of a kind, version and flags included."""
    box = next(box for box in boxes(data) if box.kind == kind)
    return data[box.start + box.header : box.end]


def edited(data: bytes, kind: bytes, change: Callable[[bytes], bytes], *, every: bool = False) -> bytes:
    """The file with the contents of the first box of a kind (or every one) changed, at the same length or another.

    Sizes of what is around are kept right; chunk offsets are not, so the index should lie behind the media.
    """
    found = [box for box in boxes(data) if box.kind == kind]
    for box in reversed(found if every else found[:1]):
        inside = change(data[box.start + box.header : box.end])
        grown = box.header + len(inside) - (box.end - box.start)
        outer = [other for other in boxes(data) if other.start < box.start and other.end >= box.end]
        data = data[: box.start + box.header] + inside + data[box.end :]
        for other in (*outer, box):
            data = resized(data, other, other.end - other.start + grown)
    return data


def resized(data: bytes, box: Box, size: int) -> bytes:
    """The file with another number in a box's size field."""
    return data[: box.start] + struct.pack(">I", size & 0xFFFFFFFF) + data[box.start + 4 :]


def patched(at: int, value: bytes) -> Callable[[bytes], bytes]:
    """A change for `edited`: other bytes at a place, negative counted from the end."""

    def change(data: bytes) -> bytes:
        place = at if at >= 0 else len(data) + at
        return data[:place] + value + data[place + len(value) :]

    return change


def box(kind: bytes, *contents: bytes) -> bytes:
    """A whole box."""
    inside = b"".join(contents)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def url_reference(address: str) -> bytes:
    """Contents of a `dref` that says: the media are at this address."""
    return struct.pack(">II", 0, 1) + box(b"url ", b"\0\0\0\0", address.encode() + b"\0")


def alias_reference(path: str) -> bytes:
    """Contents of a `dref` that says: the media are in this file of this machine, as QuickTime does."""
    name = path.rsplit("/", 1)[-1].encode()[:63]
    absolute = path.encode()
    absolute += b"\0" * (len(absolute) % 2)
    record = b"".join(
        [
            b"\0" * 10,
            bytes([0]).ljust(28, b"\0"),
            b"\0" * 12,
            (bytes([len(name)]) + name).ljust(64, b"\0"),
            b"\0" * 16,
            struct.pack(">hh", -1, -1),
            b"\0" * 16,
            struct.pack(">HH", 2, len(absolute)) + absolute,
            struct.pack(">hH", -1, 0),
        ]
    )
    return struct.pack(">II", 0, 1) + box(b"alis", b"\0\0\0\0", record)


def reference_movie(address: str) -> bytes:
    """A QuickTime file that holds nothing but the address of another."""
    reference = b"\0\0\0\0url " + struct.pack(">I", len(address) + 1) + address.encode() + b"\0"
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", box(b"rmra", box(b"rmda", box(b"rdrf", reference))))
