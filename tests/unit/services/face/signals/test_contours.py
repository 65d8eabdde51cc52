"""The face as lines: which points, how often, and how they travel."""

import numpy as np
import pytest

from services.face.mesh import landmarks as lm
from services.face.signals.contours import contours, steps
from services.face.signals.geometry import face_boxes
from tests.unit.services.face.faces import Points, made_up_face

POINTS = [point for line in lm.CONTOURS for point in line.points]


def faces(count: int) -> Points:
    """Landmarks (count, 468, 2) of a face that moves and grows."""
    return np.stack([made_up_face(100 + frame, (200 + 3 * frame, 150 - frame)) for frame in range(count)])


def unpacked(packed: list[int], line_points: list[int]) -> Points:
    """Steps as any reader of the contract takes them: (k, m, 2), thousandths of the face box."""
    places: Points = np.array(packed, dtype=np.float64).reshape(-1, sum(line_points), 2).cumsum(axis=1)
    return places


def test_contours_are_the_named_landmarks_as_shares_of_the_face_box() -> None:
    points = faces(4)
    found = contours(points, np.arange(4) / 10)
    assert found.entries.tolist() == [0, 1, 2, 3]
    corner, size = np.split(face_boxes(points)[:, None], 2, axis=2)
    assert corner + found.points * size == pytest.approx(points[:, POINTS])
    assert found.points.min() >= 0
    assert found.points.max() <= 1


def test_steps_lead_back_to_the_points() -> None:
    found = contours(faces(3), np.arange(3) / 10)
    restored = unpacked(steps(found.points).tolist(), [len(line.points) for line in lm.CONTOURS])
    assert restored / 1000 == pytest.approx(found.points, abs=0.00051)


@pytest.mark.parametrize("fps", [8, 15, 23.976, 24, 25, 29.97, 30, 50, 120])
@pytest.mark.parametrize("start_s", [0.0, 3.96, 71.3])
def test_there_are_ten_a_second_at_most_and_no_hole_is_longer_than_two_tenths(fps: float, start_s: float) -> None:
    # As in a container that counts milliseconds.
    times = np.round(start_s + np.arange(round(4 * fps)) / fps, 3)
    entries = contours(np.broadcast_to(made_up_face(100), (len(times), lm.COUNT, 2)), times).entries
    assert entries[0] == 0
    assert len(entries) <= 41
    assert np.diff(times[entries]).max() < 0.2


def test_thirty_frames_a_second_give_every_third() -> None:
    entries = contours(faces(30), np.round(np.arange(30) / 30, 3)).entries
    assert entries.tolist() == list(range(0, 30, 3))


def test_which_frames_are_drawn_does_not_depend_on_the_frames_before() -> None:
    times = np.arange(60) / 25
    whole = times[contours(faces(60), times).entries]
    later = times[20:][contours(faces(60)[20:], times[20:]).entries]
    assert later.tolist() == whole[whole >= times[20]].tolist()


def test_no_entries_are_no_contours() -> None:
    found = contours(np.empty((0, lm.COUNT, 3)), np.empty(0))
    assert found.points.shape == (0, len(POINTS), 2)
    assert not steps(found.points).size
