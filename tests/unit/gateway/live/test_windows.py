"""Which windows segments make up, and which are left out."""

import json
from itertools import pairwise

import pytest

from gateway.live.windows import Piece, Step, Windows


def piece(number: int, seconds: float = 2.0, *, run: int = 1, joins: bool = True) -> Piece:
    return Piece(number, (number - 1) * seconds, number * seconds, run, joins, 0.0)


def spans(step: Step | None) -> list[tuple[int, float, float]]:
    return [] if step is None else [(one.index, one.start_s, one.end_s) for one in step.faces]


def numbers(step: Step | None) -> list[int]:
    return [] if step is None else [one.sequence for one in step.pieces]


def take(windows: Windows) -> Step:
    step = windows.next()
    assert step is not None
    windows.done(step)
    return step


def test_two_segments_of_two_seconds_are_a_window_seen_at_half_time_and_whole() -> None:
    windows = Windows()
    windows.add(piece(1))
    first = take(windows)
    assert (first.provisional, spans(first), list(first.sounds)) == (True, [(0, 0.0, 2.0)], [])
    assert windows.next() is None
    windows.add(piece(2))
    second = take(windows)
    assert (second.provisional, spans(second)) == (False, [(0, 0.0, 4.0)])
    assert numbers(second) == [1, 2]
    # Its sound ends in what follows.
    assert list(second.sounds) == []
    windows.add(piece(3))
    third = take(windows)
    assert (third.provisional, spans(third)) == (True, [(1, 4.0, 6.0)])
    assert [window.index for window in third.sounds] == [0]
    assert numbers(third) == [1, 2, 3]
    # Of what was used, what the next window's decoder begins with is kept.
    assert windows.needed == {2, 3}


def test_without_time_to_spare_only_whole_windows_are_looked_at() -> None:
    windows = Windows()
    windows.add(piece(1))
    assert windows.next(early=False) is None
    windows.add(piece(2))
    step = windows.next(early=False)
    assert step is not None
    assert (step.provisional, spans(step)) == (False, [(0, 0.0, 4.0)])
    windows.done(step)
    windows.add(piece(3))
    # Its sound is heard all the same.
    step = windows.next(early=False)
    assert step is not None
    assert (spans(step), [window.index for window in step.sounds], numbers(step)) == ([], [0], [1, 2, 3])


def test_the_end_is_heard_and_seen() -> None:
    windows = Windows()
    for number in (1, 2, 3):
        windows.add(piece(number))
        take(windows)
    windows.end()
    last = take(windows)
    assert (last.provisional, spans(last), [one.index for one in last.sounds]) == (False, [(1, 4.0, 6.0)], [1])
    assert windows.next() is None
    assert windows.skipped == 0


def test_alone_each_segment_is_a_window_with_its_own_sound() -> None:
    windows = Windows()
    windows.add(piece(1, 4.0, joins=False))
    step = take(windows)
    assert (spans(step), [one.index for one in step.sounds]) == ([(0, 0.0, 4.0)], [0])
    windows.add(piece(2, 10.0, run=2, joins=False))
    step = take(windows)
    assert [end - start for _, start, end in spans(step)] == pytest.approx([10 / 3] * 3)
    assert numbers(step) == [2]


@pytest.mark.parametrize("late", [1, 2, 4])
def test_who_falls_behind_leaves_windows_out_evenly(late: int) -> None:
    """Each step lasts as long as so many windows."""
    windows = Windows()
    looked_at: list[int] = []
    for number in range(1, 41):
        windows.add(piece(number, 4.0, run=number, joins=False))
        if number % late == 0:
            looked_at += [index for index, _, _ in spans(take(windows))]
        assert len(windows.needed) <= late + 1
    gaps = {later - earlier for earlier, later in pairwise(looked_at)}
    assert gaps == {late}
    assert windows.skipped == 40 - len(looked_at)


def test_another_run_begins_another_window() -> None:
    windows = Windows()
    windows.add(piece(1))
    take(windows)
    windows.add(piece(2, run=2))
    step = take(windows)
    # The one that was cut short is whole now, and has all its sound.
    assert (spans(step), numbers(step), [one.index for one in step.sounds]) == ([(0, 0.0, 2.0)], [1], [0])
    assert spans(take(windows)) == [(1, 2.0, 4.0)]


def test_all_of_it_survives_as_plain_data() -> None:
    windows = Windows()
    for number in (1, 2, 3):
        windows.add(piece(number))
        take(windows)
    again = Windows.of(json.loads(json.dumps(windows.state())))
    assert again.state() == windows.state()
    again.add(piece(4))
    windows.add(piece(4))
    assert again.next() == windows.next()
