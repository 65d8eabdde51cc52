"""The tasks of the audio workers.

The service imports this module to name the functions. What they need is imported inside them, in the worker: the
service itself never loads librosa.
"""

from collections.abc import Generator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from services.audio.spans import Span
from services.kit.media.process import ProcessLimits
from services.kit.networks.network_file import NetworkError
from services.kit.workers.wire import Cancelled

if TYPE_CHECKING:
    from services.audio.voice.network import VoiceNetwork


def warm_up(network: Path) -> None:
    """Import everything, including what librosa imports on first use, and load the voice network.

    When the file is no network, the log says so and the worker ends.
    """
    from services.audio import extraction, messages

    del messages  # for later
    try:
        extraction.warm_up(_loaded(network))
    except NetworkError as error:
        structlog.get_logger().error("network refused", explanation=str(error))
        raise SystemExit(1) from error


@cache
def _loaded(network: Path) -> "VoiceNetwork":
    """Once for each worker."""
    from services.audio.voice.network import VoiceNetwork

    return VoiceNetwork(network)


def extract_windows(
    cancelled: Cancelled,
    path: Path,
    spans: Sequence[Span],
    video_start_s: float,
    stream: int | None,
    limits: ProcessLimits,
    network: Path,
    is_excerpt: bool,
) -> Generator[bytes, None, None]:
    """`services.audio.extraction.extract`, as serialised messages: see there."""
    from services.audio.extraction import extract
    from services.audio.messages import response

    for item in extract(cancelled, path, spans, video_start_s, stream, limits, _loaded(network), is_excerpt=is_excerpt):
        yield response(item).SerializeToString()
