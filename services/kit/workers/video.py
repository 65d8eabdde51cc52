"""Access of a worker's task to the bytes of its video."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import grpc

from services.kit.errors import Refusal
from services.kit.media.seekable import Fetch, Video, open_video

fetch: Fetch | None = None
"""Of the task under way, set by `worker_main`: a worker does one thing at a time."""


@contextmanager
def opened(video: Video) -> Iterator[BinaryIO]:
    """The video as a file, for as long as the block lasts.

    Raises:
        Refusal: NOT_FOUND, MEDIA_NOT_FOUND, when its file is gone; reading raises what the service refuses with.
    """
    try:
        file = open_video(video, fetch)
    except FileNotFoundError:
        text = "The video is not in the media store any more."
        raise Refusal(grpc.StatusCode.NOT_FOUND, "MEDIA_NOT_FOUND", text) from None
    with file:
        yield file


def cancelled() -> Refusal:
    """The exception that reading raises once the task is cancelled; nobody receives it."""
    return Refusal(grpc.StatusCode.CANCELLED, "CANCELLED", "Nobody waits for this any more.")
