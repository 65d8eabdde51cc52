"""Reading Content Credentials with the library of the C2PA's own project. Runs in a worker.

The library fetches nothing here: it is told so, and a worker has no network. It never sees a path, only a file that
stops giving bytes when time is up.
"""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from services.kit.media.process import ProcessCancelled
from services.metadata.credentials import manifest
from services.metadata.credentials.finding import find
from services.metadata.credentials.manifest import Credentials, State
from services.metadata.limits import CredentialsLimits

log = structlog.get_logger()

MOST_BYTES = 16 * 1024 * 1024
"""What credentials may take: pictures in them included, real ones have less than one megabyte."""

_MOST_JSON = 8 * 1024 * 1024


def read(cancelled: Callable[[], bool], path: Path, limits: CredentialsLimits) -> Credentials | None:
    """The Content Credentials of a file, checked; None when it has none.

    Raises:
        ProcessCancelled: When `cancelled()` turned true.
        OSError: The file cannot be read.
    """
    found = find(path)
    if found is None:
        return None
    if found.size_bytes > MOST_BYTES:
        return Credentials(State.UNREADABLE, problems=("tooLarge",))
    # Late: few files get here, and it is a large library.
    import c2pa

    context = c2pa.Context(c2pa.Settings.from_dict(_settings(limits)))
    with path.open("rb", buffering=0) as raw, _Patient(raw, cancelled, limits.seconds) as file:
        try:
            with c2pa.Reader(found.kind, file, context=context) as reader:
                said = reader.json()
        except c2pa.C2paError as error:
            if file.is_cancelled:
                raise ProcessCancelled from None
            log.info("Content Credentials cannot be read", explanation=str(error)[:200], out_of_time=file.is_late)
            return Credentials(State.UNREADABLE, problems=("timeout",) if file.is_late else ())
    try:
        document = json.loads(said) if len(said) <= _MOST_JSON else None
    except (ValueError, RecursionError):
        document = None
    if document is None:
        return Credentials(State.UNREADABLE)
    return manifest.read(document, is_checked=bool(limits.anchors))


def _settings(limits: CredentialsLimits) -> dict[str, Any]:
    is_checked = bool(limits.anchors)
    return {
        "verify": {
            "verify_trust": is_checked,
            "verify_timestamp_trust": is_checked,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "core": {"allowed_network_hosts": [], "max_decompressed_manifest_size_in_mb": MOST_BYTES // 1024 // 1024},
        **({"trust": {"trust_anchors": limits.anchors}} if is_checked else {}),
    }


class _Patient(io.RawIOBase):
    """A file for reading that fails once nobody waits any more, or for too long."""

    def __init__(self, file: io.RawIOBase, cancelled: Callable[[], bool], seconds: float) -> None:
        super().__init__()
        self._file = file
        self._cancelled = cancelled
        self._end = time.monotonic() + seconds
        self.is_cancelled = False
        self.is_late = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._check()
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def _check(self) -> None:
        self.is_cancelled = self.is_cancelled or self._cancelled()
        self.is_late = self.is_late or time.monotonic() > self._end
        if self.is_cancelled or self.is_late:
            raise OSError("enough")
