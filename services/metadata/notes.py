"""Oddities of a file in plain language, for a person to read.

They are never scored: they tell how a file was made, not whether what it shows is true. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.metadata.facts import Header, VideoHeader
from services.metadata.packets import PacketFacts
from services.metadata.structure import WHOLE, Structure

# Patterns over the encoder tag. The first that fits names the tool.
_TOOLS: tuple[tuple[str, str], ...] = (
    (r"handbrake", "HandBrake"),
    (r"premiere|adobe", "an Adobe program"),
    (r"after effects", "Adobe After Effects"),
    (r"davinci|blackmagic", "DaVinci Resolve"),
    (r"final cut|imovie|compressor", "an Apple editing program"),
    (r"capcut|jianying", "CapCut"),
    (r"vegas", "VEGAS"),
    (r"kdenlive|shotcut|mlt", "a free video editor"),
    (r"moviemaker|clipchamp", "a Microsoft video editor"),
    (r"obs|bandicam|camtasia|screenflow", "a screen recorder"),
    (r"google|youtube", "a Google service"),
    (r"lav[cf]|ffmpeg|x26[45]", "FFmpeg, which many sites and programs use"),
)

_MOST_NAMED = 3
_GAP_S = 0.5
_GAP_SHARE = 0.05
_LOW_BITS_PER_PIXEL = 0.02
_USUAL_PIXEL_FORMATS = frozenset({"yuv420p", "yuvj420p", "yuv420p10le", "nv12", "yuv420p10", "unknown"})
_USUAL_CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})
_CLOCK_ERROR = timedelta(days=2)
_FULL_VOICE_HZ = 16_000  # samples a second that what is measured of a voice needs


@dataclass(frozen=True)
class Note:
    """A stable reason and a sentence for a person."""

    reason: str
    text: str


def about(header: Header, packets: PacketFacts | None, now: datetime, structure: Structure = WHOLE) -> list[Note]:
    """Everything odd about a file, most telling first.

    Args:
        header: What the file says of itself.
        packets: What its video packets say; None when they could not be read.
        now: The time to hold the creation time against.
        structure: Whether the file is whole.
    """
    return [
        *_wholeness(structure),
        *_making(header, now),
        *_picture(header),
        *_sound(header),
        *_timing(header, packets),
    ]


def _wholeness(structure: Structure) -> Iterator[Note]:
    if structure.is_cut_short:
        yield Note(
            "TRUNCATED",
            "The end of the file is missing: the recording or a copy was cut off. Only what is there was analysed.",
        )


def _making(header: Header, now: datetime) -> Iterator[Note]:
    if header.generator_marks:
        yield Note(
            "MARKED_AS_GENERATED",
            f"A tag in this file says {', and '.join(header.generator_marks)}. That is the file's own word: anyone can "
            "write such a tag, and the verdict does not count it.",
        )
    encoder = (header.encoder or "").lower()
    tool = next((name for pattern, name in _TOOLS if re.search(rf"\b(?:{pattern})", encoder)), None)
    if tool:
        yield Note(
            "EDITED_WITH",
            f"This file was last saved by {tool}. It is not the camera's original, which is common and harmless.",
        )
    if header.creation_time and header.creation_time > now + _CLOCK_ERROR:
        yield Note("CREATED_IN_FUTURE", "The file says it was made in the future, so a clock was wrong.")
    if header.video_streams > 1 and header.video is not None:
        yield Note("SEVERAL_VIDEO_STREAMS", _several_videos(header, header.video))


def _several_videos(header: Header, shown: VideoHeader) -> str:
    others = "; ".join(header.other_videos[:_MOST_NAMED])
    more = " and more" if len(header.other_videos) > _MOST_NAMED else ""
    return (
        f"The file holds {header.video_streams} videos. Only the one that players show was analysed (track "
        f"{shown.stream_index + 1}), and not the {'other' if header.video_streams == 2 else 'others'} "
        f"({others}{more})."
    )


def _picture(header: Header) -> Iterator[Note]:
    video = header.video
    if video is None:
        return
    if video.rotation_deg:
        yield Note(
            "ROTATED",
            f"The picture is stored sideways or upside down and turned by {video.rotation_deg}° for playing, as phones "
            "do. It was looked at upright.",
        )
    if video.interlaced:
        yield Note(
            "INTERLACED",
            "Each picture is woven from two that were taken one after the other, as in television. It was looked at as "
            "it is stored, and movement shows as fine combs.",
        )
    if video.pixel_aspect != 1:
        wide, high = video.shown_size
        yield Note(
            "STRETCHED",
            f"The picture is stored as {video.width} by {video.height} pixels that are not square, as on DVDs and in "
            f"television. It was analysed as a player shows it, {wide} by {high}.",
        )
    if video.hdr:
        yield Note(
            "HDR",
            "The picture is stored in HDR, with more light and dark than ordinary screens show, as newer phones record "
            "it. It was analysed as an ordinary screen shows it, which leaves out some of its detail.",
        )
    if video.pixel_format not in _USUAL_PIXEL_FORMATS:
        yield Note(
            "UNUSUAL_PIXEL_FORMAT",
            f"Colours are stored in a way that cameras and phones rarely use ({video.pixel_format}). "
            "Editing and research tools do.",
        )
    if video.codec not in _USUAL_CODECS:
        yield Note(
            "OLD_CODEC",
            f"The picture is stored in an older or rarely used format ({video.codec}), as older cameras and "
            "converters do.",
        )


def _sound(header: Header) -> Iterator[Note]:
    sound = header.audio
    if sound is None:
        return
    if sound.unreadable:
        yield Note(
            "SOUND_UNREADABLE",
            f"The sound is stored in a format that cannot be read here ({sound.codec}), so it was not listened to.",
        )
        return
    if header.audio_streams > 1:
        yield Note(
            "SEVERAL_SOUNDS",
            f"The file holds {header.audio_streams} soundtracks. Only one was listened to: of those that can be read "
            "the one a player would choose.",
        )
    if 0 < sound.sample_rate_hz < _FULL_VOICE_HZ:
        yield Note(
            "NARROW_SOUND",
            "The sound holds only the lower part of a voice, as a telephone call does. What was measured of the voice "
            "cannot be compared with that of other videos.",
        )


def _timing(header: Header, packets: PacketFacts | None) -> Iterator[Note]:
    video = header.video
    if packets is None or video is None:
        return
    if packets.variable_frame_rate:
        yield Note(
            "VARIABLE_FRAME_RATE",
            "The time between pictures varies, as in phone videos, screen recordings and calls.",
        )
    if packets.bit_rate and packets.fps:
        bits = packets.bit_rate / (video.width * video.height * packets.fps)
        if bits < _LOW_BITS_PER_PIXEL:
            yield Note(
                "LOW_BIT_RATE",
                "The video is strongly compressed. Lost detail makes real and fake harder to tell apart.",
            )
    if not packets.complete:
        yield Note("VERY_LONG", "The video is very long. What is said of the file comes from its first part.")
    elif header.audio and header.audio.duration_s and packets.duration_s:
        yield from _sound_gap(header.audio.duration_s, packets.duration_s)


def _sound_gap(sound_s: float, picture_s: float) -> Iterator[Note]:
    gap_s = sound_s - picture_s
    if abs(gap_s) <= max(_GAP_S, _GAP_SHARE * picture_s):
        return
    reason, word = ("LONGER_SOUND", "longer") if gap_s > 0 else ("SHORTER_SOUND", "shorter")
    yield Note(
        reason,
        f"The sound is {abs(gap_s):.1f} seconds {word} than the picture. Cutting and converting often cause this.",
    )
