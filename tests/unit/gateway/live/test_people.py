"""Faces keep their numbers while more of a session is seen."""

from gateway.live.people import People, whereabouts, within
from tests.unit.gateway.synthetic_signals import face_clip, frame_times


def test_a_face_keeps_its_number_when_a_larger_one_comes() -> None:
    windows = face_clip(frame_times(12.0))
    people = People()
    assert [person.number for person in people.find(windows[:1])] == [1]
    # From the second window on somebody else is there, larger and elsewhere.
    for window in windows[1:]:
        other = window.tracks.add()
        other.CopyFrom(window.tracks[0])
        other.boxes[:] = [0.7, 0.1, 0.29, 0.4] * len(other.frames)
        other.iod[:] = [3 * value for value in other.iod]
    for seen in range(2, len(windows) + 1):
        assert [person.number for person in people.find(windows[:seen])] == [1, 2]
    persons = people.find(windows)
    assert [round(face.left, 2) for face in whereabouts(persons)][1] == 0.7
    assert all(face.present for face in whereabouts(persons))
    assert [person.number for person in within(persons, windows[-1].window.start_s)] == [1, 2]


def test_whoever_is_where_somebody_was_has_the_same_number_when_what_was_seen_of_them_is_gone() -> None:
    windows = face_clip(frame_times(12.0))
    people = People()
    people.find(windows[:1])
    assert [person.number for person in people.find(windows[1:])] == [1]


def test_who_left_is_not_among_the_latest_and_comes_back_with_the_same_number() -> None:
    windows = face_clip(frame_times(12.0))
    people = People()
    people.find(windows[:1])
    track = windows[1].tracks[0]
    saved = type(track)()
    saved.CopyFrom(track)
    del windows[1].tracks[:]
    persons = people.find(windows[:2])
    assert within(persons, windows[1].window.start_s) == []
    assert [face.present for face in whereabouts(persons)] == [False]
    assert [person.number for person in people.find(windows)] == [1]
