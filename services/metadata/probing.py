"""ffprobe: the edge between a file and what is known about it. Runs in a worker.

ffmpeg-python's `probe` is not used: it waits without limit, keeps whatever ffprobe prints, cannot be cancelled, and
cannot list packets one by one.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import structlog

from services.kit.errors import Refusal
from services.kit.media_formats import (
    ALLOWED_DEMUXERS,
    ALLOWED_PROTOCOLS,
    SOUND_DEMUXERS,
    ffmpeg_list,
    refuse_huge_frames,
)
from services.kit.media_process import MediaProcess, ProcessLimits, ProcessTimedOut
from services.metadata import facts, packets
from services.metadata.lookalikes import HEAD_BYTES, what_else
from services.metadata.structure import WHOLE, Structure, walk

log = structlog.get_logger()

_HEADER_BYTES = 4 * 1024 * 1024
_LONGEST_LINE = 4 * 1024
_HEADER = ("-show_format", "-show_streams", "-of", "json")
# Of every stream of moving pictures: which one is analysed is not known yet.
_PACKETS = ("-select_streams", "V", "-show_entries", packets.PACKET_ENTRIES, "-of", "csv=print_section=0")
_TOO_LARGE = re.compile(r"Picture size (\d{4,10})x(\d{4,10}) is invalid")


@dataclass(frozen=True)
class ProbeLimits:
    """What one probe may use: each run of ffprobe, and packets read."""

    process: ProcessLimits
    packets: int


@dataclass(frozen=True)
class Probed:
    """What the header says, what the packets say (None when there are none), and whether the file is whole."""

    header: facts.Header
    packets: packets.PacketFacts | None
    structure: Structure = WHOLE


def probe(cancelled: Callable[[], bool], path: Path, limits: ProbeLimits) -> Probed:
    """Read the header, then walk the packets of the video; ffprobe decodes at most what the header needs.

    Raises:
        Refusal: INVALID_ARGUMENT with NOT_A_VIDEO, INCOMPLETE_FILE or NO_VIDEO_STREAM; FAILED_PRECONDITION with
            FRAME_TOO_LARGE; DEADLINE_EXCEEDED with PROBE_TIMEOUT; INTERNAL with PROBE_FAILED when ffprobe itself
            breaks.
        ProcessCancelled: When `cancelled()` turned true.
    """
    try:
        # At once: starting ffprobe takes longer than its work on a short video, and everything waits for it.
        with (
            MediaProcess(_command(path, *_HEADER), limits.process, cancelled) as header_process,
            MediaProcess(_command(path, *_PACKETS), limits.process, cancelled) as packets_process,
        ):
            header = _header(header_process, path)
            found = _packets(packets_process, path, header.video.stream_index, limits.packets)
        return Probed(header, found, walk(path))
    except ProcessTimedOut:
        raise Refusal(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "PROBE_TIMEOUT",
            "Reading this file took too long. Try again later, or save the video anew and send that.",
        ) from None


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
    refuse_huge_frames(header.video.width, header.video.height)
    return header


def _packets(process: MediaProcess, path: Path, stream: int, limit: int) -> packets.PacketFacts | None:
    found = packets.read(_lines(process.chunks()), stream, limit)
    # A file cut short is an answer too, as long as its beginning can be read.
    if found is None:
        _check(process, path)
    return found


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


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Lines of a byte stream; one that grows too long is dropped."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode("ascii", "replace")
        rest = rest[-_LONGEST_LINE:]
    yield rest.decode("ascii", "replace")


def _check(process: MediaProcess, path: Path) -> None:
    status = process.exit_status()
    if status < 0:
        log.warning("ffprobe was killed", signal=-status, complaint=process.complaint)
        raise Refusal(
            grpc.StatusCode.INTERNAL, "PROBE_FAILED", "This file could not be read. Save the video anew and send that."
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
            "The end of this video is missing, and with it what is needed to play it: the recording or a copy was cut "
            "off. Copy the file again, or save the video anew and send that.",
        )
    return Refusal(
        grpc.StatusCode.INVALID_ARGUMENT,
        "NOT_A_VIDEO",
        sentence
        or "This file is not a video that can be read. Send an MP4, MOV, WebM, MKV, AVI, FLV, MPEG, WMV or Ogg file.",
    )
