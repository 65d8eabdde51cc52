"""Where inputs are made: ffmpeg, one face clip, and the bait that inputs may name."""

import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.integration.hostile.bait import Bait

_LONGEST_S = 120


@dataclass(frozen=True)
class Workshop:
    """What makers of inputs work with.

    Attributes:
        face: Four seconds of a face that speaks, 320 × 240 at 25 frames a second, H.264 and AAC in MP4, its index at
            the end.
        bait: What no service may touch.
    """

    face: Path
    bait: Bait

    def clip(self) -> bytes:
        """The face clip itself."""
        return self.face.read_bytes()

    def silent(self) -> bytes:
        """The face clip without its sound: one stream alone makes boxes easy to find."""
        return self.converted("mp4", "-an", "-c:v", "copy")

    def converted(self, suffix: str, *options: str) -> bytes:
        """The whole face clip, converted."""
        return self.made(suffix, "-i", str(self.face), *options)

    def reencoded(self, suffix: str, encoder: str, *options: str, seconds: float = 2.0) -> bytes:
        """The beginning of the face clip in another format, without sound unless an option brings it."""
        needs(encoder)
        sound = () if "-c:a" in options else ("-an",)
        return self.made(suffix, "-t", f"{seconds:g}", "-i", str(self.face), "-c:v", encoder, *sound, *options)

    def made(self, suffix: str, *options: str) -> bytes:
        """What ffmpeg makes of its arguments.

        Raises:
            AssertionError: When it fails.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"made.{suffix}"
            command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", *options, "-threads", "1", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
            assert done.returncode == 0, done.stderr
            return path.read_bytes()


def needs(encoder: str) -> None:
    """Skip the test where ffmpeg was built without an encoder."""
    if encoder not in _encoders():
        pytest.skip(f"this ffmpeg has no encoder {encoder}")


@functools.cache
def _encoders() -> frozenset[str]:
    listed = subprocess.run(["ffmpeg", "-hide_banner", "-encoders"], capture_output=True, text=True, check=True).stdout
    return frozenset(line.split()[1] for line in listed.splitlines() if len(line.split()) > 1)
