"""The loaded models, one set for each worker that runs at the same time."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from services.face.finding.finder import FaceFinder
from services.face.mesh.quiet import quiet_import
from services.face.networks.crops import FRAMES, SIDE
from services.face.networks.motion_network import MotionNetwork
from services.face.networks.network_file import SHIPPED_MOTION_NETWORK, SHIPPED_NETWORK, read_networks, version_of
from services.face.networks.texture_network import TextureNetwork


@dataclass(frozen=True, kw_only=True)
class FaceModels(FaceFinder):
    """What one worker needs to find faces and to read them."""

    texture: TextureNetwork
    motion: MotionNetwork
    version: str
    """Of both networks."""


# Loading takes a quarter of a second, so sets are kept; at most as many are made as workers ever ran at once.
_idle: queue.SimpleQueue[FaceModels] = queue.SimpleQueue()
# Of the sets that are loaded from now on: of texture, and of motion.
_networks = (SHIPPED_NETWORK, SHIPPED_MOTION_NETWORK)


@contextmanager
def borrowed_models() -> Iterator[FaceModels]:
    """A set of models for the length of the block, loaded if none is idle."""
    try:
        models = _idle.get_nowait()
    except queue.Empty:
        models = _loaded()
    try:
        yield models
    finally:
        _idle.put(models)


def warm_up(texture: Path, motion: Path) -> None:
    """Load one set of models and run each once, so that no request waits for it.

    OpenCV works in the thread that asks from then on: its pictures here are small, and waking threads for them costs a
    quarter of the work. A worker has the cores to share with others like it anyway.

    Raises:
        NetworkError: See `services.face.networks.network_file` and the networks.
    """
    global _networks
    _networks = (texture, motion)
    cv2.setNumThreads(1)
    _idle.put(_loaded())


def _loaded() -> FaceModels:
    with quiet_import():
        texture, motion = read_networks(*_networks)
        models = FaceModels(
            texture=TextureNetwork(_networks[0], texture),
            motion=MotionNetwork(_networks[1], motion),
            version=version_of(texture, motion),
        )
        models.warm_up()
        models.texture.score([np.full((SIDE, SIDE, FRAMES), 128, np.uint8)])
    return models
