"""The network files: found and hashed here, loaded in the workers."""

import hashlib
import stat
from pathlib import Path
from typing import NamedTuple

_MODELS = Path(__file__).resolve().parents[3] / "models"
SHIPPED_APPEARANCE_NETWORK = _MODELS / "face_appearance.onnx"
SHIPPED_MOTION_NETWORK = _MODELS / "face_motion.onnx"
SHIPPED_ENCODER = _MODELS / "face_encoder.npz"
"""The matrices that every appearance network computes with."""

_LARGEST_FILE = 64_000_000


class NetworkPaths(NamedTuple):
    """The networks that are used together."""

    appearance: Path = SHIPPED_APPEARANCE_NETWORK
    motion: Path = SHIPPED_MOTION_NETWORK
    encoder: Path = SHIPPED_ENCODER


SHIPPED = NetworkPaths()
"""Those that come with the service."""


class NetworkContents(NamedTuple):
    """The same, read."""

    appearance: bytes
    motion: bytes
    encoder: bytes


class NetworkError(ValueError):
    """A network cannot be used. The message is a sentence for the person who started the service."""


def read_network(path: Path, setting: str, suffix: str = ".onnx") -> bytes:
    """The content of a network's file, that `setting` names.

    Raises:
        NetworkError: It is not a regular file of at most 64 MB, with the suffix given, that can be read.
    """
    if path.suffix.lower() != suffix:
        raise NetworkError(f"{path.name} is no network: {setting} must name an {suffix} file made by `make train`.")
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise NetworkError(f"{setting} does not name a file: {path.name}.")
        if facts.st_size > _LARGEST_FILE:
            raise NetworkError(f"{path.name} is too large for a network: {facts.st_size} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise NetworkError(f"The network {path.name} cannot be read: {error.strerror}. Set {setting}.") from error


def read_networks(paths: NetworkPaths) -> NetworkContents:
    """The contents of all files.

    Raises:
        NetworkError: See `read_network`.
    """
    return NetworkContents(
        read_network(paths.appearance, "NOTREALLY_FACE_APPEARANCE_MODEL"),
        read_network(paths.motion, "NOTREALLY_FACE_MOTION_MODEL"),
        read_network(paths.encoder, "NOTREALLY_FACE_ENCODER", ".npz"),
    )


def version_of(*contents: bytes) -> str:
    """Of networks that are used together: what one of them says is worth something beside the others alone."""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()[:12]
