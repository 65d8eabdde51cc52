"""The file of the texture network. What is in it is for `services.face.texture_network`, in the workers."""

import stat
from pathlib import Path

SHIPPED_NETWORK = Path(__file__).resolve().parents[2] / "models" / "face_texture.onnx"

_LARGEST_FILE = 64_000_000


class NetworkError(ValueError):
    """The texture network cannot be used. The message is a sentence for whoever started the service."""


def read_network(path: Path) -> bytes:
    """The content of a network's file.

    Raises:
        NetworkError: It is not a regular .onnx file of at most 64 MB that can be read.
    """
    if path.suffix.lower() != ".onnx":
        raise NetworkError(
            f"{path.name} is not a texture network: NOTREALLY_FACE_TEXTURE_MODEL must name an .onnx file made by "
            "`make train`."
        )
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise NetworkError(f"NOTREALLY_FACE_TEXTURE_MODEL does not name a file: {path.name}.")
        if facts.st_size > _LARGEST_FILE:
            raise NetworkError(f"{path.name} is too large for a texture network: {facts.st_size} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise NetworkError(
            f"The texture network {path.name} cannot be read: {error.strerror}. Set NOTREALLY_FACE_TEXTURE_MODEL."
        ) from error
