"""Videos whose headers, lengths or time stamps are false, or that end too soon."""

import random
import struct

from tests.integration.hostile import boxes
from tests.integration.hostile.inputs import Answered, Input, Maker, Refused, reasons
from tests.integration.hostile.workshop import Workshop

_BILLION = struct.pack(">I", 1_000_000_000)
_MILLION_S = 1_000_000
WHOLE = Answered(frames=(95, 105))
_PIECES = ("-c:a", "copy", "-c:v", "libx264", "-g", "10", "-movflags", "frag_keyframe+empty_moov")
NO_FRAMES = Answered(frames=(0, 0), coverage=0, faces=0, insufficiency=reasons("NO_FRAMES"))
CUT = Answered(frames=(35, 75), warnings=reasons("TRUNCATED"))


def _edit(kind: bytes, at: int, value: bytes, *, every: bool = False) -> Maker:
    return lambda shop: boxes.edited(shop.silent(), kind, boxes.patched(at, value), every=every)


def _long_header(shop: Workshop) -> bytes:
    """A million seconds in every header of an MP4: movie, track and media."""
    data = shop.silent()
    movie = struct.unpack_from(">I", boxes.payload(data, b"mvhd"), 12)[0]
    media = struct.unpack_from(">I", boxes.payload(data, b"mdhd"), 12)[0]
    claim = min(_MILLION_S * media, 0xFFFFFFFF)
    for kind, at, value in (
        (b"mvhd", 16, _MILLION_S * movie),
        (b"tkhd", 20, _MILLION_S * movie),
        (b"mdhd", 16, claim),
        (b"elst", 8, _MILLION_S * movie),
    ):
        data = boxes.edited(data, kind, boxes.patched(at, struct.pack(">I", value)))
    return data


def _time_table(*entries: tuple[int, int]) -> Maker:
    """The face clip with its frames at these intervals: (how many, ticks of 1/12800 s)."""
    return lambda shop: _retimed(_plain(shop), *entries)


def _retimed(data: bytes, *entries: tuple[int, int]) -> bytes:
    table = struct.pack(">II", 0, len(entries)) + b"".join(struct.pack(">II", *entry) for entry in entries)
    data = boxes.edited(data, b"stts", lambda _: table)
    # Without the edit list, which says how long it was.
    edits = next(box for box in boxes.boxes(data) if box.kind == b"edts")
    return data[: edits.start + 4] + b"free" + data[edits.start + 8 :]


def _plain(shop: Workshop) -> bytes:
    """Without frames that wait for later ones, so that the time table alone says when each is shown."""
    return shop.reencoded("mp4", "libx264", "-bf", "0", "-g", "25", "-video_track_timescale", "12800", seconds=4)


def _long_matroska(shop: Workshop) -> bytes:
    data = shop.converted("mkv", "-an", "-c", "copy")
    at = data.index(b"\x44\x89\x88") + 3
    return data[:at] + struct.pack(">d", _MILLION_S * 1000.0) + data[at + 8 :]


def _cut(suffix: str, *options: str, share: float = 0.5) -> Maker:
    def make(shop: Workshop) -> bytes:
        data = shop.converted(suffix, *options)
        return data[: int(len(data) * share)]

    return make


def _scrambled(shop: Workshop) -> bytes:
    """Everything right but the pictures themselves."""
    return boxes.edited(shop.silent(), b"mdat", lambda inside: random.Random(5).randbytes(len(inside)))


def _damaged(shop: Workshop) -> bytes:
    """A hole in the middle third."""
    data = shop.silent()
    media = next(box for box in boxes.boxes(data) if box.kind == b"mdat")
    third = (media.end - media.start) // 3
    return data[: media.start + third] + bytes(third) + data[media.start + 2 * third :]


def _renamed_codec(kind: bytes) -> Maker:
    def make(shop: Workshop) -> bytes:
        return boxes.edited(shop.silent(), b"stsd", lambda inside: inside.replace(b"avc1", kind, 1))

    return make


def _huge(side: int, *, headers: bool = True) -> Maker:
    """Motion JPEG whose pictures say that they are this large; what they are in says so too, or not."""

    def make(shop: Workshop) -> bytes:
        data = shop.reencoded("avi", "mjpeg", "-qscale:v", "4", "-frames:v", "5")
        # A JPEG gives its height before its width, after a marker, a length and the depth in bits.
        start = data.index(b"\xff\xc0")
        frame = data[start : start + 5]
        data = data.replace(frame + struct.pack(">HH", 240, 320), frame + struct.pack(">HH", side, side))
        return data.replace(struct.pack("<II", 320, 240), struct.pack("<II", side, side)) if headers else data

    return make


def _huge_by_header(shop: Workshop) -> bytes:
    """Pictures of 320 × 240 in an index that says 65 535 × 65 535."""
    size = struct.pack(">HH", 65535, 65535)
    data = boxes.edited(shop.silent(), b"stsd", lambda inside: inside.replace(struct.pack(">HH", 320, 240), size, 1))
    return boxes.edited(data, b"tkhd", boxes.patched(-8, struct.pack(">HHHH", 65535, 0, 65535, 0)))


def _jumping_stream(shop: Workshop) -> bytes:
    """Three recordings one after another in a transport stream: the clock jumps back, then far ahead."""

    def part(offset_s: int) -> bytes:
        return shop.reencoded("ts", "mpeg2video", "-output_ts_offset", str(offset_s), "-qscale:v", "4", seconds=1)

    return part(100) + part(0) + part(50_000)


def _pause(shop: Workshop) -> bytes:
    """A recording with a pause of a thousand seconds."""
    moved = "setpts='PTS+if(gte(N,50),1000/TB,0)'"
    return shop.reencoded("mp4", "libx264", "-vf", moved, "-fps_mode", "vfr", seconds=4)


def _negative_times(shop: Workshop) -> bytes:
    return shop.converted("mov", "-an", "-c", "copy", "-avoid_negative_ts", "disabled", "-output_ts_offset", "-1.5")


def _at_rate(fps: int, frames: int) -> Maker:
    """The same frames, shown at another rate, over and over."""

    def make(shop: Workshop) -> bytes:
        loop = ("-stream_loop", "-1", "-i", str(shop.face), "-an", "-vf", f"setpts=N/{fps}/TB", "-r", str(fps))
        return shop.made("mp4", *loop, "-frames:v", str(frames), "-c:v", "libx264", "-preset", "ultrafast")

    return make


def _burst(shop: Workshop) -> bytes:
    """Three thousand tiny frames within a second, then one a second for a while."""
    source = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=25", "-frames:v", "3018", "-c:v", "mpeg4")
    return _retimed(shop.made("mp4", *source, "-video_track_timescale", "12800"), (3000, 4), (18, 12800))


def _two_videos(shop: Workshop) -> bytes:
    return shop.converted("mp4", "-t", "2", "-map", "0:v", "-map", "0:v", "-c:v", "libx264", "-s:v:1", "160x120")


# Twice the budget of 600 frames would be the most.
BURST = Answered(
    frames=(1, 1200), coverage=0, faces=0, insufficiency=reasons("NO_FACE"), warnings=reasons("FRAMES_UNREADABLE")
)

LIES: tuple[Input, ...] = (
    Input("a million seconds in the header", _long_header, WHOLE),
    Input("a million seconds in matroska", _long_matroska, WHOLE),
    Input("a million seconds for the last frame", _time_table((99, 512), (1, 0xFFFFFFFF)), WHOLE),
    Input("a day for every frame", _time_table((100, 0x7FFFFFFF)), NO_FRAMES),
    Input(
        "every frame at once",
        _time_table((100, 0)),
        Answered(frames=(1, 105), warnings=reasons("FRAMES_UNREADABLE", "TIMES_MADE_UP")),
    ),
    Input("a billion in the time table", _edit(b"stts", 8, _BILLION), WHOLE),
    Input(
        "a billion entries in the time table",
        _edit(b"stts", 4, _BILLION),
        Refused("NOT_A_VIDEO"),
    ),
    Input(
        "a billion frames of one size",
        _edit(b"stsz", 4, struct.pack(">II", 1, 1_000_000_000)),
        Refused("NO_DECODABLE_FRAME"),
    ),
    Input("a billion sizes", _edit(b"stsz", 8, _BILLION), Refused("NOT_A_VIDEO")),
    Input("a billion frames in a chunk", _edit(b"stsc", 12, _BILLION), WHOLE),
    Input("16k pixels", _huge(16384), Refused("FRAME_TOO_LARGE"), words="16384"),
    Input("10k pixels", _huge(10000), Refused("FRAME_TOO_LARGE"), words="10000"),
    Input("16k pixels behind a small header", _huge(16384, headers=False), Refused("NO_DECODABLE_FRAME")),
    Input("65k pixels by the header", _huge_by_header, WHOLE),
    Input("scrambled pictures", _scrambled, Refused("NO_DECODABLE_FRAME"), words="damaged"),
    Input("unknown codec", _renamed_codec(b"zzzz"), Refused("UNSUPPORTED_CODEC")),
    Input("encrypted", _renamed_codec(b"encv"), Refused("UNSUPPORTED_CODEC")),
    Input(
        "a hole in the middle",
        _damaged,
        Answered(frames=(30, 105), coverage=0.8, warnings=reasons("FRAMES_UNREADABLE")),
    ),
)

CUTS: tuple[Input, ...] = (
    Input("mp4 cut in the middle", _cut("mp4", "-c", "copy", "-movflags", "faststart"), CUT),
    Input(
        "mp4 in pieces cut in the middle",
        _cut("mp4", *_PIECES),
        CUT,
    ),
    Input("mkv cut in the middle", _cut("mkv", "-c", "copy"), CUT),
    Input(
        "webm cut in the middle", _cut("webm", "-c:v", "libvpx", "-b:v", "500k", "-an", "-deadline", "realtime"), CUT
    ),
    Input("avi cut in the middle", _cut("avi", "-c:v", "mpeg4", "-qscale:v", "4", "-c:a", "libmp3lame"), CUT),
    Input("flv cut in the middle", _cut("flv", "-c", "copy"), CUT),
    Input("wmv cut in the middle", _cut("wmv", "-c:v", "wmv2", "-qscale:v", "4", "-c:a", "wmav2"), CUT),
    # These say nowhere how long they are: a cut one is only a shorter one.
    Input("ts cut in the middle", _cut("ts", "-c", "copy"), Answered(frames=(35, 75))),
    Input(
        "mpg cut in the middle", _cut("mpg", "-c:v", "mpeg2video", "-qscale:v", "4", "-an"), Answered(frames=(35, 75))
    ),
)

TIMES: tuple[Input, ...] = (
    Input(
        "one frame",
        lambda shop: shop.reencoded("mp4", "libx264", "-frames:v", "1"),
        Answered(frames=(1, 1), insufficiency=reasons("TRACK_TOO_SHORT")),
    ),
    Input("one frame a second", _at_rate(1, 180), Answered(frames=(175, 180), coverage=0.8, faces=None)),
    Input("240 frames a second", _at_rate(240, 480), Answered(frames=(55, 65), faces=None)),
    Input(
        "variable frame rate",
        _time_table(*[(1, 256), (1, 768)] * 50),
        Answered(frames=(95, 105), notes=reasons("VARIABLE_FRAME_RATE")),
    ),
    Input("negative times", _negative_times, Answered(frames=(60, 105))),
    Input("times that jump", _jumping_stream, Answered(frames=(20, 80), warnings=reasons("FRAMES_UNREADABLE"))),
    Input("a long pause", _pause, Answered(frames=(90, 105))),
    Input("a burst of frames", _burst, BURST),
    Input("two videos", _two_videos, Answered(notes=reasons("SEVERAL_VIDEO_STREAMS"))),
)
