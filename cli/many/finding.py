"""Which files to analyse: those named, those in folders that hold video or sound, and those that arrive."""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_HEAD_BYTES = 400
# How files begin that people record video and sound in; where in the file, and with what.
_MAGIC = (
    *((4, name) for name in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    *((0, name) for name in (b"\x1aE\xdf\xa3", b"OggS", b"fLaC", b"ID3", b"FLV\x01", b"#!AMR", b"DKIF")),
    *((0, name) for name in (b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),
    *((0, name) for name in (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", b"GIF8", b"nut/multimedia container")),
    *((0, name) for name in (b"\x00\x00\x00\x01\x67", b"\x00\x00\x00\x01\x40", b"\x00\x00\x00\x01\x09")),
)
_RIFF_KINDS = (b"AVI ", b"WAVE")
_SYNC = 0x47


def looks_like_media(path: Path) -> bool:
    """Whether a file begins as a video or a sound recording does, whatever its name says.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if any(head[at : at + len(magic)] == magic for at, magic in _MAGIC):
        return True
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] in _RIFF_KINDS:
        return True
    # MPEG transport streams: packets of 188 bytes, in a camera's files with a time of four before each.
    if any(
        len(head) > first + size and head[first] == head[first + size] == _SYNC for first, size in ((0, 188), (4, 192))
    ):
        return True
    # MPEG audio and ADTS begin with eleven bits set, and neither reserved version nor layer of one another.
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08


def found(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and of folders every file that looks like media, in the order of their names.

    What is named is never left out: that it is no video is for the server to say. Links to folders are not followed,
    and hidden folders and files are passed over.
    """
    for path in paths:
        if path.is_dir():
            yield from _inside(path)
        else:
            yield path


def listed(lines: Iterable[bytes]) -> Iterator[Path]:
    """The paths of a list, one a line; empty lines and those that begin with # are passed over."""
    for line in lines:
        text = line.rstrip(b"\r\n")
        if text and not text.startswith(b"#"):
            yield Path(os.fsdecode(text))


def _inside(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            inside = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda e: e.name)
    except OSError:
        return
    for entry in inside:
        path = Path(entry.path)
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _inside(path)
            elif entry.is_file() and looks_like_media(path):
                yield path
        except OSError:
            continue


class Arrivals:
    """Files that come into a folder, told once they have stopped growing.

    By looking again and again, which works on shares of other machines too. A file that is written to later is told
    again.

    Args:
        folder: Where they come.
        still_s: Seconds without a change after which a file counts as there.
    """

    def __init__(self, folder: Path, still_s: float = 2.0) -> None:
        """Nothing is told yet."""
        self._folder = folder
        self._still_s = still_s
        self._seen: dict[str, tuple[int, int, float]] = {}
        self._told: dict[str, tuple[int, int]] = {}

    def new(self) -> Iterator[Path]:
        """Those that are there since the last look. Those there from the beginning count as arrived."""
        now, seen = time.monotonic(), self._seen
        self._seen = {}
        for path in _every_file(self._folder):
            try:
                status = path.stat()
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
                continue
            key, state = os.fspath(path), (status.st_size, status.st_mtime_ns)
            if self._told.get(key) == state:
                continue
            size, changed, since = seen.get(key, (*state, now))
            if (size, changed) != state:
                since = now
            self._seen[key] = (*state, since)
            if now - since < self._still_s:
                continue
            self._told[key] = state
            try:
                if looks_like_media(path):
                    yield path
            except OSError:
                del self._told[key]


def _every_file(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))
