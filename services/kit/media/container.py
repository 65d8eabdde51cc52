"""Opening untrusted videos inside the process: for workers only, which may crash."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from services.kit.limits import memory_left
from services.kit.media.formats import ALLOWED_DEMUXERS, MOST_PIXELS, ffmpeg_list
from services.kit.media.shape import first_shown

_LEAST_LEFT_BYTES = 64 * 1024 * 1024
_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


@contextmanager
def opened_container(
    video: BinaryIO | Path, *, decode: bool = True, demuxers: frozenset[str] = ALLOWED_DEMUXERS
) -> Iterator[InputContainer | None]:
    """A video's container, for as long as the block lasts; None when it is none that may be read.

    Args:
        video: A file, read from its start.
        demuxers: Those that may open it.
        decode: Whether opening may decode the first frames to learn what the headers leave open; half a dozen of
            1080p take as long as walking over a quarter of an hour of packets.

    Raises:
        MemoryError: Opening it takes more memory than this process may have.
    """
    # The format is found by looking at the content; the list says which may be found, so that no playlist or script
    # makes ffmpeg read anything else. Nor could it: all it may read is the file it is handed.
    options = {
        "protocol_whitelist": "none",
        "format_whitelist": ffmpeg_list(demuxers),
        "max_pixels": str(MOST_PIXELS),
        **({} if decode else {"skip_frame": "all"}),
    }
    with video.open("rb") if isinstance(video, Path) else nullcontext(video) as file:
        try:
            container = av.open(file, mode="r", options=options, metadata_errors="replace")
        # Of an empty file PyAV looks for the last byte.
        except (av.FFmpegError, OSError, ValueError) as error:
            # A broken header asks for more than anybody has, and leaves what there is. Where that is used up, nothing
            # is said about the file.
            if isinstance(error, av.MemoryError) and memory_left() < _LEAST_LEFT_BYTES:
                raise MemoryError from None
            container = None
        with container or nullcontext():
            yield container


def moving_pictures(container: InputContainer, index: int | None = None) -> VideoStream | None:
    """The stream that is analysed: the one with this index, or the one that players show, of those that move."""
    moving = [stream for stream in container.streams.video if not stream.disposition & _PICTURES]
    named = next((stream for stream in moving if stream.index == index), None)
    return named or first_shown(moving, _is_default, _area)


def _is_default(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.default)


def _area(stream: VideoStream) -> int:
    codec: object = stream.codec_context
    return 0 if codec is None else stream.codec_context.width * stream.codec_context.height
