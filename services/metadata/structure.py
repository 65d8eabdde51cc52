"""Detects truncated files: compares the sizes their containers announce with the bytes present.

Every format here is a row of elements that begin with their size. Walking over them reads a few bytes of each and
decodes nothing. What is not understood counts as whole: only a clear case is called cut short.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEADER_BYTES = 27 + 255  # the longest header, of an Ogg page
_MOST_ELEMENTS = 200_000
_BOX_HEADER = 8

_BOXES = frozenset(
    b"ftyp styp moov moof mdat mfra sidx ssix prft emsg pdin meta udta uuid free skip wide pnot PICT beam loop".split()
)
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_FLV_HEADER = 13
_FLV_TAGS = frozenset((8, 9, 18))
_FLV_TRAILER = 4  # the last tag's copy of its size, which some writers leave out


@dataclass(frozen=True)
class Structure:
    """What walking over a file's elements shows.

    Attributes:
        missing_bytes: By how much the last element runs past the end of the file; 0 when it does not.
        index_missing: Whether it is an MP4 or MOV file that ends without the box that says what is where.
    """

    missing_bytes: int = 0
    index_missing: bool = False

    @property
    def is_cut_short(self) -> bool:
        """Whether something is missing at the end."""
        return self.missing_bytes > 0 or self.index_missing


WHOLE = Structure()
"""Nothing is missing, or it cannot be known."""


def walk(path: Path) -> Structure:
    """Walk over the elements of a file.

    Raises:
        OSError: When it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
        if head[4:8] in _BOXES:
            kinds, end = _follow(file, 0, size, _box)
            # Behind a box that is not known, the index may follow.
            is_to_the_end = end > size - _BOX_HEADER
            # Pieces of a stream have their index in each piece.
            return Structure(max(0, end - size), is_to_the_end and not kinds & {b"moov", b"moof"})
        for magic, start, element in _FORMATS:
            if head.startswith(magic):
                missing = max(0, _follow(file, start, size, element)[1] - size)
                return Structure(0 if element is _flv and missing <= _FLV_TRAILER else missing)
    return WHOLE


_Element = tuple[bytes, int]
"""Kind of an element, and its size with its header; a size of 0 means that it is as long as it is."""


def _follow(
    file: BinaryIO, start: int, size: int, element: Callable[[bytes], _Element | None]
) -> tuple[set[bytes], int]:
    """Kinds of the elements from `start` on, and where the last one ends that is understood: it may be cut off."""
    kinds: set[bytes] = set()
    for _ in range(_MOST_ELEMENTS):
        if start >= size:
            break
        file.seek(start)
        found = element(file.read(_HEADER_BYTES))
        if found is None:
            break
        kind, length = found
        kinds.add(kind)
        start = start + length if length else size
    return kinds, start


def _box(head: bytes) -> _Element | None:
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if size == 0 and kind == bytes(4):  # made room for and never written: nothing follows
        return kind, 0
    if size == 1:
        size = int.from_bytes(head[8:16], "big")
        return (kind, size) if kind in _BOXES and size >= 16 else None
    return (kind, size) if kind in _BOXES and (size >= 8 or size == 0) else None


def _riff(head: bytes) -> _Element | None:
    size = int.from_bytes(head[4:8], "little")
    # A live recording leaves 0 or all ones.
    return (b"RIFF", 8 + size + size % 2) if head[:4] == b"RIFF" and 0 < size < 0xFFFFFFFF else None


def _ebml(head: bytes) -> _Element | None:
    if head[:4] not in (_EBML, _SEGMENT) or len(head) < 5 or head[4] == 0:
        return None
    width = 9 - head[4].bit_length()
    size = int.from_bytes(head[4 : 4 + width], "big") & ((1 << 7 * width) - 1)
    is_unknown = size == (1 << 7 * width) - 1
    return None if is_unknown else (head[:4], 4 + width + size)


def _flv(head: bytes) -> _Element | None:
    if len(head) < 11 or head[0] & 0x1F not in _FLV_TAGS:
        return None
    return b"tag", 11 + int.from_bytes(head[1:4], "big") + _FLV_TRAILER


def _asf(head: bytes) -> _Element | None:
    size = int.from_bytes(head[16:24], "little")
    return (head[:16], size) if len(head) >= 24 and 24 <= size < 1 << 62 else None


def _ogg(head: bytes) -> _Element | None:
    if head[:4] != b"OggS" or len(head) < 27 or len(head) < 27 + head[26]:
        return None
    return b"OggS", 27 + head[26] + sum(head[27 : 27 + head[26]])


_FORMATS: tuple[tuple[bytes, int, Callable[[bytes], _Element | None]], ...] = (
    (b"RIFF", 0, _riff),
    (_EBML, 0, _ebml),
    (b"FLV", _FLV_HEADER, _flv),
    (_ASF, 0, _asf),
    (b"OggS", 0, _ogg),
)
