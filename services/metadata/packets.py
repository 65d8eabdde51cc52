"""Facts from packets: keyframes, frame count, frame rate and bit rate of a video, the length of a sound. Pure."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isnan, nan
from statistics import median
from typing import NamedTuple

from services.kit.media.formats import FURTHEST_CLOCK_S

GAP_S = 5.0
"""Frames further apart than this (and than ten usual intervals) have a gap between them, not a low rate."""

MOST_SPANS = 100

_DECIMALS = 6  # microseconds: sums and differences then compare as they should
_LARGEST_PACKET = 1 << 40
_ROUNDING_S = 0.0015  # of containers that count milliseconds

# An interval is odd when it differs from the usual one by this much: containers round times to a millisecond, and
# cameras keep time to a few percent.
_ODD_SHARE = 0.2
_ODD_S = 0.0025
_COARSEST_CLOCK_S = 0.01  # that of GIF; a coarser one counts whole frames
# A packet that lasts less than this share of the usual interval is no frame's whole time.
_WHOLE_FRAME = 0.75
_VARIABLE_ABOVE = 0.02
# A clip cut without re-encoding often lacks two of its last frames, which does not make its rate vary.
_FEWEST_ODD = 3


@dataclass(frozen=True)
class PacketFacts:
    """What the packets of a video stream say.

    Args:
        complete: False when reading stopped at the limit; counts and durations then cover the beginning only.
        frame_count: Packets that are shown; each holds a frame.
        start_s: Earliest presentation time, on the container's clock.
        duration_s: From the earliest presentation time to the end of the last frame; None below two frames.
        fps: Average frames a second, without the odd gap where the rate is steady; None below two frames.
        variable_frame_rate: Whether at least 2 % (and 3) of the intervals between frames differ from the median.
        bit_rate: Bits a second: those of a frame on average, `fps` times. A pause in a steady video, or a last frame
            that stays for long, does not lower it.
        keyframe_times_s: Seconds from `start_s`, ascending.
        spans_s: (start, end) of the stretches with pictures, seconds from `start_s`, ascending: what lies between two
            frames more than `GAP_S` apart is no part of any. Empty when there is no gap, or more than
            `MOST_SPANS` spans.
    """

    complete: bool
    frame_count: int
    start_s: float
    duration_s: float | None
    fps: float | None
    variable_frame_rate: bool
    bit_rate: float | None
    keyframe_times_s: tuple[float, ...]
    spans_s: tuple[tuple[float, float], ...] = ()


class Packet(NamedTuple):
    """One packet of the stream; whatever numbers the file gives, NaN or None for a time that it does not."""

    pts_s: float | None
    dts_s: float | None
    duration_s: float | None
    size_bytes: int
    keyframe: bool


def read(packets: Iterable[Packet], limit: int, tick_s: float = 0.0) -> PacketFacts | None:
    """Sum up packets that are shown, without keeping them.

    Packets that make no sense are skipped: they come from a file that nobody vouches for.

    Args:
        packets: Of one stream, in the order of the file.
        limit: Most packets to read.
        tick_s: Of the stream's clock, which rounds times.

    Returns:
        None when there is no packet.
    """
    columns = _Columns()
    for packet in packets:
        if len(columns.pts) >= limit:
            return _facts(columns, tick_s, complete=False)
        columns.add(packet)
    return _facts(columns, tick_s, complete=True) if columns.pts else None


def end_of(packets: Iterable[Packet], limit: int) -> float | None:
    """Where a stream ends on the container's clock, seconds; for `packets` and `limit` see `read`.

    Returns:
        None when no packet has a time, or there are more packets than the limit: it is then not known where it ends.
    """
    end_s = -inf
    for count, packet in enumerate(packets):
        if count >= limit:
            return None
        pts_s, dts_s = _seconds(packet.pts_s), _seconds(packet.dts_s)
        time_s = dts_s if isnan(pts_s) else pts_s
        length_s = _seconds(packet.duration_s)
        if not isnan(time_s):
            end_s = max(end_s, time_s + (0.0 if isnan(length_s) else max(0.0, length_s)))
    return end_s if end_s > -inf else None


class _Columns:
    """Columns of packets: a hundred bytes each as objects would be too many for a long film."""

    def __init__(self) -> None:
        self.pts, self.dts, self.durations = array("d"), array("d"), array("d")
        self.keyframes = array("b")
        self.size_bytes = 0

    def add(self, packet: Packet) -> None:
        """Add a packet that has a time."""
        pts_s, dts_s, duration_s = _seconds(packet.pts_s), _seconds(packet.dts_s), _seconds(packet.duration_s)
        if isnan(pts_s) and isnan(dts_s):
            return
        self.pts.append(pts_s)
        self.dts.append(dts_s)
        self.durations.append(0.0 if isnan(duration_s) else max(0.0, duration_s))
        self.keyframes.append(packet.keyframe)
        self.size_bytes += min(max(0, packet.size_bytes), _LARGEST_PACKET)

    def times_s(self) -> "array[float]":
        """When each packet is shown.

        AVI gives no presentation times at all and MPEG program streams only some. The decoding times then stand in for
        all of them: shifted by the delay of the first packet that has both, they are the same set of moments. So they
        do where presentation times were made up from them.
        """
        if not any(isnan(pts) for pts in self.pts) and not self._made_up():
            return self.pts
        delay_s = self._delay_s
        return array("d", (pts if isnan(dts) else dts + delay_s for pts, dts in self._pairs()))

    @property
    def _delay_s(self) -> float:
        return next((pts - dts for pts, dts in self._pairs() if not isnan(pts - dts)), 0.0)

    def _pairs(self) -> Iterator[tuple[float, float]]:
        return zip(self.pts, self.dts, strict=True)

    def _made_up(self) -> bool:
        """Whether presentation times go the way of decoding times, only less evenly."""
        if any(isnan(dts) for dts in self.dts) or len(self.dts) < 2 or min(_steps_s(self.pts)) < 0:
            return False
        decoded = _steps_s(self.dts)
        delay_s = self._delay_s
        uneven = any(abs(pts - dts - delay_s) > _ROUNDING_S for pts, dts in self._pairs())
        return uneven and min(decoded) > 0 and _evenness(decoded) > _evenness(_steps_s(self.pts))


def _steps_s(times: "array[float]") -> list[float]:
    return [after - before for before, after in pairwise(times)]


def _evenness(steps: list[float]) -> int:
    """How many of the steps are as long as the usual one."""
    usual = median(steps)
    return sum(abs(step - usual) <= _ROUNDING_S for step in steps)


def _seconds(value: float | None) -> float:
    """A time that makes sense, or NaN."""
    return nan if value is None or not abs(value) < FURTHEST_CLOCK_S else round(value, _DECIMALS)


def _facts(packets: _Columns, tick_s: float, *, complete: bool) -> PacketFacts:
    times = packets.times_s()
    ordered = sorted(times)
    start_s, span_s = ordered[0], ordered[-1] - ordered[0]
    durations = packets.durations
    fps = duration_s = bit_rate = None
    variable = False
    if span_s > 0:
        intervals = [later - earlier for earlier, later in pairwise(ordered)]
        usual_s = median(intervals)
        if max(durations) < _WHOLE_FRAME * usual_s:
            # Ticks of a clock that is finer than the frame rate, as in AVI; no frame stays for one.
            durations = array("d", bytes(8 * len(durations)))
        last_end_s = max(time_s + length_s for time_s, length_s in zip(times, durations, strict=True))
        rounding_s = 1.05 * min(tick_s, _COARSEST_CLOCK_S)
        tolerance_s = max(_ODD_S, _ODD_SHARE * usual_s, rounding_s)
        steady = [interval for interval in intervals if abs(interval - usual_s) <= tolerance_s]
        variable = len(intervals) - len(steady) >= max(_FEWEST_ODD, _VARIABLE_ABOVE * len(intervals))
        # The mean of the steady intervals, not the median: containers that round to a millisecond would spoil that.
        steady_s = sum(steady) / len(steady) if steady else 0.0
        fps = 1 / steady_s if steady_s > 0 and not variable else len(intervals) / span_s
        # Where packets have no duration, the last frame is taken to stay as long as the usual one.
        duration_s = (last_end_s if last_end_s > ordered[-1] else ordered[-1] + usual_s) - start_s
        bit_rate = packets.size_bytes * 8 / len(ordered) * fps
    return PacketFacts(
        complete=complete,
        frame_count=len(ordered),
        start_s=start_s,
        duration_s=duration_s,
        fps=fps,
        variable_frame_rate=variable,
        bit_rate=bit_rate,
        keyframe_times_s=tuple(
            sorted(time_s - start_s for time_s, keyframe in zip(times, packets.keyframes, strict=True) if keyframe)
        ),
        spans_s=_spans(ordered, duration_s),
    )


def _spans(ordered: list[float], duration_s: float | None) -> tuple[tuple[float, float], ...]:
    """Stretches with pictures; see `PacketFacts`."""
    if duration_s is None:
        return ()
    usual_s = median(later - earlier for earlier, later in pairwise(ordered))
    gap_s = max(GAP_S, 10 * usual_s)
    first_s = ordered[0]
    spans: list[tuple[float, float]] = []
    begins_s = 0.0
    for earlier, later in pairwise(ordered):
        if later - earlier > gap_s:
            spans.append((begins_s, earlier - first_s + usual_s))
            begins_s = later - first_s
    # The last frame may claim to stay for days: only as long as the usual one is it worth looking at.
    spans.append((begins_s, ordered[-1] - first_s + usual_s))
    is_one = len(spans) == 1 and duration_s - spans[0][1] <= gap_s
    return () if is_one or len(spans) > MOST_SPANS else tuple(spans)
