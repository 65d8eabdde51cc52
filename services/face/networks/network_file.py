"""The networks of the face: found and read here, loaded in the workers."""

from pathlib import Path
from typing import NamedTuple

from services.kit.networks.network_file import read_network

_MODELS = Path(__file__).resolve().parents[3] / "models"
SHIPPED_APPEARANCE_NETWORK = _MODELS / "face_appearance.onnx"
SHIPPED_MOTION_NETWORK = _MODELS / "face_motion.onnx"
SHIPPED_ENCODER = _MODELS / "face_encoder.npz"
"""The matrices that every appearance network computes with."""


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


def read_networks(paths: NetworkPaths) -> NetworkContents:
    """The contents of all files.

    Raises:
        NetworkError: See `services.kit.networks.network_file.read_network`.
    """
    return NetworkContents(
        read_network(paths.appearance, "NOTREALLY_FACE_APPEARANCE_MODEL"),
        read_network(paths.motion, "NOTREALLY_FACE_MOTION_MODEL"),
        read_network(paths.encoder, "NOTREALLY_FACE_ENCODER", ".npz"),
    )
