"""The content of a network's file, and its version."""

import hashlib
import stat
from pathlib import Path

_LARGEST_FILE = 64_000_000


class NetworkError(ValueError):
    """A network cannot be used. The message is a sentence for the person who started the service."""


def read_network(path: Path, setting: str, suffix: str = ".onnx") -> bytes:
    """The content of a network's file, that `setting` names.

    Raises:
        NetworkError: It is not a regular file of at most 64 MB, with the suffix given, that can be read.
    """
    if path.suffix.lower() != suffix:
        raise NetworkError(f"{path.name} is no network: {setting} must name an {suffix} file written in training.")
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise NetworkError(f"{setting} does not name a file: {path.name}.")
        if facts.st_size > _LARGEST_FILE:
            raise NetworkError(f"{path.name} is too large for a network: {facts.st_size} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise NetworkError(f"The network {path.name} cannot be read: {error.strerror}. Set {setting}.") from error


def version_of(*contents: bytes) -> str:
    """Of networks that are used together: what one of them says is worth something beside the others alone."""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()[:12]
