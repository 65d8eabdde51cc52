"""Following faces through frames that are never encoded."""

import av
import numpy as np
import pytest

from services.face.finding.tracking import FaceTracker, Track
from services.face.networks.models import FaceModels
from services.face.pixels.frames import picture_of
from tests.synthetic.videos import FaceVideo, images
from tests.unit.services.face.faces import in_grey


def tracked(models: FaceModels, video: FaceVideo, max_faces: int = 4) -> list[Track]:
    """The tracks after all frames."""
    tracker = FaceTracker(models, max_faces)
    for number, image in enumerate(images(video)):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        seen = tracker.step(number, video.time(number), picture_of(frame))
        assert all(track.frames[-1] == number for track in seen)
    return tracker.tracks


def test_one_face_is_one_track_of_one_segment(models: FaceModels) -> None:
    (track,) = tracked(models, FaceVideo(seconds=1, nod_px=(30, 10), nod_hz=1))
    assert track.frames == list(range(30))
    assert set(track.segments) == {0}


def test_two_faces_are_two_tracks(models: FaceModels) -> None:
    video = FaceVideo(seconds=0.7, size=(900, 400), iod=80, faces=2)
    left, right = sorted(tracked(models, video), key=lambda track: float(track.box[0]))
    assert left.frames == right.frames == list(range(21))
    assert left.box[2] < right.box[0]


def test_no_more_faces_than_asked_for_the_largest_first(models: FaceModels) -> None:
    (track,) = tracked(models, FaceVideo(seconds=0.7, size=(900, 400), iod=80, faces=2), max_faces=1)
    assert track.box[2] < 450


def test_faces_beyond_those_followed_are_counted(models: FaceModels) -> None:
    video = FaceVideo(seconds=0.1, size=(900, 400), iod=80, faces=2)
    for most, left_out in ((1, 1), (2, 0)):
        tracker = FaceTracker(models, most)
        for number, image in enumerate(images(video)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            tracker.step(number, video.time(number), picture_of(frame))
        assert tracker.left_out == left_out


def test_a_face_that_comes_back_goes_on_in_a_new_segment(models: FaceModels) -> None:
    (track,) = tracked(models, FaceVideo(seconds=1.5, absent=((0.5, 0.8),)))
    # Gone from frame 15 on; back in 24, and looked for every tenth of a second.
    assert track.frames[:15] == list(range(15))
    assert 24 <= track.frames[15] <= 27
    assert track.frames[15:] == list(range(track.frames[15], 45))
    assert track.segments == [0] * 15 + [1] * (len(track.frames) - 15)


def test_a_face_that_appears_late_is_found(models: FaceModels) -> None:
    (track,) = tracked(models, FaceVideo(seconds=1, absent=((0, 0.4),)))
    assert 12 <= track.frames[0] <= 15
    assert track.frames[-1] == 29


@pytest.mark.parametrize(("moved", "segment"), [(20.0, 0), (60.0, 1)])
def test_a_jump_begins_a_new_segment(moved: float, segment: int) -> None:
    points = np.random.default_rng(3).uniform(0, 200, (468, 3))
    points[33, :2], points[263, :2] = (50, 80), (150, 80)
    track = Track(None)
    track.add(4, in_grey(points))
    track.add(5, in_grey(points + moved))
    assert track.segments == [0, segment]


def test_growing_at_once_begins_a_new_segment() -> None:
    points = np.random.default_rng(3).uniform(-100, 100, (468, 3))
    points[33, :2], points[263, :2] = (-50, -20), (50, -20)
    track = Track(None)
    track.add(0, in_grey(points))
    track.add(1, in_grey(points * 1.3))
    assert track.segments == [0, 1]
