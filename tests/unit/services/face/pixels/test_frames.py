"""Frames as pictures: upright as a player shows them, up to the mirror."""

import gc
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from services.face.pixels.frames import picture_of
from tests.synthetic.display_matrices import NAMED, with_display_matrix

SIZE = (128, 64)
UPRIGHT = np.array([[1.0, 0, 0], [0, 1, 0]])


def rgb(frame: VideoFrame) -> NDArray[np.int64]:
    """What the face service sees, (height, width, 3)."""
    picture = picture_of(frame)
    return picture.rgb(UPRIGHT, picture.size).astype(np.int64)


def first_frame(path: Path) -> VideoFrame:
    """As it is stored."""
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that is like none of its mirror images, nor like itself turned."""
    path = tmp_path_factory.mktemp("frames") / "flat.mp4"
    picture = ("-f", "lavfi", "-i", f"testsrc=size={SIZE[0]}x{SIZE[1]}:rate=25:duration=0.08")
    command = ["ffmpeg", "-v", "error", *picture, "-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True)
    return path


def as_a_player_shows_it(path: Path, size: tuple[int, int]) -> NDArray[np.int64]:
    """The first frame as ffmpeg turns and mirrors it."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(output, np.uint8).reshape(size[1], size[0], 3).astype(np.int64)


@pytest.mark.parametrize("name", NAMED)
def test_upright_as_a_player_shows_it_and_never_mirrored(flat: Path, name: str) -> None:
    matrix, clockwise_deg, mirrored = NAMED[name]
    path = with_display_matrix(flat, matrix, name)
    shown = as_a_player_shows_it(path, SIZE[::-1] if clockwise_deg in (90, 270) else SIZE)
    seen = rgb(first_frame(path))
    assert seen.shape == shown.shape
    # Colours are interpolated otherwise than by ffmpeg, which makes 7; the wrong way up it is 46 at least.
    assert np.abs(seen - (shown[:, ::-1] if mirrored else shown)).mean() < 15


def test_frames_are_let_go_of(flat: Path) -> None:
    frame = first_frame(with_display_matrix(flat, (-1, 0, 0, 1), "held"))
    picture_of(frame)
    # Were it asked for its side data, the two would hold each other, and keep megabytes until the collector comes by.
    assert not any(isinstance(held, SideDataContainer) for held in gc.get_referents(frame))


def motion_jpeg_with_exif(folder: Path, flat: Path) -> Path:
    """A video of one JPEG whose EXIF asks for a turn: side data of a kind that PyAV has no name for."""
    command = ["ffmpeg", "-v", "error", "-i", str(flat), "-frames:v", "1", "-f", "mjpeg", "-pix_fmt", "yuvj420p", "-"]
    jpeg = subprocess.run(command, check=True, capture_output=True).stdout
    entry = (0x112).to_bytes(2, "little") + bytes([3, 0, 1, 0, 0, 0, 6, 0, 0, 0])
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4)
    path = folder / "exif.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuvj420p"
        packet = av.Packet(jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:])
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 25)
        container.mux(packet)
    return path


def test_side_data_without_a_name_is_no_obstacle(flat: Path, tmp_path: Path) -> None:
    frame = first_frame(motion_jpeg_with_exif(tmp_path, flat))
    with pytest.raises(ValueError, match="Type"):
        SideDataContainer(frame)  # type: ignore[call-arg]
    turned = abs(frame.rotation) == 90
    assert rgb(frame).shape[:2] == (SIZE if turned else SIZE[::-1])
