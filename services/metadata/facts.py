"""Facts from ffprobe's JSON, checked and bounded. Pure: from any JSON to facts, or a refusal."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import grpc

from services.kit.errors import Refusal
from services.kit.media.orientation import quarter_turns, quarter_turns_of_degrees
from services.kit.media.shape import believed_aspect, first_shown, square_size
from services.metadata.marks import generator_marks

_LONGEST_TEXT = 120
_LARGEST_SIDE = 1 << 16
_LARGEST_COUNT = 1 << 53
_HDR = frozenset({"smpte2084", "arib-std-b67"})
_INTERLACED = frozenset({"tt", "bb", "tb", "bt"})
_MATRIX_ROW = re.compile(r"[0-9a-f]{8}:\s+(-?\d{1,10})\s+(-?\d{1,10})\s+(-?\d{1,10})\s")
_LONGEST_MATRIX = 200
_CLOCK = re.compile(r"(\d{1,6}):(\d{1,2}):(\d{1,2}(?:\.\d{1,12})?)")

Json = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class VideoHeader:
    """The analysed video stream as its header describes it; see `VideoFacts` in the contract for the units.

    Width and height are stored pixels, turned upright. `pixel_aspect` is the width of a stored pixel over its height,
    before turning.
    """

    stream_index: int
    codec: str
    profile: str | None
    width: int
    height: int
    rotation_deg: int
    pixel_aspect: float
    interlaced: bool
    pixel_format: str
    fps: float | None
    frame_count: int | None
    duration_s: float | None
    bit_rate: float | None
    start_s: float | None
    hdr: bool = False

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height as a player shows the picture."""
        if self.rotation_deg % 180:
            height, width = square_size(self.height, self.width, self.pixel_aspect)
            return width, height
        return square_size(self.width, self.height, self.pixel_aspect)


@dataclass(frozen=True)
class AudioHeader:
    """The sound stream that is analysed; see `AudioFacts` in the contract for the units."""

    stream_index: int
    codec: str
    profile: str | None
    sample_rate_hz: int
    channels: int
    bit_rate: float | None
    duration_s: float | None
    start_s: float
    unreadable: bool = False
    channel_layout: str | None = None


@dataclass(frozen=True)
class Header:
    """What the container and its streams say of themselves. Of video and audio, one at least is there."""

    container: str
    duration_s: float | None
    bit_rate: float | None
    creation_time: datetime | None
    encoder: str | None
    video: VideoHeader | None
    audio: AudioHeader | None
    video_streams: int
    audio_streams: int
    other_videos: tuple[str, ...] = ()
    """Which videos are not looked at, in a few words each."""
    generator_marks: tuple[str, ...] = ()
    """What its tags say of a generator; see `services.metadata.marks`."""


def read(document: Any) -> Header:
    """Facts from ffprobe's ``-show_format -show_streams`` JSON.

    Of videos that are no cover picture, the one that players show: one marked as default, the largest of those. Of
    sounds that can be decoded, the first one marked as default, else the first.

    Raises:
        Refusal: INVALID_ARGUMENT with NO_VIDEO_STREAM when there is neither picture nor sound, or a picture whose size
            is not known; with UNSUPPORTED_CODEC when there is no picture, and no sound that can be decoded.
    """
    container = _mapping(_mapping(document).get("format"))
    streams = [_mapping(stream) for stream in _list(_mapping(document).get("streams"))]
    videos = [stream for stream in streams if stream.get("codec_type") == "video" and not _is_picture(stream)]
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio"]
    video = first_shown(videos, _is_default, _area)
    if video is None and not sounds:
        raise _no_video(
            "This file has neither a video nor sound in it. Send a video that shows a face, or a recording of a voice."
        )
    # The service that decodes it ranks them alike, where it has to look for itself.
    ranked = sorted(sounds, key=lambda stream: (_is_unreadable(stream), not _is_default(stream)))
    sound = next(iter(ranked), None)
    if video is None and sound is not None and _is_unreadable(sound):
        codec = printable(sound.get("codec_name")) or "unknown"
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT,
            "UNSUPPORTED_CODEC",
            f"The sound in this file is in a format that cannot be read here ({codec}). Save it as WAV or MP3 and send "
            "that.",
        )
    tags = [_tags(container), _tags(video or sound or {})]
    return Header(
        container=printable(container.get("format_name")) or "unknown",
        duration_s=_positive(container.get("duration")),
        bit_rate=_positive(container.get("bit_rate")),
        creation_time=_first(time_of, tags, "creation_time", "com.apple.quicktime.creationdate"),
        encoder=_first(printable, tags, "encoder", "com.apple.quicktime.software", "software", "writing_application"),
        video=None if video is None else _video(video),
        audio=None if sound is None else _audio(sound),
        video_streams=len(videos),
        other_videos=tuple(_described(stream) for stream in videos if stream is not video),
        audio_streams=len(sounds),
        generator_marks=generator_marks([_tags(container), *map(_tags, streams)]),
    )


def _video(stream: Json) -> VideoHeader:
    width, height = _count(stream.get("width"), _LARGEST_SIDE), _count(stream.get("height"), _LARGEST_SIDE)
    if not width or not height:
        raise _no_video("The video in this file cannot be read: not even its size is known.")
    rotation = _rotation_deg(stream)
    if rotation in (90, 270):
        width, height = height, width
    return VideoHeader(
        stream_index=_count(stream.get("index"), 1 << 31) or 0,
        codec=printable(stream.get("codec_name")) or "unknown",
        profile=printable(stream.get("profile")),
        width=width,
        height=height,
        rotation_deg=rotation,
        pixel_aspect=believed_aspect(_ratio(stream.get("sample_aspect_ratio"), ":")),
        interlaced=stream.get("field_order") in _INTERLACED,
        pixel_format=printable(stream.get("pix_fmt")) or "unknown",
        fps=_positive(_ratio(stream.get("avg_frame_rate"), "/")),
        frame_count=_count(stream.get("nb_frames"), _LARGEST_COUNT),
        duration_s=_duration(stream),
        bit_rate=_positive(stream.get("bit_rate")),
        start_s=_number(stream.get("start_time")),
        hdr=stream.get("color_transfer") in _HDR,
    )


def _audio(stream: Json) -> AudioHeader:
    return AudioHeader(
        stream_index=_count(stream.get("index"), 1 << 31) or 0,
        codec=printable(stream.get("codec_name")) or "unknown",
        profile=printable(stream.get("profile")),
        sample_rate_hz=_count(stream.get("sample_rate"), 1 << 31) or 0,
        channels=_count(stream.get("channels"), 1 << 10) or 0,
        bit_rate=_positive(stream.get("bit_rate")),
        duration_s=_duration(stream),
        start_s=_number(stream.get("start_time")) or 0.0,
        unreadable=_is_unreadable(stream),
        channel_layout=printable(stream.get("channel_layout")),
    )


def _is_unreadable(sound: Json) -> bool:
    """Whether there is no decoder for a sound: ffprobe, which tries, then knows no kind of sample."""
    return printable(sound.get("sample_fmt")) is None


def _is_default(stream: Json) -> bool:
    return _mapping(stream.get("disposition")).get("default") == 1


def _area(stream: Json) -> int:
    return (_count(stream.get("width"), _LARGEST_SIDE) or 0) * (_count(stream.get("height"), _LARGEST_SIDE) or 0)


def _described(stream: Json) -> str:
    number = (_count(stream.get("index"), 1 << 31) or 0) + 1
    size = f", {stream.get('width')} by {stream.get('height')}" if _area(stream) else ""
    return f"track {number}{size}"


def _is_picture(stream: Json) -> bool:
    """Whether a video stream is a cover picture or a thumbnail."""
    disposition = _mapping(stream.get("disposition"))
    return any(disposition.get(kind) == 1 for kind in ("attached_pic", "timed_thumbnails", "still_image"))


def _duration(stream: Json) -> float | None:
    """The header's duration; Matroska keeps it in a tag, as hours:minutes:seconds."""
    clock = _CLOCK.fullmatch(str(_tags(stream).get("duration", ""))[:_LONGEST_TEXT].strip())
    tagged = sum(float(part) * unit for part, unit in zip(clock.groups(), (3600, 60, 1), strict=True)) if clock else 0
    return _positive(stream.get("duration")) or _positive(tagged)


def _rotation_deg(stream: Json) -> int:
    """Clockwise quarter turns a player applies, in degrees; ffprobe counts the other way round.

    A mirrored picture is turned as the face service turns it; see `quarter_turns`.
    """
    for side_data in map(_mapping, _list(stream.get("side_data_list"))):
        matrix = _matrix(side_data.get("displaymatrix"))
        if matrix is not None:
            return -90 * quarter_turns(matrix) % 360
        counter_clockwise = _number(side_data.get("rotation"))
        if counter_clockwise is not None:
            return -90 * quarter_turns_of_degrees(counter_clockwise) % 360
    return round((_number(_tags(stream).get("rotate")) or 0.0) / 90) * 90 % 360


def _matrix(value: Any) -> list[int] | None:
    """The nine numbers of a display matrix from the three lines that ffprobe prints."""
    rows = _MATRIX_ROW.findall(str(value)[:_LONGEST_MATRIX])
    return [int(number) for row in rows for number in row] if len(rows) == 3 else None


def _ratio(value: Any, separator: str) -> float | None:
    over, _, under = str(value)[:_LONGEST_TEXT].partition(separator)
    numerator, denominator = _number(over), _number(under)
    return numerator / denominator if numerator is not None and denominator else None


def time_of(value: Any) -> datetime | None:
    """An ISO 8601 time, UTC when it names no zone. The epochs themselves mean that nobody set the clock."""
    try:
        moment = datetime.fromisoformat(str(value)[:_LONGEST_TEXT].strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None if moment.timestamp() == 0 or moment.year <= 1904 else moment


def printable(value: Any) -> str | None:
    """Printable text of bounded length, or None; the file's author chose it, and it will be shown on a page."""
    if not isinstance(value, str):
        return None
    shown = "".join(
        character
        for character in value[: 4 * _LONGEST_TEXT]
        if unicodedata.category(character)[0] not in "CZ" or character == " "
    )
    return " ".join(shown.split())[:_LONGEST_TEXT].strip() or None


def _first(parse: Callable[[Any], T | None], owners: list[dict[str, Any]], *names: str) -> T | None:
    """The first tag of those names that `parse` understands, the container's before the stream's."""
    parsed = (parse(tags.get(name)) for tags in owners for name in names)
    return next((value for value in parsed if value is not None), None)


def _tags(owner: Json) -> dict[str, Any]:
    """Tags by lower-case name: Matroska writes them in capitals."""
    return {str(name).lower(): value for name, value in _mapping(owner.get("tags")).items()}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < _LARGEST_COUNT else None


def _positive(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _count(value: Any, most: int) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number <= most else None


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _no_video(message: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "NO_VIDEO_STREAM", message)
