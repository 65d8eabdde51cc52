"""Probing a file: ffprobe for its header, PyAV for its packets. Runs in a worker.

ffmpeg-python's `probe` is not used: it waits without limit, keeps whatever ffprobe prints, and cannot be cancelled.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import grpc
import structlog
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from services.kit.errors import Refusal
from services.kit.media.container import moving_pictures, opened_container
from services.kit.media.formats import (
    ALLOWED_DEMUXERS,
    ALLOWED_PROTOCOLS,
    SOUND_DEMUXERS,
    TIMELESS_DEMUXERS,
    USUAL_RATE_HZ,
    ffmpeg_list,
    refuse_huge_frames,
)
from services.kit.media.process import MediaProcess, ProcessTimedOut
from services.metadata import facts, packets
from services.metadata.limits import ProbeLimits
from services.metadata.lookalikes import HEAD_BYTES, what_else
from services.metadata.structure import WHOLE, Structure, walk

log = structlog.get_logger()

_HEADER_BYTES = 4 * 1024 * 1024
_CHECKED_EVERY = 256
_HEADER = ("-show_format", "-show_streams", "-of", "json")
_TOO_LARGE = re.compile(r"Picture size (\d{4,10})x(\d{4,10}) is invalid")


@dataclass(frozen=True)
class Probed:
    """What the header says, what the packets say (None when there are none), and whether the file is whole.

    `packets` are those of the video. Of a file without a video, `sound_end_s` is where its sound ends on the clock of
    the container; a header's length may be a guess from the size of the file, as for MP3.
    """

    header: facts.Header
    packets: packets.PacketFacts | None
    structure: Structure = WHOLE
    sound_end_s: float | None = None


def probe(cancelled: Callable[[], bool], path: Path, limits: ProbeLimits) -> Probed:
    """Read the header, and walk the packets of the video, or of the sound of a file without one.

    Nothing is decoded but what the header needs.

    Raises:
        Refusal: INVALID_ARGUMENT with NOT_A_VIDEO, INCOMPLETE_FILE, NO_VIDEO_STREAM or UNSUPPORTED_CODEC;
            FAILED_PRECONDITION with FRAME_TOO_LARGE; DEADLINE_EXCEEDED with PROBE_TIMEOUT; INTERNAL with PROBE_FAILED
            when ffprobe itself breaks.
        ProcessCancelled: When `cancelled()` turned true.
    """
    try:
        # At once: starting ffprobe takes longer than walking over a short video, and everything waits for both.
        with MediaProcess(_command(path, *_HEADER), limits.process, cancelled, file=path) as process:
            found = _packets(path, limits.packets, process.check)
            header = _header(process, path)
            if header.video is None and header.audio is not None:
                end_s = _sound_end_s(path, header.audio.stream_index, limits.packets, process.check)
                return Probed(header, None, walk(path), end_s)
        if found is None or header.video is None or (header.container == "gif" and _is_still(found.facts)):
            raise _not_a_video(path)
        return Probed(header, found.facts if found.stream == header.video.stream_index else None, walk(path))
    except ProcessTimedOut:
        raise Refusal(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "PROBE_TIMEOUT",
            "Reading this file took too long. Try again later, or save the video again and send the new file.",
        ) from None


def _is_still(found: packets.PacketFacts | None) -> bool:
    return found is None or found.frame_count < 2


def _header(process: MediaProcess, path: Path) -> facts.Header:
    output = bytearray()
    for chunk in process.chunks():
        output += chunk
        if len(output) > _HEADER_BYTES:
            raise _not_a_video(path)
    _check(process, path)
    too_large = _TOO_LARGE.search(process.complaint)
    try:
        document: Any = json.loads(output)
    except (ValueError, RecursionError):
        raise _not_a_video(path) from None
    try:
        header = facts.read(document)
    except Refusal:
        if too_large:
            # ffprobe leaves out a size that it cannot work with, and the picture then seems to have none.
            refuse_huge_frames(*map(int, too_large.groups()))
        raise
    if header.video is not None:
        refuse_huge_frames(header.video.width, header.video.height)
    return header


@dataclass(frozen=True)
class _Found:
    """What the packets of the stream with this index say."""

    stream: int
    facts: packets.PacketFacts | None


def _packets(path: Path, limit: int, check: Callable[[], None]) -> _Found | None:
    """None when the file cannot be read, or has no moving pictures."""
    with opened_container(path, decode=False) as container:
        stream = None if container is None else moving_pictures(container)
        if container is None or stream is None:
            return None
        return _Found(stream.index, packets.read(_shown(container, stream, check), limit, float(stream.time_base or 0)))


def _sound_end_s(path: Path, index: int, limit: int, check: Callable[[], None]) -> float | None:
    """Where the sound with this index ends on the container's clock; None when its packets do not say."""
    with opened_container(path, decode=False, demuxers=ALLOWED_DEMUXERS | SOUND_DEMUXERS) as container:
        streams = [] if container is None else [one for one in container.streams.audio if one.index == index]
        if container is None or not streams:
            return None
        return packets.end_of(_heard(container, streams[0], check), limit)


def _heard(container: InputContainer, stream: AudioStream, check: Callable[[], None]) -> Iterator[packets.Packet]:
    """The stream's packets as far as they can be read."""
    base_s = float(stream.time_base or 0)

    def seconds(ticks: int | None) -> float | None:
        return None if ticks is None else ticks * base_s

    with suppress(av.FFmpegError, OSError):
        for number, packet in enumerate(container.demux(stream)):
            if number % _CHECKED_EVERY == 0:
                check()
            # The last one is empty and ends the stream; one outside the edit list is never heard.
            if packet.size and not packet.is_discard:
                times_s = seconds(packet.pts), seconds(packet.dts), seconds(packet.duration)
                yield packets.Packet(*times_s, packet.size, keyframe=True)


def _shown(container: InputContainer, stream: VideoStream, check: Callable[[], None]) -> Iterator[packets.Packet]:
    """The stream's packets as far as they can be read: a file cut short is an answer too."""
    base_s = float(stream.time_base or 0)
    interval_s = float(1 / (stream.guessed_rate or USUAL_RATE_HZ))
    is_timeless = container.format.name in TIMELESS_DEMUXERS

    def seconds(ticks: int | None) -> float | None:
        return None if ticks is None else ticks * base_s

    with suppress(av.FFmpegError, OSError):
        for number, packet in enumerate(container.demux(stream)):
            if number % _CHECKED_EVERY == 0:
                check()
            if is_timeless:
                # Frames of equal length in the order in which they are stored: the same moments as those in which they
                # are shown. The last packet is empty, and ends the stream.
                if packet.size:
                    yield packets.Packet(number * interval_s, None, interval_s, packet.size, packet.is_keyframe)
                continue
            # Outside the edit list: decoded, and never shown.
            if not packet.is_discard:
                times_s = seconds(packet.pts), seconds(packet.dts), seconds(packet.duration)
                yield packets.Packet(*times_s, packet.size, packet.is_keyframe)


def _command(path: Path, *arguments: str) -> list[str]:
    return [
        "ffprobe",
        "-v",
        "error",
        "-threads",
        "1",
        "-format_whitelist",
        ffmpeg_list(ALLOWED_DEMUXERS | SOUND_DEMUXERS),
        "-protocol_whitelist",
        ffmpeg_list(ALLOWED_PROTOCOLS),
        *arguments,
        f"file:{path}",
    ]


def _check(process: MediaProcess, path: Path) -> None:
    status = process.exit_status()
    if status < 0:
        log.warning("ffprobe was killed", signal=-status, complaint=process.complaint)
        raise Refusal(
            grpc.StatusCode.INTERNAL,
            "PROBE_FAILED",
            "This file could not be read. Save the video again and send the new file.",
        )
    if status > 0:
        log.info("ffprobe refused a file", status=status, complaint=process.complaint)
        raise _not_a_video(path)


def _not_a_video(path: Path) -> Refusal:
    """Why a file that ffprobe cannot read is refused, as precisely as its first bytes and its structure tell."""
    with path.open("rb") as file:
        sentence = what_else(file.read(HEAD_BYTES))
    if sentence is None and walk(path).is_cut_short:
        return Refusal(
            grpc.StatusCode.INVALID_ARGUMENT,
            "INCOMPLETE_FILE",
            "The end of this file is missing, and with it what is needed to play it: the recording or a copy was cut "
            "off. Copy the file again, or save the video again and send the new file.",
        )
    return Refusal(
        grpc.StatusCode.INVALID_ARGUMENT,
        "NOT_A_VIDEO",
        sentence
        or "This file is no video or sound recording that can be read. Send an MP4, MOV, WebM, MKV, AVI, FLV, MPEG, "
        "WMV, MXF, DV or Ogg file, or a voice as WAV, MP3, M4A, Ogg, Opus, FLAC, AMR or AAC.",
    )
