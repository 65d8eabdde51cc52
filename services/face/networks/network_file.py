"""The network files: found and hashed here, loaded in the workers."""

import hashlib
import stat
from pathlib import Path

_MODELS = Path(__file__).resolve().parents[3] / "models"
SHIPPED_NETWORK = _MODELS / "face_texture.onnx"
SHIPPED_MOTION_NETWORK = _MODELS / "face_motion.onnx"

_LARGEST_FILE = 64_000_000


class NetworkError(ValueError):
    """A network cannot be used. The message is a sentence for the person who started the service."""


def read_network(path: Path, setting: str) -> bytes:
    """The content of a network's file, that `setting` names.

    Raises:
        NetworkError: It is not a regular .onnx file of at most 64 MB that can be read.
    """
    if path.suffix.lower() != ".onnx":
        raise NetworkError(f"{path.name} is no network: {setting} must name an .onnx file made by `make train`.")
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise NetworkError(f"{setting} does not name a file: {path.name}.")
        if facts.st_size > _LARGEST_FILE:
            raise NetworkError(f"{path.name} is too large for a network: {facts.st_size} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise NetworkError(f"The network {path.name} cannot be read: {error.strerror}. Set {setting}.") from error


def read_networks(texture: Path, motion: Path) -> tuple[bytes, bytes]:
    """The contents of both files.

    Raises:
        NetworkError: See `read_network`.
    """
    return read_network(texture, "NOTREALLY_FACE_TEXTURE_MODEL"), read_network(motion, "NOTREALLY_FACE_MOTION_MODEL")


def version_of(*contents: bytes) -> str:
    """Of networks that are used together: what one of them says is worth something beside the others alone."""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()[:12]
