"""A file that ends before its own structure does is told from one that is whole."""

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metadata.structure import WHOLE, walk


def made(folder: Path, name: str, *options: str) -> Path:
    path = folder / name
    source = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=1", "-f", "lavfi", "-i", "sine=d=1", "-shortest"]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *source, *options, str(path)], check=True, timeout=60)
    return path


FORMATS = {
    "a.mp4": ("-movflags", "faststart"),
    "b.mp4": ("-movflags", "frag_keyframe+empty_moov", "-g", "5"),
    "a.mov": (),
    "a.mkv": (),
    "a.webm": ("-c:v", "libvpx", "-c:a", "libvorbis"),
    "a.avi": (),
    "a.flv": ("-ar", "22050"),
    "a.wmv": (),
    "a.ogv": ("-c:v", "libtheora", "-c:a", "libvorbis"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_file_lacks_nothing_and_a_cut_one_does(tmp_path: Path, name: str) -> None:
    path = made(tmp_path, name, *FORMATS[name])
    whole = path.read_bytes()
    assert walk(path) == WHOLE
    for share in (0.5, 0.7, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert walk(path).is_cut_short
    # What others append behind the end is no damage.
    path.write_bytes(whole + b"TAG some words at the end of the file")
    assert not walk(path).is_cut_short


def test_media_without_an_index_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(struct.pack(">I4s8x", 16, b"ftyp") + struct.pack(">I4s", 0, b"mdat") + bytes(1000))
    assert walk(path).index_missing


def test_what_was_made_room_for_and_never_written_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(struct.pack(">I4s8x", 16, b"ftyp") + struct.pack(">I4s8x", 16, b"mdat") + bytes(1000))
    assert walk(path).index_missing


@pytest.mark.parametrize("between", [b"beam loop wide", b"beam Xtra"])
def test_an_index_behind_boxes_of_other_programs_is_not_missing(tmp_path: Path, between: bytes) -> None:
    path = made(tmp_path, "a.mp4", "-movflags", "faststart")
    whole = path.read_bytes()
    end = int.from_bytes(whole[:4], "big")
    boxes = b"".join(struct.pack(">I4s4x", 12, kind) for kind in between.split())
    path.write_bytes(whole[:end] + boxes + whole[end:])
    assert walk(path) == WHOLE


def test_an_end_within_a_header_is_an_end(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(struct.pack(">I4s8x", 16, b"ftyp") + struct.pack(">I4s8x", 16, b"mdat") + bytes(7))
    assert walk(path).index_missing


@pytest.mark.parametrize("content", [b"", b"\0", b"RIFF", b"some text", b"\x1a\x45\xdf\xa3", b"\x00\x00\x00\x01ftyp"])
def test_what_is_not_understood_is_whole_or_merely_lacks_its_index(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    assert walk(path).missing_bytes == 0


def test_a_live_recording_of_unknown_length_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3\x80" + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(100))
    assert walk(path) == WHOLE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.sampled_from([b"RIFF", b"\x1a\x45\xdf\xa3", b"FLV", b"OggS", b"\0\0\0\x08ftyp", b"\0\0\0\x01mdat"]), st.binary()
)
def test_any_bytes_are_walked_to_an_end(tmp_path: Path, magic: bytes, rest: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(magic + rest)
    assert walk(path).missing_bytes >= 0


def test_a_last_tag_without_its_trailer_is_whole(tmp_path: Path) -> None:
    path = made(tmp_path, "a.flv", *FORMATS["a.flv"])
    path.write_bytes(path.read_bytes()[:-4])
    assert walk(path) == WHOLE
