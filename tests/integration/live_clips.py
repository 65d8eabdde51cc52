"""Clips as live segments: cut at keyframes into fragments of one stream, as ffmpeg makes them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fragments:
    """A header, the fragments that follow it, and when each begins, seconds."""

    header: bytes
    fragments: tuple[bytes, ...]
    starts_s: tuple[float, ...]


def fragments(clip: Path, seconds: float = 2.0) -> Fragments:
    """A clip as fragmented MP4, without encoding it anew: fragments begin at keyframes and are about so long."""
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", "-f", "mp4"]
    flags = "frag_keyframe+delay_moov+default_base_moof"
    command += ["-movflags", flags, "-min_frag_duration", f"{round(1e6 * seconds) - 20_000}", "pipe:1"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    boxes = []
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        boxes.append((data[place + 4 : place + 8], data[place : place + size]))
        place += size
    header = b"".join(box for kind, box in boxes if kind in (b"ftyp", b"moov"))
    parts: list[bytes] = []
    for kind, box in boxes:
        if kind == b"moof":
            parts.append(box)
        elif kind == b"mdat":
            parts[-1] += box
    return Fragments(header, tuple(parts), tuple(seconds * number for number in range(len(parts))))
