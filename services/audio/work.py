"""The tasks of the audio workers.

The service imports this module to name the functions. What they need is imported inside them, in the worker: the
service itself never loads librosa.
"""

from collections.abc import Generator, Sequence
from pathlib import Path

from services.audio.spans import Span
from services.kit.media.process import ProcessLimits
from services.kit.workers.wire import Cancelled


def warm_up() -> None:
    """Import everything, including what librosa imports on first use."""
    from services.audio import extraction, messages

    del messages  # for later
    extraction.warm_up()


def extract_windows(
    cancelled: Cancelled,
    path: Path,
    spans: Sequence[Span],
    video_start_s: float,
    stream: int | None,
    limits: ProcessLimits,
) -> Generator[bytes, None, None]:
    """`services.audio.extraction.extract`, as serialised messages: see there."""
    from services.audio.extraction import extract
    from services.audio.messages import response

    for item in extract(cancelled, path, spans, video_start_s, stream, limits):
        yield response(item).SerializeToString()
