"""What may be watched, and what ffmpeg may then open."""

import subprocess
from pathlib import Path

import pytest

from cli.watching.matroska import Cluster, Clusters, NotMatroskaError
from cli.watching.source import BadSourceError, Source
from tests.synthetic.fixtures import MakeFaceVideo, face_video
from tests.synthetic.videos import SILENT

__all__ = ["face_video"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rtsp://camera/stream", "rtsp"),
        ("rtmp://host/live/key", "rtmp"),
        ("srt://host:9000", "srt"),
        ("https://host/stream.m3u8", "https"),
        ("/dev/video0", "device"),
        ("-", "stdin"),
    ],
)
def test_a_source_is_told_by_its_name(name: str, kind: str) -> None:
    assert Source.of(name).kind == kind


@pytest.mark.parametrize("name", ["clip.mp4", "file:///etc/passwd", "concat:a|b", "data:x", "", "gopher://x"])
def test_anything_else_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(BadSourceError, match="analyze"):
        Source.of(name)


def test_no_address_makes_ffmpeg_open_files() -> None:
    for scheme in ("rtsp", "rtmp", "srt", "http", "https", "tcp", "udp"):
        command = Source.of(f"{scheme}://host/x").command(encode=False)
        allowed = command[command.index("-protocol_whitelist") + 1].split(",")
        assert not {"file", "pipe", "concat", "data", "subfile"} & set(allowed)
    stdin = Source.of("-").command(encode=False)
    assert stdin[stdin.index("-protocol_whitelist") + 1] == "pipe"


def test_passwords_are_not_shown() -> None:
    assert Source.of("rtsp://me:secret@camera:554/one?key=secret").shown == "rtsp://camera:554/one"


def test_header_and_any_clusters_are_a_file_again(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    command = Source.of("-").command(encode=False)
    made = subprocess.run(command, input=_as_transport_stream(face_video(SILENT)), check=True, capture_output=True)
    clusters = Clusters()
    found: list[Cluster] = []
    for place in range(0, len(made.stdout), 1000):
        found += clusters.feed(made.stdout[place : place + 1000])
    # A keyframe every sixty frames of fifteen a second.
    assert [round(cluster.start_s - found[0].start_s, 1) for cluster in found] == [0.0, 4.0]
    second = tmp_path / "second.mkv"
    second.write_bytes(clusters.header + found[1].data)
    counted = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", second],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert counted.stdout.strip() == "30"


@pytest.mark.parametrize("data", [b"\x00" * 100, b"no matroska at all", b"\x1a\x45\xdf\xa3\xff" + b"\x00" * 100])
def test_what_is_none_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(NotMatroskaError):
        list(Clusters().feed(data))


def _as_transport_stream(clip: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", "-f", "mpegts", "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True).stdout
