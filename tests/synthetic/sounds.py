"""Files that hold sound alone, of every kind that is taken."""

import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.synthetic.voices import RATE, voice

KINDS: dict[str, tuple[str, ...]] = {
    "wav": ("-c:a", "pcm_s16le"),
    "mp3": ("-c:a", "libmp3lame"),
    "m4a": ("-c:a", "aac"),
    "ogg": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus"),
    "flac": ("-c:a", "flac"),
    "aac": ("-c:a", "aac"),
    "amr": (),
}
"""By the usual ending, what ffmpeg is told to make one; it makes no AMR, which is written by hand."""

_AMR_FRAME_BYTES, _AMR_FRAMES_A_SECOND = 31, 50


def spoken(path: Path, seconds: float, *options: str) -> Path:
    """A voice as a file of the kind that its ending says; AMR of noise, which no voice is found in.

    Args:
        path: Where to write it; its ending is one of `KINDS`.
        seconds: Length.
        options: More for ffmpeg, behind the sound.
    """
    kind = path.suffix[1:]
    if kind == "amr":
        path.write_bytes(amr(seconds))
        return path
    samples = voice(seconds, lambda time: 0.3 + 0.7 * (time % 0.5 < 0.35))
    _ffmpeg(
        ("-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:", *options, *KINDS[kind]), path, samples.tobytes()
    )
    return path


def with_cover(path: Path, seconds: float) -> Path:
    """The same with a cover picture, as music has one."""
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:duration=0.04", "-map", "0:a", "-map", "1:v")
    return spoken(path, seconds, *picture, "-c:v", "mjpeg", "-disposition:v", "attached_pic")


def amr(seconds: float) -> bytes:
    """Noise as telephones record it, at 12.2 kbit/s."""
    frames = round(seconds * _AMR_FRAMES_A_SECOND)
    noise = random.Random(7)
    return b"#!AMR\n" + b"".join(b"\x3c" + noise.randbytes(_AMR_FRAME_BYTES) for _ in range(frames))


def _ffmpeg(arguments: Sequence[str], path: Path, data: bytes) -> None:
    command = ["ffmpeg", "-v", "error", "-y", *arguments, str(path)]
    subprocess.run(command, input=data, check=True, timeout=60)
