"""Settings of the audio service."""

from pathlib import Path

from pydantic import Field

from services.audio.voice.shipped import SHIPPED_VOICE_NETWORK
from services.kit.settings import MEBIBYTE, WorkerSettings, metrics_listen


class AudioSettings(WorkerSettings):
    """Settings of the audio service, read from the environment once."""

    listen: str = Field(default="127.0.0.1:50053", validation_alias="NOTREALLY_AUDIO_LISTEN")
    metrics_listen: str = metrics_listen("AUDIO")

    audio_workers: int = Field(default=2, ge=1)
    """Calls worked on at once; each runs one ffmpeg."""

    audio_max_window_s: float = Field(default=120.0, gt=0)
    """Longest window: its samples are held in memory."""

    audio_max_windows: int = Field(default=512, ge=1)
    """Most windows in one call."""

    audio_decode_s: float = Field(default=30.0, gt=0)
    """Longest one run of ffmpeg may take."""

    voice_model: Path = SHIPPED_VOICE_NETWORK
    """The voice network: an .onnx file made by `make train-voice`."""

    decoder_memory_bytes: int = Field(default=2048 * MEBIBYTE, ge=256 * MEBIBYTE)
    """Address space of one run of ffmpeg or ffprobe."""
