"""The tasks of the metadata workers.

The service imports this module to name the functions. What they need is imported inside them, in the worker: the
service itself never loads a demuxer.
"""

from collections.abc import Generator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from services.kit.media.process import ProcessCancelled
from services.kit.workers.wire import Cancelled
from services.metadata.limits import ProbeLimits


def warm_up() -> None:
    """Import everything."""
    from services.metadata import messages
    from services.metadata.credentials import reading

    del messages, reading  # for later


def probe_file(cancelled: Cancelled, path: Path, limits: ProbeLimits, now: datetime) -> Generator[bytes, None, None]:
    """`services.metadata.probing.probe` and the file's credentials, as one serialised message: see there.

    `now` is for `notes.about`.
    """
    from services.metadata.credentials.reading import read
    from services.metadata.messages import response
    from services.metadata.probing import probe

    size_bytes = path.stat().st_size
    with suppress(ProcessCancelled):
        probed = probe(cancelled, path, limits)
        credentials = read(cancelled, path, limits.credentials)
        yield response(probed, size_bytes, now, credentials).SerializeToString()
