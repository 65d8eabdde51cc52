"""Tracks of windows become persons."""

from collections.abc import Sequence

from notreally.v1.face_pb2 import FaceThumbnail, FaceTrack, FaceWindow
from notreally.v1.media_pb2 import HeatMap, TimeWindow

from gateway.features.faces import MOST_PERSONS, Person, link_faces

Box = tuple[float, float, float, float]

LEFT: Box = (0.1, 0.2, 0.2, 0.3)
RIGHT: Box = (0.6, 0.2, 0.25, 0.35)


def track(box: Box, end: Box | None = None, *, frames: Sequence[int] = range(100)) -> FaceTrack:
    """A face that moves evenly from one box to another; its inter-ocular distance is its width × 100."""
    end = end or box
    boxes: list[float] = []
    for step in range(len(frames)):
        share = step / max(1, len(frames) - 1)
        boxes += [(1 - share) * a + share * b for a, b in zip(box, end, strict=True)]
    return FaceTrack(frames=frames, segments=[0] * len(frames), boxes=boxes, iod=[100 * box[2]] * len(frames))


def window(start_s: float, *tracks: FaceTrack) -> FaceWindow:
    return FaceWindow(
        window=TimeWindow(start_s=start_s, end_s=start_s + 4),
        frame_times_s=[start_s + 0.04 * frame for frame in range(100)],
        tracks=tracks,
    )


def lefts(person: Person) -> list[float | None]:
    """Left edge of the person's first box in each window."""
    return [round(one.tracks[0].boxes[0], 3) if one.tracks else None for one in person.windows]


def test_one_face_is_one_person() -> None:
    (person,) = link_faces([window(0, track(LEFT)), window(4, track(LEFT))])
    assert person.number == 1
    assert lefts(person) == [0.1, 0.1]


def test_overlap_at_neighbouring_ends_follows_two_that_change_places() -> None:
    windows = [window(0, track(RIGHT, LEFT), track(LEFT, RIGHT)), window(4, track(RIGHT), track(LEFT))]
    # Who was on the right at first ends on the left.
    assert sorted(lefts(person) for person in link_faces(windows)) == [[0.1, 0.6], [0.6, 0.1]]


def test_a_face_elsewhere_a_moment_later_is_someone_else() -> None:
    people = link_faces([window(0, track(LEFT)), window(4, track(RIGHT))])
    assert [lefts(person) for person in people] == [[None, 0.6], [0.1, None]]


def test_over_time_position_and_size_decide() -> None:
    windows = [window(0, track(RIGHT), track(LEFT)), window(60, track((0.12, 0.25, 0.2, 0.3)), track(RIGHT))]
    assert [lefts(person) for person in link_faces(windows)] == [[0.6, 0.6], [0.1, 0.12]]


def test_over_time_a_lone_face_that_moved_is_the_same_person() -> None:
    assert len(link_faces([window(0, track(LEFT)), window(60, track(RIGHT))])) == 1


def test_over_time_a_face_of_quite_another_size_is_someone_else() -> None:
    assert len(link_faces([window(0, track((0.1, 0.1, 0.6, 0.8))), window(60, track((0.1, 0.1, 0.1, 0.13)))])) == 2


def test_a_box_without_size_is_linked_to_nobody() -> None:
    assert len(link_faces([window(0, track(LEFT)), window(60, track((0.1, 0.2, float("nan"), 0.3)))])) == 2


def test_a_person_who_was_away_is_found_again() -> None:
    people = link_faces(
        [window(0, track(RIGHT), track(LEFT)), window(4, track(RIGHT)), window(8, track(RIGHT), track(LEFT))]
    )
    assert [lefts(person) for person in people] == [[0.6, 0.6, 0.6], [0.1, None, 0.1]]


def test_a_chance_detection_is_no_person() -> None:
    assert len(link_faces([window(0, track(LEFT), track(RIGHT, frames=range(4)))])) == 1


def test_numbers_go_by_size_and_there_is_a_limit() -> None:
    windows = [window(0, *(track((0.1 * place, 0.1, 0.01 * (place + 1), 0.1)) for place in range(10)))]
    people = link_faces(windows)
    assert [person.number for person in people] == list(range(1, MOST_PERSONS + 1))
    assert [lefts(person) for person in people[:2]] == [[0.9], [0.8]]


def test_thumbnails_stay_with_their_person() -> None:
    both = window(0, track(LEFT), track(RIGHT))
    both.thumbnails.extend(FaceThumbnail(time_s=index, track=index, jpeg=b"%d" % index) for index in (0, 1))
    first, second = link_faces([both])
    assert [one.jpeg for one in first.windows[0].thumbnails] == [b"1"]
    assert [one.jpeg for one in second.windows[0].thumbnails] == [b"0"]
    assert first.windows[0].thumbnails[0].track == 0


def test_a_thumbnail_keeps_its_heat_map_and_a_window_its_network() -> None:
    both = window(0, track(LEFT), track(RIGHT))
    both.face_networks = "network"
    heat = HeatMap(log_odds=1.5, side=1, places=[1.5])
    both.thumbnails.extend([FaceThumbnail(track=0, heat=heat), FaceThumbnail(track=1)])
    first, second = link_faces([both])
    assert not first.windows[0].thumbnails[0].HasField("heat")
    assert second.windows[0].thumbnails[0].heat == heat
    assert [person.windows[0].face_networks for person in (first, second)] == ["network", "network"]


def test_no_face_is_no_person() -> None:
    assert link_faces([]) == ()
    assert link_faces([window(0), window(4, FaceTrack())]) == ()


def test_windows_are_left_as_they_were() -> None:
    windows = [window(0, track(LEFT), track(RIGHT))]
    before = windows[0].SerializeToString(deterministic=True)
    link_faces(windows)
    assert windows[0].SerializeToString(deterministic=True) == before
