"""`python -m services.face` with other networks, and without one."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from notreally.v1 import face_pb2

from services.face.networks.network_file import NetworkPaths
from services.face.windows import FaceJob, Window
from services.face.work import extract_windows, warm_up
from services.kit.media.seekable import Video
from services.kit.networks.network_file import version_of
from services.kit.workers.pool import WorkerProcesses
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.networks import brightness_network
from tests.synthetic.videos import FaceVideo


@pytest.mark.parametrize(
    ("content", "explanation"),
    [(None, "face.onnx cannot be read"), (b"no network", "face.onnx is broken")],
)
@pytest.mark.parametrize("setting", ["NOTREALLY_FACE_APPEARANCE_MODEL", "NOTREALLY_FACE_MOTION_MODEL"])
def test_without_a_network_the_service_ends_with_a_sentence(
    tmp_path: Path, setting: str, content: bytes | None, explanation: str
) -> None:
    if content is not None:
        (tmp_path / "face.onnx").write_bytes(content)
    settings = {
        setting: str(tmp_path / "face.onnx"),
        "NOTREALLY_FACE_LISTEN": "127.0.0.1:0",
        "NOTREALLY_FACE_WORKERS": "1",
        "NOTREALLY_MEDIA_URL": str(tmp_path),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "services.face"], env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    said = next(line for line in lines if line["event"] == "network refused")
    assert explanation in said["explanation"]
    assert said["explanation"].endswith(".")


async def test_workers_score_with_the_network_they_were_given(tmp_path: Path, face_video: MakeFaceVideo) -> None:
    path = brightness_network(tmp_path / "other.onnx")
    video = face_video(FaceVideo(seconds=0.5, size=(320, 240), iod=60))
    job = FaceJob((Window(0, 0.0, 0.5),), max_crops=2)
    async with WorkerProcesses("face", 1, partial(warm_up, NetworkPaths(appearance=path))) as workers:
        items = [item async for item in workers.stream(extract_windows, Video(video.stat().st_size, video), job)]
    answers = [face_pb2.FaceServiceExtractWindowsResponse.FromString(item) for item in items]
    (window,) = [answer.window for answer in answers if answer.HasField("window")]
    assert window.face_networks == version_of(*(network.read_bytes() for network in NetworkPaths(appearance=path)))
    assert len(window.tracks[0].crops) == 2
