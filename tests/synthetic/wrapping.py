"""The same pictures as somebody else would send them: through ffmpeg, as people's programs use it."""

import subprocess
from pathlib import Path


def rewrapped(path: Path, copy: Path, *arguments: str, before: tuple[str, ...] = ()) -> Path:
    """A copy of a video made by ffmpeg; the container is the one of its suffix. Gives its path.

    Args:
        path: The video.
        copy: Where the copy is to be.
        arguments: How it is to be written.
        before: How the video is to be read.
    """
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-threads",
        "1",
        *before,
        "-i",
        str(path),
        *arguments,
        str(copy),
    ]
    subprocess.run(command, check=True, timeout=60)
    return copy


REORDERED = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-b_strategy", "0", "-threads", "1", "-an")
"""Encoded with pictures that are stored in another order than they are shown."""

COPIED = ("-c:v", "copy", "-an")
