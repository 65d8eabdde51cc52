"""Frame rate, bit rate and keyframes from packets."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metadata import packets
from services.metadata.packets import Packet, PacketFacts


def _packet(time_s: float, *, keyframe: bool = False, duration_s: float | None = None) -> Packet:
    return Packet(time_s, time_s, duration_s, 1000, keyframe)


def _read(found: list[Packet], limit: int = 10_000) -> PacketFacts:
    facts = packets.read(found, limit)
    assert facts is not None
    return facts


def _steady(count: int, fps: float, start_s: float = 0.0) -> list[Packet]:
    return [_packet(start_s + index / fps, keyframe=index % 50 == 0, duration_s=1 / fps) for index in range(count)]


def test_a_steady_video() -> None:
    facts = _read(_steady(101, 25.0, start_s=1.4))
    assert facts.complete
    assert facts.frame_count == 101
    assert facts.start_s == pytest.approx(1.4)
    assert facts.fps == pytest.approx(25.0)
    assert facts.duration_s == pytest.approx(4.04)
    assert facts.bit_rate == pytest.approx(101 * 8000 / 4.04)
    assert facts.keyframe_times_s == pytest.approx((0.0, 2.0, 4.0))
    assert not facts.variable_frame_rate


def test_pauses_do_not_lower_the_bit_rate() -> None:
    packets = _steady(100, 25.0)
    paused = [*packets[:50], *(packet._replace(pts_s=(packet.pts_s or 0) + 60) for packet in packets[50:])]
    held = [*packets[:-1], packets[-1]._replace(duration_s=335_544.0)]
    wanted = _read(packets).bit_rate
    assert wanted == pytest.approx(8000 * 25)
    assert _read(paused).bit_rate == pytest.approx(wanted)
    assert _read(held).bit_rate == pytest.approx(wanted)


def test_packets_out_of_order_are_put_in_order() -> None:
    assert _read(_steady(100, 25.0)[::-1]) == _read(_steady(100, 25.0))


def test_times_rounded_to_a_millisecond_are_steady() -> None:
    facts = _read([_packet(round(index / 29.97, 3)) for index in range(300)])
    assert facts.fps == pytest.approx(29.97, abs=0.01)
    assert not facts.variable_frame_rate


def test_a_hole_near_the_end_changes_neither_rate_nor_kind() -> None:
    facts = _read(_steady(60, 24.0)[:57] + _steady(60, 24.0)[59:])
    assert facts.fps == pytest.approx(24.0, abs=0.01)
    assert not facts.variable_frame_rate


def test_a_varying_rate_is_noticed_and_averaged() -> None:
    facts = _read([_packet(index / 30 if index < 60 else 2 + (index - 60) / 10) for index in range(90)])
    assert facts.variable_frame_rate
    assert facts.fps == pytest.approx(89 / 4.9)


def test_decoding_times_stand_in_for_missing_presentation_times() -> None:
    assert _read([Packet(None, index / 25, None, 100, True) for index in range(25)]).fps == pytest.approx(25.0)


def test_decoding_times_complete_presentation_times_that_are_there_now_and_then() -> None:
    # As MPEG program streams have them: shown 40 ms after decoding, and only some say so.
    facts = _read(
        [Packet(0.54 + index / 25 if index % 5 < 2 else None, 0.5 + index / 25, 0.04, 100, True) for index in range(50)]
    )
    assert not facts.variable_frame_rate
    assert facts.start_s == pytest.approx(0.54)
    assert facts.fps == pytest.approx(25.0)
    assert facts.keyframe_times_s == pytest.approx([index / 25 for index in range(50)])


def test_reading_stops_at_the_limit() -> None:
    facts = _read(_steady(100, 25.0), limit=40)
    assert not facts.complete
    assert facts.frame_count == 40
    assert _read(_steady(40, 25.0), limit=40).complete


def test_one_frame_has_no_rate() -> None:
    facts = _read([_packet(0.0, keyframe=True)])
    assert (facts.frame_count, facts.fps, facts.duration_s, facts.bit_rate) == (1, None, None, None)


def test_no_packet_no_facts() -> None:
    assert packets.read([], 10) is None
    assert packets.read([Packet(None, None, 1.0, 100, True)], 10) is None


_time = st.none() | st.floats() | st.floats(-10, 10)


@given(st.lists(st.builds(Packet, _time, _time, _time, st.integers(), st.booleans()), max_size=20))
def test_nothing_a_file_can_say_breaks_it(found: list[Packet]) -> None:
    facts = packets.read(found, 10)
    if facts is None:
        return
    assert 1 <= facts.frame_count <= 10
    for value in (facts.start_s, facts.duration_s, facts.fps, facts.bit_rate, *facts.keyframe_times_s):
        assert value is None or math.isfinite(value)
    assert list(facts.keyframe_times_s) == sorted(facts.keyframe_times_s)
    assert all(time_s >= 0 for time_s in facts.keyframe_times_s)


def test_a_gap_parts_the_video_into_spans() -> None:
    facts = _read(_steady(50, 25.0) + _steady(50, 25.0, start_s=1002.0))
    assert [bound for span in facts.spans_s for bound in span] == pytest.approx([0, 2, 1002, 1004])


def test_a_last_frame_that_stays_for_days_is_no_span() -> None:
    facts = _read([*_steady(99, 25.0), _packet(99 / 25, duration_s=300_000.0)])
    assert facts.duration_s == pytest.approx(300_000, rel=1e-3)
    (span,) = facts.spans_s
    assert span == pytest.approx((0.0, 4.0))


def test_without_a_gap_there_are_no_spans() -> None:
    assert _read(_steady(100, 25.0)).spans_s == ()
    assert _read(_steady(100, 0.1)).spans_s == ()
    assert _read(_steady(2, 0.01)).spans_s == ()


def test_too_many_gaps_are_none() -> None:
    found = [_packet(100.0 * part + frame / 25) for part in range(packets.MOST_SPANS + 1) for frame in range(3)]
    assert _read(found).spans_s == ()


def test_a_stream_ends_with_what_ends_last() -> None:
    found = [_packet(1.0, duration_s=3.0), _packet(2.0, duration_s=0.5), Packet(None, 2.5, None, 9, False)]
    assert packets.end_of(found, 3) == 4.0
    assert packets.end_of(found, 2) is None
    assert packets.end_of(found[1:], 9) == 2.5


@pytest.mark.parametrize("time_s", [None, math.nan, math.inf, 1e15])
def test_where_packets_without_a_time_end_is_not_known(time_s: float | None) -> None:
    assert packets.end_of([Packet(time_s, time_s, 1.0, 9, True)], 9) is None
    assert packets.end_of([], 9) is None
