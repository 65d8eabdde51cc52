"""Each oddity gives its note, and an ordinary file gives none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.metadata.facts import AudioHeader, Header, VideoHeader
from services.metadata.notes import about
from services.metadata.packets import PacketFacts

NOW = datetime(2025, 1, 1, tzinfo=UTC)
VIDEO = VideoHeader(0, "h264", "High", 640, 360, 0, 1.0, False, "yuv420p", 25.0, 250, 10.0, 1e6, 0.0)
AUDIO = AudioHeader(1, "aac", "LC", 44_100, 2, 128_000.0, 10.0, 0.0)
HEADER = Header("mov,mp4", 10.0, 1.1e6, None, None, VIDEO, AUDIO, 1, 1)
PACKETS = PacketFacts(True, 250, 0.0, 10.0, 25.0, False, 1e6, (0.0,))


def _reasons(header: Header = HEADER, packets: PacketFacts | None = PACKETS) -> list[str]:
    return [note.reason for note in about(header, packets, NOW)]


def test_an_ordinary_file_has_no_notes() -> None:
    assert _reasons() == []
    assert _reasons(replace(HEADER, audio=None)) == []
    assert _reasons(packets=None) == []


def test_of_a_sound_recording_only_what_concerns_sound_is_noted() -> None:
    telephone = replace(
        HEADER, video=None, video_streams=0, audio=replace(AUDIO, sample_rate_hz=8_000, duration_s=99.0)
    )
    assert _reasons(telephone, None) == ["NARROW_SOUND"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rotation_deg": 90}, "ROTATED"),
        ({"pixel_format": "yuv444p"}, "UNUSUAL_PIXEL_FORMAT"),
        ({"codec": "mpeg4"}, "OLD_CODEC"),
        ({"pixel_aspect": 64 / 45}, "STRETCHED"),
        ({"interlaced": True}, "INTERLACED"),
        ({"width": 7680, "height": 4320}, "LOW_BIT_RATE"),
    ],
)
def test_odd_pictures(change: dict[str, Any], reason: str) -> None:
    assert _reasons(replace(HEADER, video=replace(VIDEO, **change))) == [reason]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"encoder": "Lavf58.76.100"}, "EDITED_WITH"),
        ({"encoder": "HandBrake 1.6.1"}, "EDITED_WITH"),
        ({"video_streams": 2}, "SEVERAL_VIDEO_STREAMS"),
        ({"creation_time": NOW + timedelta(days=30)}, "CREATED_IN_FUTURE"),
        ({"audio": replace(AUDIO, duration_s=4.0)}, "SHORTER_SOUND"),
        ({"audio": replace(AUDIO, duration_s=12.0)}, "LONGER_SOUND"),
        ({"audio_streams": 2}, "SEVERAL_SOUNDS"),
        ({"audio": replace(AUDIO, sample_rate_hz=8_000)}, "NARROW_SOUND"),
        ({"audio": replace(AUDIO, unreadable=True)}, "SOUND_UNREADABLE"),
        ({"audio": replace(AUDIO, unreadable=True), "audio_streams": 2}, "SOUND_UNREADABLE"),
    ],
)
def test_odd_files(change: dict[str, Any], reason: str) -> None:
    assert _reasons(replace(HEADER, **change)) == [reason]


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"variable_frame_rate": True}, ["VARIABLE_FRAME_RATE"]),
        ({"complete": False, "duration_s": 2.0}, ["VERY_LONG"]),
    ],
)
def test_odd_packets(change: dict[str, Any], reasons: list[str]) -> None:
    assert _reasons(packets=replace(PACKETS, **change)) == reasons


@pytest.mark.parametrize("encoder", ["Mobs camera", "Samsung", "Apple iPhone 14", "slavf"])
def test_a_cameras_own_tag_is_no_editor(encoder: str) -> None:
    assert _reasons(replace(HEADER, encoder=encoder)) == []


def test_small_differences_are_not_odd() -> None:
    assert _reasons(replace(HEADER, audio=replace(AUDIO, duration_s=9.6))) == []
    assert _reasons(replace(HEADER, creation_time=NOW + timedelta(days=1))) == []


def test_notes_are_sentences_that_say_how_much() -> None:
    header = replace(HEADER, encoder="Lavf58", audio=replace(AUDIO, duration_s=4.0), video_streams=3)
    texts = [note.text for note in about(header, PACKETS, NOW)]
    assert all(text[0].isupper() and text.endswith(".") for text in texts)
    assert any("6.0 seconds shorter" in text for text in texts)
    assert any("3 videos" in text for text in texts)
