"""The video's packets as ffprobe lists them: keyframes, frame count, frame rate and bit rate. Pure."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from statistics import median

PACKET_ENTRIES = "packet=pts_time,dts_time,duration_time,size,flags"
"""What `read` expects of ffprobe: these fields, in this order, as CSV without section names."""

_FIELDS = 5
_FURTHEST_S = 1e9
_LARGEST_PACKET = 1 << 40

# An interval is odd when it differs from the usual one by this much: containers round times to a millisecond, and
# cameras keep time to a few percent.
_ODD_SHARE = 0.2
_ODD_S = 0.0025
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
        bit_rate: Bits a second of the packets over `duration_s`.
        keyframe_times_s: Seconds from `start_s`, ascending.
    """

    complete: bool
    frame_count: int
    start_s: float
    duration_s: float | None
    fps: float | None
    variable_frame_rate: bool
    bit_rate: float | None
    keyframe_times_s: tuple[float, ...]


def read(lines: Iterable[str], limit: int) -> PacketFacts | None:
    """Sum up packet lines without keeping them.

    Lines that make no sense are skipped: they come from a file that nobody vouches for.

    Args:
        lines: CSV lines of `PACKET_ENTRIES`.
        limit: Most packets to read.

    Returns:
        None when no packet is shown.
    """
    times, keyframes = array("d"), array("d")
    size_bytes = 0
    last_end_s = -_FURTHEST_S
    complete = True
    for line in lines:
        packet = _parse(line)
        if packet is None:
            continue
        if len(times) >= limit:
            complete = False
            break
        times.append(packet.time_s)
        last_end_s = max(last_end_s, packet.time_s + packet.duration_s)
        size_bytes += packet.size_bytes
        if packet.keyframe:
            keyframes.append(packet.time_s)
    return _facts(times, keyframes, size_bytes, last_end_s, complete=complete) if times else None


@dataclass(frozen=True)
class _Packet:
    time_s: float
    duration_s: float
    size_bytes: int
    keyframe: bool


def _parse(line: str) -> _Packet | None:
    """One packet that will be shown, or None."""
    fields = line.strip().split(",")
    if len(fields) < _FIELDS:
        return None
    pts, dts, duration, size, flags = fields[:_FIELDS]
    time_s = _seconds(pts)
    if time_s is None:
        # AVI and some MPEG-4 files carry no presentation times; decoding order is then the only clock.
        time_s = _seconds(dts)
    # D: outside the edit list, decoded but never shown.
    if time_s is None or "D" in flags or not (size.isascii() and size.isdecimal()):
        return None
    size_bytes = int(size) if len(size) <= len(str(_LARGEST_PACKET)) else 0
    return _Packet(time_s, max(0.0, _seconds(duration) or 0.0), min(size_bytes, _LARGEST_PACKET), "K" in flags)


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and abs(value) < _FURTHEST_S else None


def _facts(
    times: "array[float]", keyframes: "array[float]", size_bytes: int, last_end_s: float, *, complete: bool
) -> PacketFacts:
    ordered = sorted(times)
    start_s, span_s = ordered[0], ordered[-1] - ordered[0]
    fps = duration_s = bit_rate = None
    variable = False
    if span_s > 0:
        intervals = [later - earlier for earlier, later in pairwise(ordered)]
        usual_s = median(intervals)
        tolerance_s = max(_ODD_S, _ODD_SHARE * usual_s)
        steady = [interval for interval in intervals if abs(interval - usual_s) <= tolerance_s]
        variable = len(intervals) - len(steady) >= max(_FEWEST_ODD, _VARIABLE_ABOVE * len(intervals))
        # The mean of the steady intervals, not the median: containers that round to a millisecond would spoil that.
        steady_s = sum(steady) / len(steady) if steady else 0.0
        fps = 1 / steady_s if steady_s > 0 and not variable else len(intervals) / span_s
        # Where packets have no duration, the last frame is taken to stay as long as the usual one.
        duration_s = (last_end_s if last_end_s > ordered[-1] else ordered[-1] + usual_s) - start_s
        bit_rate = size_bytes * 8 / duration_s
    return PacketFacts(
        complete=complete,
        frame_count=len(ordered),
        start_s=start_s,
        duration_s=duration_s,
        fps=fps,
        variable_frame_rate=variable,
        bit_rate=bit_rate,
        keyframe_times_s=tuple(time_s - start_s for time_s in sorted(keyframes)),
    )
