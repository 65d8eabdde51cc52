"""Windows that are looked at once more in another way: turned upright, or without the pictures that are repeated."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.face.extraction import extract
from services.face.finding.turning import turned, turned_back
from services.face.messages import response
from services.face.pixels.pictures import seen_from
from services.face.pixels.repeats import rhythm_of
from services.face.windows import FaceJob, Progress, Window
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.wrapping import rewrapped
from tests.unit.services.face.faces import grey_picture
from tests.unit.services.face.test_extraction import LIVELY, never, windows_of

SHORT = replace(LIVELY, seconds=1.5)
ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-an")


@pytest.mark.parametrize(
    ("how", "clockwise_deg"), [("transpose=1", 270), ("transpose=2", 90), ("hflip,vflip", 180), ("null", 0)]
)
def test_a_picture_that_lies_on_its_side_is_turned(
    face_video: MakeFaceVideo, tmp_path: Path, how: str, clockwise_deg: int
) -> None:
    lying = rewrapped(face_video(SHORT), tmp_path / "lying.mp4", "-vf", how, *ENCODED)
    (told,), (found,) = windows_of(face_video(SHORT), (0, 2)), windows_of(lying, (0, 2))
    assert response(found).window.turned_deg == clockwise_deg
    assert found.frame_size == ((480, 640) if clockwise_deg in (90, 270) else (640, 480))
    (one,), (other,) = told.tracks, found.tracks
    assert len(other.frames) == len(one.frames)
    assert np.median(other.iod) == pytest.approx(np.median(one.iod), rel=0.02)
    assert np.corrcoef(other.mouth_gap, one.mouth_gap)[0, 1] > 0.9
    # Boxes are drawn over the video as a player shows it.
    left, top, width, height = np.median(one.boxes, axis=0)
    shown = {
        0: [left, top, width, height],
        270: [1 - top - height, left, height, width],
        90: [top, 1 - left - width, height, width],
        180: [1 - left - width, 1 - top - height, width, height],
    }[clockwise_deg]
    assert np.median(other.boxes, axis=0) == pytest.approx(shown, abs=0.02)


@pytest.mark.parametrize("turns", range(4))
def test_landmarks_are_turned_back_to_where_they_were(turns: int) -> None:
    picture = grey_picture(np.zeros((30, 50), np.uint8))
    width, height = turned(picture, turns).size
    corner = np.array([[[3.0, 4.0, 1.0], [width - 1, height - 2, 0.0]]])
    back = turned_back(corner, turns, np.array([[50.0, 30.0]]))[0, :, :2]
    # The same as pictures are seen through.
    stored = turned(picture, turns)._stored(np.array([[1.0, 0, 0], [0, 1, 0]]))
    assert back == pytest.approx(seen_from(stored, corner[0, :, :2]))


def test_pictures_shown_twice_are_dropped_before_anything_is_measured(
    face_video: MakeFaceVideo, tmp_path: Path
) -> None:
    twice = rewrapped(face_video(LIVELY), tmp_path / "twice.mp4", "-vf", "fps=15,fps=30", *ENCODED)
    (told,) = windows_of(face_video(LIVELY), (0, 2), frame_stride=2)
    (found,) = windows_of(twice, (0, 2))
    assert (len(found.frame_times_s), found.frames_repeated) == (30, 30)
    assert np.diff(found.frame_times_s) == pytest.approx(1 / 15, abs=1e-4)
    assert np.corrcoef(found.tracks[0].mouth_gap, told.tracks[0].mouth_gap)[0, 1] > 0.9


def test_slowed_down_by_repeating_each_picture_four_times(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    slow = rewrapped(face_video(LIVELY), tmp_path / "slow.mp4", "-vf", "setpts=4*PTS,fps=30", "-t", "4", *ENCODED)
    (found,) = windows_of(slow, (0, 4))
    assert (len(found.frame_times_s), found.frames_repeated) == (30, 90)


def test_a_video_in_memory_and_progress_that_never_goes_back(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    twice = rewrapped(face_video(LIVELY), tmp_path / "twice.mp4", "-vf", "fps=15,fps=30", *ENCODED)
    with twice.open("rb") as video:
        found = list(extract(never, video, FaceJob((Window(0, 0, 2), Window(1, 2, 4)))))
    fractions = [item.fraction for item in found if isinstance(item, Progress)]
    assert fractions == sorted(fractions)
    assert [item.window.index for item in found if not isinstance(item, Progress)] == [0, 1]


def test_a_rhythm_is_found_and_single_repeats_are_none() -> None:
    new = np.random.default_rng(3).uniform(0.5, 2.0, 60)
    assert rhythm_of(np.where(np.arange(60) % 2 == 1, 0.01, new)) == (2, 0)
    assert rhythm_of(np.where(np.arange(60) % 3 != 2, 0.01, new)) == (3, 2)
    assert rhythm_of(np.where(np.arange(60) % 5 == 0, 0.0, new)) is None  # telecine
    assert rhythm_of(new) is None
    assert rhythm_of(np.zeros(60)) is None
    assert rhythm_of(np.empty(0)) is None
