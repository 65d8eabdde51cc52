"""`python -m services.audio` without a voice network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("content", "explanation"),
    [(None, "voice.onnx cannot be read"), (b"no network", "voice.onnx is broken")],
)
def test_without_a_network_the_service_ends_with_a_sentence(
    tmp_path: Path, content: bytes | None, explanation: str
) -> None:
    if content is not None:
        (tmp_path / "voice.onnx").write_bytes(content)
    settings = {
        "NOTREALLY_VOICE_MODEL": str(tmp_path / "voice.onnx"),
        "NOTREALLY_AUDIO_LISTEN": "127.0.0.1:0",
        "NOTREALLY_AUDIO_WORKERS": "1",
        "NOTREALLY_MEDIA_URL": str(tmp_path),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "services.audio"], env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    said = next(line for line in lines if line["event"] == "network refused")
    assert explanation in said["explanation"]
    assert said["explanation"].endswith(".")
