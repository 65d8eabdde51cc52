"""Whether a file holds Content Credentials, without reading them: most files hold none, and need no library for that.

A file that only names an address at which they would be is taken for one without: nothing is fetched.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # the type of the `uuid` box that holds them
_MOST_ELEMENTS = 20_000
_MOST_ID3_BYTES = 1 << 20
_HEAD_BYTES = 32
_RIFF = {b"WAVE": "audio/wav", b"AVI ": "video/avi"}


@dataclass(frozen=True)
class Found:
    """That they are there: the kind of file, as the library names it, and how many bytes they take."""

    kind: str
    size_bytes: int


def find(path: Path) -> Found | None:
    """Content Credentials in an MP4, MOV, M4A, AVI, WAV or MP3 file; None where there are none.

    Raises:
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if head[4:8] == b"ftyp":
            held = sum(length for kind, length in _boxes(file, size) if kind == _C2PA_BOX)
            return Found("video/mp4", held) if held else None
        if head[:4] == b"RIFF" and head[8:12] in _RIFF:
            held = sum(length for kind, length in _chunks(file, size) if kind == b"C2PA")
            return Found(_RIFF[head[8:12]], held) if held else None
        if head[:3] == b"ID3":
            held = _in_id3(file, head)
            return Found("audio/mpeg", held) if held else None
    return None


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Type and length of each outermost box; of one with a type of its own, that."""
    start = 0
    for _ in range(_MOST_ELEMENTS):
        if start + 8 > size:
            return
        file.seek(start)
        head = file.read(_HEAD_BYTES)
        length, kind, body = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = size - start
        if length < body:
            return
        yield (head[body : body + 16] if kind == b"uuid" else kind), length
        start += length


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    start = 12
    for _ in range(_MOST_ELEMENTS):
        if start + 8 > size:
            return
        file.seek(start)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        yield head[:4], 8 + length
        start += 8 + length + length % 2


def _in_id3(file: BinaryIO, head: bytes) -> int:
    length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    file.seek(10)
    tag = file.read(min(length, _MOST_ID3_BYTES))
    return length if b"GEOB" in tag and b"c2pa" in tag else 0
