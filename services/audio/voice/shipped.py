"""Where the voice network lies; apart from what loads it, so that the service itself need not."""

from pathlib import Path

SHIPPED_VOICE_NETWORK = Path(__file__).resolve().parents[3] / "models" / "voice.onnx"
"""The network that comes with the service."""

SETTING = "NOTREALLY_VOICE_MODEL"
"""Names another one."""
