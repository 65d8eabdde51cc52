"""The loaded models, one set for each worker that runs at the same time."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np

from services.face.finding.finder import FaceFinder
from services.face.mesh.quiet import quiet_import
from services.face.networks.appearance_network import AppearanceNetwork
from services.face.networks.crops import SIDE
from services.face.networks.motion_network import MotionNetwork
from services.face.networks.network_file import SHIPPED, NetworkPaths, read_networks
from services.kit.networks.network_file import version_of


@dataclass(frozen=True, kw_only=True)
class FaceModels(FaceFinder):
    """What one worker needs to find faces and to read them."""

    appearance: AppearanceNetwork
    motion: MotionNetwork
    version: str
    """Of all files that were loaded."""


# Loading takes a second, so sets are kept; at most as many are made as workers ever ran at once.
_idle: queue.SimpleQueue[FaceModels] = queue.SimpleQueue()
# Of the sets that are loaded from now on.
_networks = SHIPPED


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


def warm_up(networks: NetworkPaths) -> None:
    """Load one set of models and run each once, so that no request waits for it.

    OpenCV works in the thread that asks from then on: its pictures here are small, and waking threads for them costs a
    quarter of the work. A worker has the cores to share with others like it anyway.

    Raises:
        NetworkError: See `services.kit.networks.network_file` and the networks.
    """
    global _networks
    _networks = networks
    cv2.setNumThreads(1)
    _idle.put(_loaded())


def _loaded() -> FaceModels:
    with quiet_import():
        read = read_networks(_networks)
        models = FaceModels(
            appearance=AppearanceNetwork(_networks.appearance, read.appearance, read.encoder),
            motion=MotionNetwork(_networks.motion, read.motion),
            version=version_of(*read),
        )
        models.warm_up()
        models.appearance.patches(np.full((SIDE, SIDE, 3), 128, np.uint8))
    return models
