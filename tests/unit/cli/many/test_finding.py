"""Which files are found: by what they hold, and once they are whole."""

import os
from pathlib import Path

import pytest

from cli.many.finding import Arrivals, found, listed, looks_like_media

MP4 = b"\0\0\0\x18ftypmp42" + bytes(100)


@pytest.mark.parametrize(
    "head",
    [
        MP4,
        b"\x1aE\xdf\xa3" + bytes(20),
        b"RIFF\0\0\0\0AVI LIST",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"OggS" + bytes(20),
        b"fLaC" + bytes(20),
        b"ID3\x04" + bytes(20),
        b"\xff\xfb\x90\x44",
        b"\xff\xf1\x50\x80",
        b"G" + bytes(187) + b"G" + bytes(187),
        bytes(4) + b"G" + bytes(191) + b"G" + bytes(191),
        b"#!AMR\n",
    ],
)
def test_media_are_known_by_how_they_begin(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "no ending"
    path.write_bytes(head)
    assert looks_like_media(path)


@pytest.mark.parametrize(
    "head",
    [b"", b"G", b"hello, world", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"PK\3\4", b"RIFF\0\0\0\0WEBP", b"%PDF"],
)
def test_other_files_are_left_out_whatever_their_names(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(head)
    assert not looks_like_media(path)


def test_folders_are_read_to_the_bottom_in_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/1.txt", "a/deep/er/3.mov", ".hidden/4", "c/.5", "text.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"text" if name == "text.mp4" else MP4)
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    names = [os.fspath(path.relative_to(tmp_path)) for path in found([tmp_path])]
    assert names == ["a/deep/er/3.mov", "b/1.txt", "b/2"]
    # What is named is never left out.
    assert list(found([tmp_path / "text.mp4", tmp_path / "gone"])) == [tmp_path / "text.mp4", tmp_path / "gone"]


def test_a_list_is_a_path_a_line() -> None:
    lines = [b"a.mp4\n", b"\n", b"# a remark\n", b"with space.mov\r\n", b"vid\xe9o"]
    assert [os.fsencode(path) for path in listed(lines)] == [b"a.mp4", b"with space.mov", b"vid\xe9o"]


def test_what_arrives_is_told_once_it_is_whole(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path, still_s=0.0)
    (tmp_path / "empty.mp4").touch()
    assert list(arrivals.new()) == []
    path = tmp_path / "new.mp4"
    path.write_bytes(MP4)
    assert list(arrivals.new()) == [path]
    assert list(arrivals.new()) == []
    path.write_bytes(MP4 * 2)
    assert list(arrivals.new()) == [path]
    patient = Arrivals(tmp_path, still_s=1000.0)
    assert list(patient.new()) == list(patient.new()) == []
