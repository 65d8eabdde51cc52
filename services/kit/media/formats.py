"""Container formats and frame sizes that decoders may open. All else is refused before a demuxer reads a byte.

Left out on purpose: playlists and scripts that name other files or hosts (HLS, DASH, concat), images and image
sequences, vector graphics, text, and formats nobody records a face in. An MXF file may name others; ffmpeg passes over
that.
"""

import grpc

from services.kit.errors import Refusal

ALLOWED_DEMUXERS: frozenset[str] = frozenset(
    {
        "3g2",
        "3gp",
        "asf",
        "avi",
        "dv",
        "flv",
        "gif",
        "h264",
        "hevc",
        "ivf",
        "m4a",
        "matroska",
        "mj2",
        "mov",
        "mp4",
        "mpeg",
        "mpegts",
        "mxf",
        "nut",
        "ogg",
        "webm",
    }
)
"""Names of ffmpeg's demuxers for videos; a file of one of them may hold sound alone, as M4A and Ogg do. A demuxer may
have several names, joined by commas; one match is enough."""

TIMELESS_DEMUXERS: frozenset[str] = frozenset({"h264", "hevc"})
"""Of bare streams: they say when nothing is shown, and nobody can seek in them."""

USUAL_RATE_HZ = 25
"""Frames a second of a bare stream that does not say, as ffmpeg takes it."""

SOUND_DEMUXERS: frozenset[str] = frozenset({"aac", "amr", "flac", "mp3", "wav"})
"""Of files that hold sound alone. Where pictures are decoded they are not opened."""

ALLOWED_PROTOCOLS: tuple[str, ...] = ("file", "pipe")
"""Where ffmpeg may read from and write to."""


def ffmpeg_list(names: frozenset[str] | tuple[str, ...]) -> str:
    """The names as ffmpeg's ``-format_whitelist`` and ``-protocol_whitelist`` take them."""
    return ",".join(sorted(names))


MOST_SIDE = 8192
MOST_PIXELS = 8192 * 4608
"""An 8K frame is 37 megapixels; a decoder holds a dozen of them."""


def refuse_huge_frames(width: int, height: int) -> None:
    """Refuse a video whose frames are too large to decode.

    Raises:
        Refusal: FAILED_PRECONDITION, FRAME_TOO_LARGE.
    """
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise Refusal(
            grpc.StatusCode.FAILED_PRECONDITION,
            "FRAME_TOO_LARGE",
            f"The video is {width} by {height} pixels. At most {MOST_SIDE} a side and {MOST_PIXELS // 1_000_000} "
            "million in all can be analysed. Make it smaller and send that.",
        )


FURTHEST_CLOCK_S = 1e10
"""Times on a container's clock beyond this are not believed. A live stream's may be that of Unix; floats still tell
samples of sound apart."""
