"""Real files of many kinds, and files that are not what they say."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import grpc
import pytest

from services.kit.errors import Refusal
from services.kit.media import container
from services.kit.media.process import ProcessCancelled, ProcessLimits
from services.metadata.facts import VideoHeader
from services.metadata.limits import ProbeLimits
from services.metadata.probing import Probed, probe
from tests.synthetic.display_matrices import NAMED, with_display_matrix
from tests.synthetic.sounds import KINDS, spoken, with_cover

MakeFile = Callable[..., Path]

PICTURE = ("-f", "lavfi", "-i", "testsrc=size=128x64:rate=25:duration=2")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2:sample_rate=44100")
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "20", "-sc_threshold", "0")


def _never() -> bool:
    return False


def _refusal(path: Path, limits: ProbeLimits) -> Refusal:
    with pytest.raises(Refusal) as refused:
        probe(_never, path, limits)
    assert str(path.parent) not in refused.value.message
    return refused.value


def _video(probed: Probed) -> VideoHeader:
    """That of a file that has one."""
    assert probed.header.video is not None
    return probed.header.video


def _packets_of(probed: Probed) -> tuple[int, float | None, float | None]:
    assert probed.packets is not None
    return probed.packets.frame_count, probed.packets.fps, probed.packets.duration_s


@pytest.mark.parametrize(
    ("name", "codecs", "video", "audio", "start_s"),
    [
        ("a.mp4", (*H264, "-c:a", "aac"), "h264", "aac", 0.0),
        ("a.webm", ("-c:v", "libvpx", "-c:a", "libopus"), "vp8", "opus", 0.0),
        ("a.mkv", (*H264, "-c:a", "libvorbis"), "h264", "vorbis", 0.0),
        ("a.avi", ("-c:v", "mpeg4", "-c:a", "libmp3lame"), "mpeg4", "mp3", 0.0),
        ("a.ts", (*H264, "-c:a", "aac"), "h264", "aac", 1.4),
        ("a.flv", ("-c:v", "flv1", "-c:a", "libmp3lame"), "flv1", "mp3", 0.0),
        ("a.mpg", ("-c:v", "mpeg1video", "-c:a", "mp2"), "mpeg1video", "mp2", 0.5),
        ("a.mxf", ("-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000"), "mpeg2video", "pcm_s16le", 0.0),
        ("a.nut", (*H264, "-c:a", "aac"), "h264", "aac", 0.0),
    ],
)
def test_facts_of_every_container(
    make_file: MakeFile, limits: ProbeLimits, name: str, codecs: tuple[str, ...], video: str, audio: str, start_s: float
) -> None:
    probed = probe(_never, make_file(name, *PICTURE, *SOUND, *codecs), limits)
    header = probed.header
    shown = _video(probed)
    assert (shown.codec, shown.width, shown.height) == (video, 128, 64)
    assert header.audio is not None
    assert header.audio.codec == audio
    assert {shown.stream_index, header.audio.stream_index} == {0, 1}
    frames, fps, duration_s = _packets_of(probed)
    assert frames == 50
    assert fps == pytest.approx(25.0, abs=0.1)
    assert duration_s == pytest.approx(2.0, abs=0.05)
    assert probed.packets is not None
    assert probed.packets.start_s == pytest.approx(start_s, abs=0.1)
    assert not probed.packets.variable_frame_rate


@pytest.mark.parametrize("rate", [24, 30, 50])
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("bare.h264", (*H264, "-bf", "2")),
        ("bare.hevc", ("-c:v", "libx265", "-x265-params", "log-level=error")),
        ("silent.ivf", ("-c:v", "libvpx")),
        ("silent.gif", ()),
    ],
)
def test_facts_of_bare_and_silent_streams(
    make_file: MakeFile, limits: ProbeLimits, name: str, codec: tuple[str, ...], rate: int
) -> None:
    """Bare streams hold no times: they are counted from the frame rate that the pictures themselves name."""
    picture = ("-f", "lavfi", "-i", f"testsrc=size=128x64:rate={rate}:duration=2")
    probed = probe(_never, make_file(f"{rate}-{name}", *picture, *codec), limits)
    assert probed.header.container == name.partition(".")[2]
    assert (_video(probed).width, _video(probed).height, probed.header.audio) == (128, 64, None)
    frames, fps, duration_s = _packets_of(probed)
    assert frames == 2 * rate
    assert fps == pytest.approx(rate, rel=0.01)
    assert duration_s == pytest.approx(2.0, abs=0.05)
    assert probed.packets is not None
    assert (probed.packets.start_s, probed.packets.keyframe_times_s[0]) == (0.0, 0.0)
    assert probed.packets.bit_rate is not None
    assert not probed.packets.variable_frame_rate


def test_keyframes_of_a_bare_stream_are_those_of_the_wrapped_one(make_file: MakeFile, limits: ProbeLimits) -> None:
    wrapped = make_file("wrapped.mp4", *PICTURE, *H264)
    bare = make_file("unwrapped.h264", "-i", str(wrapped), "-c", "copy")
    one, other = probe(_never, wrapped, limits).packets, probe(_never, bare, limits).packets
    assert one is not None
    assert other is not None
    assert other.keyframe_times_s == pytest.approx(one.keyframe_times_s, abs=0.001)
    assert other.bit_rate == pytest.approx(one.bit_rate, rel=0.05)


def test_tape_is_read(make_file: MakeFile, limits: ProbeLimits) -> None:
    probed = probe(_never, make_file("tape.dv", *PICTURE, *SOUND, "-target", "pal-dv"), limits)
    assert _video(probed).codec == "dvvideo"
    assert _packets_of(probed) == pytest.approx((50, 25.0, 2.0))
    assert probed.header.audio is not None


@pytest.mark.parametrize("name", ["thirty.webm", "thirty.mkv", "thirty.flv", "thirty.mp4"])
def test_the_frame_rate_is_measured_and_not_that_of_rounded_times(
    make_file: MakeFile, limits: ProbeLimits, name: str
) -> None:
    codec = ("-c:v", "libvpx") if name.endswith("webm") else H264
    path = make_file(name, "-f", "lavfi", "-i", "testsrc=size=128x64:rate=30:duration=2", *codec)
    assert _packets_of(probe(_never, path, limits))[1] == pytest.approx(30.0, abs=0.05)


def test_keyframes_are_where_they_were_put(make_file: MakeFile, limits: ProbeLimits) -> None:
    probed = probe(_never, make_file("keys.ts", *PICTURE, *H264), limits)
    assert probed.packets is not None
    assert probed.packets.keyframe_times_s == pytest.approx((0.0, 0.8, 1.6), abs=0.001)


def test_the_bit_rate_is_that_of_the_bytes(make_file: MakeFile, limits: ProbeLimits) -> None:
    path = make_file("rate.mkv", *PICTURE, *H264)
    probed = probe(_never, path, limits)
    assert probed.packets is not None
    assert probed.packets.bit_rate == pytest.approx(path.stat().st_size * 8 / 2.0, rel=0.15)


def test_a_rotated_video_is_upright(make_file: MakeFile, limits: ProbeLimits) -> None:
    flat = make_file("flat.mp4", *PICTURE, *H264)
    turned = make_file("turned.mp4", "-i", str(flat), "-c", "copy", "-metadata:s:v:0", "rotate=90")
    video = _video(probe(_never, turned, limits))
    assert video.rotation_deg in (90, 270)
    assert (video.width, video.height) == (64, 128)


@pytest.mark.parametrize("name", NAMED)
def test_a_mirrored_video_is_turned_as_if_it_were_not(make_file: MakeFile, limits: ProbeLimits, name: str) -> None:
    matrix, clockwise_deg, _ = NAMED[name]
    video = _video(probe(_never, with_display_matrix(make_file("flat.mp4", *PICTURE, *H264), matrix, name), limits))
    assert video.rotation_deg == clockwise_deg
    assert (video.width, video.height) == ((64, 128) if clockwise_deg in (90, 270) else (128, 64))


def test_a_varying_frame_rate_is_noticed(make_file: MakeFile, limits: ProbeLimits) -> None:
    path = make_file("vfr.mp4", *PICTURE, "-vf", "select='not(between(mod(n,10),4,7))'", "-vsync", "vfr", *H264)
    probed = probe(_never, path, limits)
    assert probed.packets is not None
    assert probed.packets.variable_frame_rate
    assert probed.packets.frame_count == 30


def test_several_videos_are_counted(make_file: MakeFile, limits: ProbeLimits) -> None:
    path = make_file("two.mkv", *PICTURE, *PICTURE, "-map", "0", "-map", "1", *H264)
    probed = probe(_never, path, limits)
    assert probed.header.video_streams == 2
    assert _packets_of(probed)[0] == 50


def test_a_video_cut_short_is_still_a_video(make_file: MakeFile, limits: ProbeLimits, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    whole = make_file("whole.mkv", *PICTURE, *H264).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    assert 1 <= _packets_of(probe(_never, cut, limits))[0] < 50


def test_packets_beyond_the_limit_are_left(make_file: MakeFile, limits: ProbeLimits) -> None:
    probed = probe(_never, make_file("many.mp4", *PICTURE, *H264), replace(limits, packets=10))
    assert probed.packets is not None
    assert (probed.packets.frame_count, probed.packets.complete) == (10, False)


CODECS = {"wav": "pcm_s16le", "m4a": "aac", "ogg": "vorbis", "amr": "amr_nb"}


@pytest.mark.parametrize("kind", KINDS)
def test_facts_of_a_sound_recording(tmp_path: Path, limits: ProbeLimits, kind: str) -> None:
    # Its name says nothing: the content does.
    path = spoken(tmp_path / f"voice.{kind}", 3.0).rename(tmp_path / "voice.mp4")
    probed = probe(_never, path, limits)
    header = probed.header
    assert (header.video, header.video_streams, probed.packets) == (None, 0, None)
    assert header.audio is not None
    assert (header.audio.codec, header.audio.unreadable) == (CODECS.get(kind, kind), False)
    assert probed.sound_end_s is not None
    assert probed.sound_end_s - header.audio.start_s == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("kind", ["mp3", "m4a", "flac"])
def test_a_cover_picture_makes_no_video_of_a_sound_recording(tmp_path: Path, limits: ProbeLimits, kind: str) -> None:
    header = probe(_never, with_cover(tmp_path / f"song.{kind}", 2.0), limits).header
    assert header.video is None
    assert header.audio is not None


def test_the_length_of_a_recording_of_uneven_bit_rate_is_counted(
    make_file: MakeFile, limits: ProbeLimits, tmp_path: Path
) -> None:
    """Its header names none, and what ffprobe makes of the first bit rate and the size is far off."""
    source = ("-f", "lavfi", "-i", "aevalsrc='if(lt(t,2),0,random(0)-0.5)':duration=10:s=44100")
    path = make_file(
        "uneven.mp3", *source, "-c:a", "libmp3lame", "-q:a", "0", "-write_xing", "0", "-id3v2_version", "0"
    )
    probed = probe(_never, path, limits)
    assert probed.header.duration_s is not None
    assert abs(probed.header.duration_s - 10) > 2
    assert probed.sound_end_s == pytest.approx(10.0, abs=0.1)


def test_the_end_of_a_recording_of_more_packets_than_are_read_is_not_known(tmp_path: Path, limits: ProbeLimits) -> None:
    path = spoken(tmp_path / "voice.amr", 3.0)
    assert probe(_never, path, replace(limits, packets=149)).sound_end_s is None
    assert probe(_never, path, replace(limits, packets=150)).sound_end_s == pytest.approx(3.0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100_000,
        b"just some words\n" * 500,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nVIDEO\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile VIDEO\n",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="VIDEO"/></svg>',
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>',
        b"v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ],
    ids=["empty", "zeros", "text", "hls", "concat", "svg", "dash", "sdp"],
)
def test_what_is_no_video_is_refused(make_file: MakeFile, limits: ProbeLimits, tmp_path: Path, content: bytes) -> None:
    video = make_file("innocent.mp4", *PICTURE, *H264)
    path = tmp_path / "upload.mp4"
    path.write_bytes(content.replace(b"VIDEO", str(video).encode()))
    refusal = _refusal(path, limits)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "NOT_A_VIDEO")


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still.gif", "still.webp"])
def test_pictures_are_refused_as_such(make_file: MakeFile, limits: ProbeLimits, name: str) -> None:
    refusal = _refusal(make_file(name, *PICTURE, "-frames:v", "1"), limits)
    assert refusal.reason == "NOT_A_VIDEO"
    assert refusal.message.startswith("This file is a picture")


def test_a_moving_webp_is_refused_with_a_way_out(make_file: MakeFile, limits: ProbeLimits) -> None:
    refusal = _refusal(make_file("moving.webp", *PICTURE), limits)
    assert refusal.reason == "NOT_A_VIDEO"
    assert "animated WebP" in refusal.message
    assert "Save it as a video" in refusal.message


@pytest.mark.parametrize(("left", "raised"), [(2**20, MemoryError), (2**31, Refusal)])
def test_opening_without_memory_says_nothing_of_the_file_and_asking_for_too_much_does(
    make_file: MakeFile, limits: ProbeLimits, monkeypatch: pytest.MonkeyPatch, left: int, raised: type[Exception]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise av.MemoryError(12, "Cannot allocate memory")

    path = make_file("fits.mp4", *PICTURE, *H264)
    monkeypatch.setattr(av, "open", full)
    monkeypatch.setattr(container, "memory_left", lambda: left)
    with pytest.raises(raised):
        probe(_never, path, limits)


def test_a_name_like_an_address_stays_a_file(make_file: MakeFile, limits: ProbeLimits, tmp_path: Path) -> None:
    odd = tmp_path / "concat:a|b%03d.mp4"
    odd.write_bytes(make_file("odd.mp4", *PICTURE, *H264).read_bytes())
    assert _video(probe(_never, odd, limits)).width == 128


def test_running_out_of_time_is_refused(make_file: MakeFile, limits: ProbeLimits) -> None:
    path = make_file("slow.mp4", *PICTURE, *H264)
    refusal = _refusal(path, replace(limits, process=ProcessLimits(0.0, 2 << 30)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "PROBE_TIMEOUT")


def test_it_stops_when_nobody_waits(make_file: MakeFile, limits: ProbeLimits) -> None:
    path = make_file("left.mp4", *PICTURE, *H264)
    with pytest.raises(ProcessCancelled):
        probe(lambda: True, path, limits)
