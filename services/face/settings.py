"""Settings of the face service."""

import os
from pathlib import Path

from pydantic import Field

from services.face.networks.network_file import SHIPPED_APPEARANCE_NETWORK, SHIPPED_ENCODER, SHIPPED_MOTION_NETWORK
from services.kit.settings import WorkerSettings, metrics_listen


def _cores() -> int:
    return len(os.sched_getaffinity(0))


class FaceSettings(WorkerSettings):
    """Settings of the face service, read from the environment once."""

    listen: str = Field(default="127.0.0.1:50052", validation_alias="NOTREALLY_FACE_LISTEN")
    metrics_listen: str = metrics_listen("FACE")

    face_workers: int = Field(default_factory=lambda: min(_cores(), 16), ge=1)
    """Runs of windows worked on at once; each keeps about a core busy, and its models in memory."""

    face_appearance_model: Path = SHIPPED_APPEARANCE_NETWORK
    """The appearance network: an .onnx file made by `make train`."""

    face_encoder: Path = SHIPPED_ENCODER
    """The matrices that the appearance network computes with: the .npz file of the same run."""

    face_motion_model: Path = SHIPPED_MOTION_NETWORK
    """The motion network: likewise, by the same run."""

    face_decode_threads: int = Field(default=2, ge=1, le=16)
    """Threads of each run's video decoder for frames larger than 1080p; smaller ones need no second."""

    face_max_faces: int = Field(default=4, ge=1, le=16)
    """Faces followed at once when the caller does not say."""

    face_max_window_s: float = Field(default=120.0, gt=0)
    """Longest window: its landmarks are held in memory."""

    face_max_windows: int = Field(default=512, ge=1)
    """Most windows in one call."""

    face_max_frames: int = Field(default=4000, ge=1)
    """Most frames analysed in one window, whatever its time stamps say: two minutes at 30 a second, and some."""
