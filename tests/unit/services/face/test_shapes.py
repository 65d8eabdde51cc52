"""Pictures stored in another shape or size than they are shown, and files of several videos."""

from pathlib import Path

import numpy as np
import pytest

from services.face.windows import WindowFaces
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables
from tests.synthetic.wrapping import rewrapped
from tests.unit.services.face.test_extraction import windows_of

TALKING = FaceVideo(seconds=1, mouth=syllables, nod_px=(6, 4), blinks=(0.5,))
SMALL = FaceVideo(seconds=0.5, size=(320, 240), iod=50)
ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-an")


def one_window(path: Path, **job: int) -> WindowFaces:
    (window,) = windows_of(path, (0, 2), **job)
    return window


@pytest.mark.parametrize(
    "stored", ["scale=iw*45/64:ih,setsar=64/45", "scale=iw/2:ih,setsar=2/1", "scale=iw:ih/2,setsar=1/2"]
)
def test_pixels_that_are_not_square_change_nothing(face_video: MakeFaceVideo, tmp_path: Path, stored: str) -> None:
    told = one_window(face_video(TALKING))
    found = one_window(rewrapped(face_video(TALKING), tmp_path / "stored.mp4", "-vf", stored, *ENCODED))
    assert found.frame_size == told.frame_size
    (one,), (other,) = told.tracks, found.tracks
    assert len(other.frames) == len(one.frames)
    assert np.median(other.iod) == pytest.approx(np.median(one.iod), rel=0.02)
    assert np.median(other.boxes, axis=0) == pytest.approx(np.median(one.boxes, axis=0), rel=0.04)
    assert np.corrcoef(other.mouth_gap, one.mouth_gap)[0, 1] > 0.95
    assert np.median(other.ear_right + other.ear_left) == pytest.approx(
        np.median(one.ear_right + one.ear_left), rel=0.04
    )


def test_they_are_squared_before_the_picture_is_turned(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    upright = face_video(FaceVideo(seconds=0.5))
    lying = ("-vf", "transpose=1,scale=iw/2:ih,setsar=2/1", *ENCODED)
    stored = rewrapped(upright, tmp_path / "stored.mp4", *lying)
    turned = rewrapped(stored, tmp_path / "turned.mp4", "-c", "copy", "-metadata:s:v", "rotate=90")
    told, found = one_window(upright), one_window(turned)
    assert found.frame_size == told.frame_size == (640, 480)
    assert np.median(found.tracks[0].iod) == pytest.approx(np.median(told.tracks[0].iod), rel=0.02)


def joined(folder: Path, first: Path, second: Path) -> Path:
    """One video after the other, each in its own size."""
    parts = [
        rewrapped(path, folder / f"{number}.webm", "-c:v", "libvpx", "-b:v", "4M", "-deadline", "realtime", "-an")
        for number, path in enumerate((first, second))
    ]
    listed = folder / "parts.txt"
    listed.write_text("".join(f"file '{part}'\n" for part in parts))
    whole = folder / "whole.webm"
    return rewrapped(listed, whole, "-c", "copy", before=("-f", "concat", "-safe", "0"))


def test_a_face_goes_on_where_the_size_of_the_picture_changes(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    path = joined(tmp_path, face_video(SMALL), face_video(FaceVideo(seconds=1)))
    window = one_window(path)
    assert window.frame_sizes == ((320, 240, 15), (640, 480, 30))
    assert window.frame_size == (640, 480)
    (track,) = window.tracks
    assert len(track.frames) == 45
    # Differences over time are taken inside segments alone.
    assert track.segments[14] < track.segments[15]
    assert np.median(track.iod[:15]) == pytest.approx(50, rel=0.04)
    assert np.median(track.iod[15:]) == pytest.approx(100, rel=0.04)
    assert np.median(track.boxes[:15], axis=0) == pytest.approx(np.median(track.boxes[15:], axis=0), rel=0.04)


def test_one_that_is_elsewhere_in_the_new_size_is_found_anew(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    upright = FaceVideo(seconds=0.5, size=(240, 480), iod=60)
    window = one_window(joined(tmp_path, face_video(upright), face_video(FaceVideo(seconds=1))))
    assert window.frame_sizes == ((240, 480, 15), (640, 480, 30))
    assert max(len(track.frames) for track in window.tracks) >= 30


def test_the_video_is_the_one_that_players_show(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    both = ("-i", str(face_video(FaceVideo(seconds=0.5))), "-map", "0:v", "-map", "1:v", "-c", "copy")
    chosen = ("-disposition:v:0", "default", "-disposition:v:1", "0")
    first, second = (
        rewrapped(face_video(SMALL), tmp_path / f"{name}.mkv", *both, *flags)
        for name, flags in (("first", chosen), ("second", ("-disposition:v:0", "0", "-disposition:v:1", "default")))
    )
    assert one_window(first).frame_size == (320, 240)
    assert one_window(second).frame_size == (640, 480)
    assert one_window(first, stream_index=1).frame_size == (640, 480)
    unmarked = rewrapped(face_video(SMALL), tmp_path / "unmarked.ts", *both)
    assert one_window(unmarked).frame_size == (640, 480)
