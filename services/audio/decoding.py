"""ffmpeg: the sound of one span of a file, as samples placed on the container's clock.

What a span's samples are depends on the file and the span alone, bit by bit, and never on what else was asked for in
the same call: a span is decoded from a fixed lead-in before it.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import structlog

from services.audio.mixing import Mix, mixed
from services.audio.signals import SAMPLE_RATE_HZ, Channels, Mask
from services.kit.media.formats import ALLOWED_DEMUXERS, ALLOWED_PROTOCOLS, SOUND_DEMUXERS, ffmpeg_list
from services.kit.media.process import MediaProcess, ProcessLimits

log = structlog.get_logger()

LEAD_IN_S = 1.0
"""Decoded and thrown away before a span: the bit reservoir of MP3, the overlap of AAC and the pre-roll of Opus need
at most a third of this after a seek."""

_RUN_UP_S = 0.5
"""Resampled before a span: half of what is decoded before it, so that decoding has settled where resampling begins."""

_GRID_S = 0.04
"""Resampling begins at a multiple of this, which is a whole number of samples at every usual rate and at ours: else the
samples would lie by a part of one elsewhere, depending on where decoding began."""

_LEAST_GAP_S = 0.02
"""Of what is missing between packets, or there twice, so much is left as it is: what follows is that much too early or
late. ffmpeg would leave a tenth of a second, which is more than lips may be out of step."""

SEEK_BEYOND_S = 20.0
"""A span is sought only when it begins later than this. ffmpeg seeks to keyframes of the picture, so sound before the
first of them (FLV files have some) would be jumped over. Twenty seconds take it less time than starting up."""

_LOUDEST = 8.0  # lossy decoders overshoot full scale a little; float files can hold anything
_PROBE_BYTES = 256 * 1024
_MOST_CHANNELS = 64  # ffmpeg resamples no more
_CHANNELS = 8  # told apart: those of 7.1. Of more, as in fields of sound and on film sets, every eighth is added up.
_BYTES_PER_SAMPLE = 4 * (_CHANNELS + 1)
_MARGIN = SAMPLE_RATE_HZ // 100  # samples: far more than the roundings of the filters
_MOST_TOGETHER = 16  # spans that one run of ffmpeg decodes: each keeps the file open once more

_OPEN = {
    "format_whitelist": ffmpeg_list(ALLOWED_DEMUXERS | SOUND_DEMUXERS),
    "protocol_whitelist": ffmpeg_list(ALLOWED_PROTOCOLS),
}


def _channel(place: int) -> str:
    """What to put in the channel at a place, in ffmpeg's own language: nothing where the sound has no such channel.

    `val` gives the last channel for every one beyond it, and a stream may have other channels half-way.
    """
    more = range(place, _MOST_CHANNELS, _CHANNELS)
    folded = "+".join(f"val({channel})*gt(nb_in_channels,{channel})" for channel in more)
    return f"if(gt(nb_in_channels,{_CHANNELS}),{folded},if(gt(nb_in_channels,{place}),val({place})))"


CHANNELS = "|".join([*(_channel(place) for place in range(_CHANNELS)), "1"])
"""For the filter `aeval`: eight channels, and one that is 1 wherever the decoder gave samples."""

LAYOUT = "FL+FR+FC+LFE+BL+BR+BC+SL+SR"
"""Names for them that any version of ffmpeg knows; one without loudspeakers' names is no layout to some."""


@dataclass(frozen=True)
class Sound:
    """Samples of a span, shape (n, channels), and whether each is there, shape (n,); where it is not, they are 0."""

    channels: Channels
    present: Mask

    def part(self, start: int, end: int) -> "Sound":
        """Samples `start` to `end` of these."""
        return Sound(self.channels[start:end], self.present[start:end])

    @cached_property
    def mix(self) -> Mix:
        """All channels as one."""
        return mixed(self.channels)


def find_stream(cancelled: Callable[[], bool], path: Path, limits: ProcessLimits) -> int | None:
    """Index of the sound stream a player would choose: of those it can decode the default one, else the first.

    None when there is none, or when the file cannot be read.

    Raises:
        ProcessTimedOut, ProcessCancelled: See `MediaProcess`.
    """
    command = ["ffprobe", "-v", "error", "-threads", "1"]
    for name, value in _OPEN.items():
        command += [f"-{name}", value]
    entries = "stream=index,sample_fmt:stream_disposition=default"
    command += ["-select_streams", "a", "-show_entries", entries]
    command += ["-of", "json"]
    output = bytearray()
    with MediaProcess([*command, f"file:{path}"], limits, cancelled, file=path) as process:
        for chunk in process.chunks():
            output += chunk
            if len(output) > _PROBE_BYTES:
                return None
    return _chosen(bytes(output))


def _chosen(output: bytes) -> int | None:
    """The stream index in ffprobe's JSON; see `find_stream`."""
    try:
        streams: list[dict[str, Any]] = json.loads(output or b"{}").get("streams", [])
    except ValueError:
        return None
    # The mark counts among those that can be decoded: their kind of sample is known. sorted() keeps equals in order.
    ranked = sorted(
        streams,
        key=lambda stream: ("sample_fmt" not in stream, -int(stream.get("disposition", {}).get("default", 0))),
    )
    return int(ranked[0]["index"]) if ranked else None


def decode(
    cancelled: Callable[[], bool],
    path: Path,
    stream: int,
    start_s: float,
    end_s: float,
    limits: ProcessLimits,
    until_s: float | None = None,
) -> Sound:
    """Sound of [start_s, end_s) on the container's clock, 16 kHz.

    Whatever cannot be decoded is absent; gaps between packets are absent too. With `until_s`, what follows it is not
    waited for and not given: the samples before are those of the whole span.

    Raises:
        ProcessTimedOut, ProcessCancelled: See `MediaProcess`.
    """
    first, count = _place(start_s, end_s)
    given = count if until_s is None else min(count, round(until_s * SAMPLE_RATE_HZ) - first)
    wanted = given * _BYTES_PER_SAMPLE
    output = bytearray()
    with MediaProcess(_command(_sound(path, stream, first, count)), limits, cancelled, file=path) as process:
        for chunk in process.chunks():
            output += chunk[: wanted - len(output)]
            if len(output) >= wanted:
                break
        else:
            if process.exit_status() != 0:
                log.info("sound ends early", complaint=process.complaint)
    return _placed(bytes(output), given)


def decode_each(
    cancelled: Callable[[], bool],
    path: Path,
    stream: int,
    spans: Sequence[tuple[float, float]],
    limits: ProcessLimits,
) -> Iterator[Sound]:
    """Sound of several spans, each as `decode` gives it, with few runs of ffmpeg: one takes 60 ms just to start.

    Args:
        cancelled: Asked at least every 50 ms.
        path: The file.
        stream: Index of the sound in it.
        spans: (start, end) of each on the container's clock, seconds; ascending.
        limits: Those of one span; a run has as many times the seconds.

    Raises:
        ProcessTimedOut, ProcessCancelled: See `MediaProcess`.
    """
    # What is not sought is one input to ffmpeg-python, however often it is named.
    from_the_top = [span for span in spans if span[0] <= SEEK_BEYOND_S]
    for start_s, end_s in from_the_top:
        yield decode(cancelled, path, stream, start_s, end_s, limits)
    sought = spans[len(from_the_top) :]
    for start in range(0, len(sought), _MOST_TOGETHER):
        group = sought[start : start + _MOST_TOGETHER]
        done = 0
        if len(group) > 1:
            for sound in _decode_joined(cancelled, path, stream, group, limits):
                yield sound
                done += 1
        # All of a single one; after a run that broke down over one span, that one and those that followed it.
        for start_s, end_s in group[done:]:
            yield decode(cancelled, path, stream, start_s, end_s, limits)


def _decode_joined(
    cancelled: Callable[[], bool],
    path: Path,
    stream: int,
    spans: Sequence[tuple[float, float]],
    limits: ProcessLimits,
) -> Iterator[Sound]:
    """The spans that one run of ffmpeg gives whole."""
    places = [_place(start_s, end_s) for start_s, end_s in spans]
    parts = [
        _sound(path, stream, first, count)
        .filter("aformat", sample_fmts="flt", channel_layouts=LAYOUT)
        # Each exactly as long as its span, so that where the next begins is known.
        .filter("apad", whole_len=count)
        .filter("atrim", end_sample=count)
        .filter("asetpts", "N")
        for first, count in places
    ]
    output = bytearray()
    shared = ProcessLimits(limits.seconds * len(spans), limits.memory_bytes)
    with MediaProcess(_command(ffmpeg.concat(*parts, v=0, a=1)), shared, cancelled, file=path) as process:
        waiting = [count for _, count in places]
        for chunk in process.chunks():
            output += chunk
            while waiting and len(output) >= (size := waiting[0] * _BYTES_PER_SAMPLE):
                yield _placed(bytes(output[:size]), waiting.pop(0))
                del output[:size]
        if waiting:
            log.info("sound of several windows ends early", complaint=process.complaint)


def _place(start_s: float, end_s: float) -> tuple[int, int]:
    """First sample of a span on the container's clock, and how many there are."""
    first = round(start_s * SAMPLE_RATE_HZ)
    return first, round(end_s * SAMPLE_RATE_HZ) - first


def _sound(path: Path, stream: int, first: int, count: int) -> Any:
    """What ffmpeg is to do for `count` rows of float samples from `first` on, or fewer: all channels, and presence."""
    start_s = first / SAMPLE_RATE_HZ
    seek = {"ss": f"{start_s - LEAD_IN_S:.6f}", "seek_timestamp": 1} if start_s > SEEK_BEYOND_S else {}
    source = ffmpeg.input(f"file:{path}", threads=1, vn=None, sn=None, dn=None, noaccurate_seek=None, **_OPEN, **seek)
    # The last filter fills what is missing, before, between and after, with zeros in all channels, also in that of
    # presence.
    decoded = source[str(stream)]
    if start_s >= 0:  # what comes before 0 is there for decoders to settle
        begins_s = max(0.0, math.floor((start_s - _RUN_UP_S) / _GRID_S) * _GRID_S)
        decoded = decoded.filter("atrim", start=f"{begins_s:.6f}")
    return (
        decoded.filter("aresample", SAMPLE_RATE_HZ, osf="flt")
        .filter("aeval", CHANNELS, channel_layout=LAYOUT)
        # The filters after these would otherwise know no more than their number.
        .filter("aformat", channel_layouts=LAYOUT)
        .filter("atrim", start_pts=first - _MARGIN, end_pts=first + count + _MARGIN)
        .filter(
            "aresample", **{"async": 1, "first_pts": first, "min_comp": "0.0001", "min_hard_comp": f"{_LEAST_GAP_S}"}
        )
    )


def _command(sound: Any) -> list[str]:
    """The command line that writes what a filter gives to a pipe."""
    output = sound.output("pipe:", format="f32le", acodec="pcm_f32le", threads=1)
    command: list[str] = output.global_args("-copyts", "-nostdin", "-v", "error").compile()
    return command


def _placed(output: bytes, count: int) -> Sound:
    """Interleaved channels and presence as arrays of `count` samples; what did not come is absent."""
    usable = len(output) // _BYTES_PER_SAMPLE
    rows = np.zeros((count, _CHANNELS + 1), np.float32)
    rows[:usable] = np.frombuffer(output, "<f4", usable * (_CHANNELS + 1)).reshape(usable, _CHANNELS + 1)
    present = rows[:, -1] > 0.5
    channels = np.nan_to_num(rows[:, :-1], nan=0.0, posinf=0.0, neginf=0.0).clip(-_LOUDEST, _LOUDEST)
    return Sound(np.where(present[:, None], channels, np.float32(0)), present)
