"""From ffprobe's JSON to facts, whatever the JSON says."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kit.errors import Refusal
from services.metadata import facts
from tests.synthetic.display_matrices import NAMED, Matrix


def _document(**video: Any) -> dict[str, Any]:
    stream = {"codec_type": "video", "codec_name": "h264", "width": 640, "height": 360, "pix_fmt": "yuv420p", **video}
    return {"format": {"format_name": "mov,mp4", "tags": {}}, "streams": [stream]}


def _video(header: facts.Header) -> facts.VideoHeader:
    """That of a file that has one."""
    assert header.video is not None
    return header.video


@pytest.mark.parametrize(
    ("rotation", "expected", "size"),
    [(-90, 90, (360, 640)), (90, 270, (360, 640)), (180, 180, (640, 360)), (0, 0, (640, 360)), (-89.6, 90, (360, 640))],
)
def test_rotation_is_clockwise_and_the_size_is_upright(rotation: float, expected: int, size: tuple[int, int]) -> None:
    video = _video(facts.read(_document(side_data_list=[{"side_data_type": "x"}, {"rotation": rotation}])))
    assert video.rotation_deg == expected
    assert (video.width, video.height) == size


@pytest.mark.parametrize(("matrix", "clockwise_deg", "mirrored"), NAMED.values(), ids=NAMED)
def test_a_display_matrix_is_unmirrored(matrix: Matrix, clockwise_deg: int, mirrored: bool) -> None:
    a, b, c, d = (number * 65_536 for number in matrix)
    rows = [(a, b, 0), (c, d, 0), (0, 0, 1 << 30)]
    printed = "\n" + "".join(f"{i:08x}: {x:>11} {y:>11} {z:>11}\n" for i, (x, y, z) in enumerate(rows))
    # Of a mirror the angle beside it says too little, and of zeros that it is no number: it is not looked at.
    side_data = {"side_data_type": "Display Matrix", "displaymatrix": printed, "rotation": -(2**63)}
    assert _video(facts.read(_document(side_data_list=[side_data]))).rotation_deg == clockwise_deg


@pytest.mark.parametrize("rotation", [-(2**31), -(2**63), 720])
def test_a_rotation_that_is_none_turns_nothing(rotation: int) -> None:
    assert _video(facts.read(_document(side_data_list=[{"rotation": rotation}]))).rotation_deg == 0


def test_an_old_rotation_tag_counts_the_other_way() -> None:
    assert _video(facts.read(_document(tags={"rotate": "90"}))).rotation_deg == 90


def test_pixels_that_are_not_square_are_noticed_and_the_size_stays_as_stored() -> None:
    video = _video(facts.read(_document(sample_aspect_ratio="16:11")))
    assert video.pixel_aspect == pytest.approx(16 / 11)
    assert (video.width, video.height) == (640, 360)
    for usual in ("1:1", "0:1", "N/A", "1:0"):
        assert _video(facts.read(_document(sample_aspect_ratio=usual))).pixel_aspect == 1


def test_the_first_picture_that_is_no_cover_is_chosen() -> None:
    document = _document(index=1)
    cover = {"codec_type": "video", "index": 0, "codec_name": "mjpeg", "width": 9, "height": 9}
    document["streams"].insert(0, {**cover, "disposition": {"attached_pic": 1}})
    document["streams"].append({**cover, "index": 2})
    header = facts.read(document)
    assert _video(header).stream_index == 1
    assert header.video_streams == 2


def test_the_video_that_players_show_is_chosen_and_the_others_are_named() -> None:
    def chosen(*streams: tuple[int, bool]) -> facts.Header:
        document = _document()
        document["streams"] = [
            {**document["streams"][0], "index": index, "width": width, "disposition": {"default": int(default)}}
            for index, (width, default) in enumerate(streams)
        ]
        return facts.read(document)

    assert _video(chosen((640, False), (320, True))).stream_index == 1
    assert _video(chosen((320, False), (640, False))).stream_index == 1
    assert _video(chosen((640, True), (640, True))).stream_index == 0
    assert chosen((640, False), (320, True)).other_videos == ("track 1, 640 by 360",)


def test_the_size_that_is_shown_has_square_pixels_whichever_way_up() -> None:
    stored = {"width": 720, "height": 576, "sample_aspect_ratio": "64:45"}
    assert _video(facts.read(_document(**stored))).shown_size == (1024, 576)
    assert _video(facts.read(_document(**stored, tags={"rotate": "90"}))).shown_size == (576, 1024)
    assert _video(facts.read(_document(**{**stored, "sample_aspect_ratio": "1:2"}))).shown_size == (720, 1152)


def test_the_sound_marked_as_default_is_chosen() -> None:
    document = _document()
    document["streams"] += [
        {"codec_type": "audio", "codec_name": "mp3", "sample_fmt": "fltp", "disposition": {"default": 0}},
        {
            "codec_type": "audio",
            "codec_name": "aac",
            "sample_fmt": "fltp",
            "sample_rate": "44100",
            "disposition": {"default": 1},
            "channels": 6,
            "channel_layout": "5.1",
        },
    ]
    header = facts.read(document)
    assert header.audio is not None
    assert (header.audio.codec, header.audio.sample_rate_hz, header.audio_streams) == ("aac", 44_100, 2)


def test_the_sound_that_can_be_decoded_is_chosen_before_the_default_one() -> None:
    unknown = {"codec_type": "audio", "index": 1, "disposition": {"default": 1}, "channels": 4}
    known = {
        "codec_type": "audio",
        "index": 2,
        "codec_name": "aac",
        "sample_fmt": "fltp",
        "disposition": {"default": 0},
    }
    document = _document()
    document["streams"] += [unknown, known]
    chosen = facts.read(document).audio
    assert chosen is not None
    assert (chosen.stream_index, chosen.unreadable) == (2, False)
    document["streams"].pop()
    only = facts.read(document).audio
    assert only is not None
    assert (only.stream_index, only.codec, only.unreadable) == (1, "unknown", True)


def test_a_sound_without_a_picture_is_a_sound_recording() -> None:
    sound = {"codec_type": "audio", "index": 1, "codec_name": "mp3", "sample_fmt": "fltp", "tags": {"encoder": "Lavf"}}
    cover = {"codec_type": "video", "width": 300, "height": 300, "disposition": {"attached_pic": 1}}
    header = facts.read({"format": {"format_name": "mp3"}, "streams": [cover, sound]})
    assert (header.video, header.video_streams, header.encoder) == (None, 0, "Lavf")
    assert header.audio is not None
    assert (header.audio.codec, header.audio.stream_index) == ("mp3", 1)


def test_a_sound_recording_that_nothing_can_decode_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        facts.read({"streams": [{"codec_type": "audio", "codec_name": "ac4"}]})
    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UNSUPPORTED_CODEC")
    assert "(ac4)" in refused.value.message


@pytest.mark.parametrize("streams", [[], [{"codec_type": "data"}], [{"codec_type": "video"}], "no list", [None, 3]])
def test_neither_picture_nor_sound_is_refused(streams: Any) -> None:
    with pytest.raises(Refusal) as refused:
        facts.read({"streams": streams})
    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.reason == "NO_VIDEO_STREAM"


@pytest.mark.parametrize(
    ("tag", "moment"),
    [
        ("2021-03-04T05:06:07.000000Z", datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2021-03-04T05:06:07+0200", datetime(2021, 3, 4, 3, 6, 7, tzinfo=UTC)),
        ("2021-03-04 05:06:07", datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("1970-01-01T00:00:00.000000Z", None),
        ("1904-01-01T00:00:00.000000Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("last Tuesday", None),
    ],
)
def test_creation_time(tag: str, moment: datetime | None) -> None:
    document = _document()
    document["format"]["tags"] = {"creation_time": tag}
    assert facts.read(document).creation_time == moment


def test_tags_are_cleaned_and_shortened() -> None:
    document = _document(tags={"ENCODER": "a\x00b\x1b[31m\u202ec \n\t d" + "x" * 1000})
    encoder = facts.read(document).encoder
    assert encoder is not None
    assert encoder.startswith("ab[31mc d")
    assert len(encoder) == 120


def test_the_containers_encoder_comes_before_the_streams() -> None:
    document = _document(tags={"encoder": "Lavc libx264"})
    assert facts.read(document).encoder == "Lavc libx264"
    document["format"]["tags"] = {"encoder": "HandBrake"}
    assert facts.read(document).encoder == "HandBrake"


def test_matroska_keeps_durations_in_tags() -> None:
    assert _video(facts.read(_document(tags={"DURATION": "00:01:02.500000000"}))).duration_s == 62.5
    assert _video(facts.read(_document(duration="3.25"))).duration_s == 3.25


_NAMES = [
    *("codec_type", "codec_name", "width", "height", "index", "profile", "pix_fmt", "avg_frame_rate", "nb_frames"),
    *("duration", "DURATION", "bit_rate", "start_time", "tags", "disposition", "side_data_list", "rotation", "rotate"),
    *("sample_aspect_ratio", "sample_rate", "channels", "format", "streams", "format_name", "creation_time"),
    *("encoder", "attached_pic", "default", "displaymatrix"),
]
_leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["video", "audio", "1/0"]),
)
_any = st.recursive(
    _leaf,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)),
    max_leaves=20,
)
_stream = st.fixed_dictionaries(
    {
        "codec_type": st.sampled_from(["video", "audio"]),
        "sample_fmt": st.just("fltp"),
        "width": st.integers(1, 99),
        "height": st.integers(1, 99),
    },
    optional={name: _any for name in _NAMES if name not in ("codec_type", "width", "height")},
)


# A busy machine is no failure.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(_any, st.fixed_dictionaries({"streams": st.lists(st.one_of(_stream, _any), max_size=3), "format": _any}))
)
def test_any_json_gives_facts_or_a_refusal(document: Any) -> None:
    try:
        header = facts.read(document)
    except Refusal:
        return
    numbers = [header.duration_s, header.bit_rate]
    if header.video is not None:
        assert 0 < header.video.width <= 65_536
        assert 0 < header.video.height <= 65_536
        assert header.video.rotation_deg in (0, 90, 180, 270)
        numbers += [header.video.fps, header.video.start_s]
    else:
        assert header.audio is not None
        assert not header.audio.unreadable
        numbers += [header.audio.duration_s, header.audio.start_s]
    json.dumps([header.encoder, header.container], allow_nan=False)
    for value in numbers:
        assert value is None or math.isfinite(value)
