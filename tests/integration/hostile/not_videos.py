"""Inputs that are no video, or say that their content is elsewhere."""

import random
import struct
import zlib
from dataclasses import replace

from tests.integration.hostile import boxes
from tests.integration.hostile.inputs import Answered, Input, Maker, Refused, reasons
from tests.integration.hostile.workshop import Workshop

NOT_A_VIDEO = Refused("NOT_A_VIDEO")
NO_VIDEO = Refused("NO_VIDEO_STREAM")
HEARD = Answered(coverage=0, frames=(0, 0), faces=0, warnings=reasons("SOUND_ONLY"))
WHOLE = Answered(frames=(95, 105))
SHORT = Answered(frames=(45, 55))
BARE = Answered(frames=(45, 55), warnings=reasons("TIMES_MADE_UP"))


def _fixed(content: bytes | str) -> Maker:
    return lambda shop: content.encode() if isinstance(content, str) else content


def _naming(template: str) -> Maker:
    """Text in which {path} and {url} are the bait."""
    return lambda shop: template.format(path=shop.bait.path, url=shop.bait.url, name="bait.mp4").encode()


def _sound(suffix: str, *options: str) -> Maker:
    return lambda shop: shop.converted(suffix, "-vn", *options)


def _picture(suffix: str) -> Maker:
    return lambda shop: shop.converted(
        suffix, "-frames:v", "1", *(("-update", "1") if suffix not in ("gif", "webp") else ())
    )


def _moving_webp(shop: Workshop) -> bytes:
    return shop.converted("webp", "-an", "-t", "1")


def _album(shop: Workshop) -> bytes:
    """Sound with a cover picture."""
    cover = ("-map", "0:a", "-map", "0:v", "-frames:v", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic")
    return shop.converted("m4a", *cover, "-c:a", "copy")


def _cut_sound(shop: Workshop) -> bytes:
    """Half of a recording whose header promises the whole."""
    data = shop.converted("wav", "-vn")
    return data[: len(data) // 2]


def _subtitles(shop: Workshop) -> bytes:
    """Matroska without picture and sound."""
    subtitles = shop.face.with_name("alone.srt")
    subtitles.write_text("1\n00:00:00,000 --> 00:00:03,000\nwords\n")
    return shop.converted("mkv", "-i", str(subtitles), "-map", "1", "-c:s", "srt")


def _random_bytes(shop: Workshop) -> bytes:
    return random.Random(3).randbytes(200_000)


def _pdf(shop: Workshop) -> bytes:
    page = zlib.compress(b"BT /F1 12 Tf (a video of me) Tj ET" * 200)
    return (
        b"%PDF-1.7\n1 0 obj\n<< /Length " + str(len(page)).encode() + b" >>\nstream\n" + page + b"\nendstream\n%%EOF\n"
    )


def _without_index(shop: Workshop) -> bytes:
    """What is left when a phone dies while it records: media without an index."""
    data = shop.clip()
    return data[: next(box.start for box in boxes.boxes(data) if box.kind == b"moov")]


def _half_an_index(shop: Workshop) -> bytes:
    return shop.clip()[:-1500]


def _reference(make_reference: str, target: str) -> Maker:
    def make(shop: Workshop) -> bytes:
        address = {"path": shop.bait.path, "file": f"file://{shop.bait.path}", "url": shop.bait.url}[target]
        contents = getattr(boxes, make_reference)(address)
        return boxes.edited(shop.silent(), b"dref", lambda _: contents)

    return make


def _reference_movie(shop: Workshop) -> bytes:
    return boxes.reference_movie(shop.bait.url)


def _attachment(shop: Workshop) -> bytes:
    """Matroska with the bait's address as subtitles, and the bait's name as an attachment's."""
    subtitles = shop.face.with_name("subtitles.srt")
    subtitles.write_text(f"1\n00:00:00,000 --> 00:00:03,000\n{shop.bait.url}\n")
    attached = (
        "-attach",
        str(subtitles),
        "-metadata:s:t",
        "mimetype=text/plain",
        "-metadata:s:t",
        "filename=/etc/passwd",
    )
    mapped = ("-i", str(subtitles), "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt")
    return shop.converted("mkv", *mapped, *attached)


def _labelled(suffix: str, *options: str) -> Maker:
    """A container whose labels are the bait's address and path."""

    def make(shop: Workshop) -> bytes:
        labels = (f"title={shop.bait.url}", f"comment=file://{shop.bait.path}", f"reel_name={shop.bait.path}")
        tagged = [word for label in labels for word in ("-metadata", label, "-metadata:s:v", label)]
        return shop.converted(suffix, *tagged, *options)

    return make


def _locator(shop: Workshop) -> bytes:
    """MXF whose header says where its pictures are, in the place of the filling behind its index."""
    data = shop.converted("mxf", "-c:v", "mpeg2video", "-an")
    filling = bytes.fromhex("060e2b34010101020301021001000000")
    locator = bytes.fromhex("060e2b34025301010d01010101013200")
    address = f"file://{shop.bait.path}".encode("utf-16-be")
    at = data.index(filling)
    assert data[at + 16] == 0x83  # a size of three bytes
    size = int.from_bytes(data[at + 17 : at + 20], "big")
    value = (b"\x40\x01" + struct.pack(">H", len(address)) + address).ljust(size, b"\0")
    assert len(value) == size
    return data[:at] + locator + data[at + 16 : at + 20] + value + data[at + 20 + size :]


def _gif_extensions(shop: Workshop) -> bytes:
    """A moving GIF with the bait in a comment and in an extension of an unknown program."""
    data = shop.converted("gif", "-an", "-t", "2")
    colours = 3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    start = 13 + colours
    path, url = shop.bait.path.encode()[:255], shop.bait.url.encode()[:255]
    comment = b"\x21\xfe" + bytes([len(path)]) + path + b"\0"
    program = b"\x21\xff\x0bIMGPROG1.0\0" + bytes([len(url)]) + url + b"\0"
    return data[:start] + comment + program + data[start:]


def _bare(suffix: str, *options: str) -> Maker:
    """A bare stream with the bait in a message beside its pictures, and behind its end."""

    def make(shop: Workshop) -> bytes:
        text = f"{shop.bait.url} file://{shop.bait.path}\n".encode()
        message = b"\x05" + bytes([len(text) + 16 if len(text) < 239 else 254]) + bytes(16) + text[:238] + b"\x80"
        head = b"\0\0\0\1" + (b"\x06" if suffix == "h264" else b"\x4e\x01") + message
        return shop.converted(suffix, "-an", "-t", "2", *options) + head + _PLAYLIST.format(url=shop.bait.url).encode()

    return make


def _playlist_behind_a_header(shop: Workshop) -> bytes:
    """A playlist where a lazy reader looks, and an MP4's first box before it."""
    return struct.pack(">I4s", 24, b"ftyp") + b"mp42\0\0\0\0mp42isom" + _PLAYLIST.format(url=shop.bait.url).encode()


_PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{url}\n#EXT-X-ENDLIST\n"

NOT_VIDEOS: tuple[Input, ...] = (
    Input("text", _fixed("Dear friend, this is no video.\n" * 200), NOT_A_VIDEO, words="text"),
    Input("one byte", _fixed(b"\0"), NOT_A_VIDEO),
    Input("pdf", _pdf, NOT_A_VIDEO, words="document"),
    Input("zip", _fixed(b"PK\x03\x04\x14\0\0\0\0\0" + bytes(2000)), NOT_A_VIDEO, words="archive"),
    Input("web page", _fixed("<!DOCTYPE html><html><body><video src='a.mp4'></video></body></html>"), NOT_A_VIDEO),
    Input("random bytes", _random_bytes, NOT_A_VIDEO),
    Input("zeros", _fixed(bytes(100_000)), NOT_A_VIDEO),
    Input("png", _picture("png"), NOT_A_VIDEO, words="picture"),
    Input("jpeg", _picture("jpg"), NOT_A_VIDEO, words="picture"),
    Input("gif", _picture("gif"), NOT_A_VIDEO, words="picture"),
    Input("webp", _picture("webp"), NOT_A_VIDEO, words="picture"),
    Input("moving webp", _moving_webp, NOT_A_VIDEO, words="Save it as a video"),
    Input("svg", _naming('<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>'), NOT_A_VIDEO),
    Input("svg of a file", _naming('<?xml version="1.0"?><svg><image href="file://{path}"/></svg>'), NOT_A_VIDEO),
    Input("no index", _without_index, Refused("INCOMPLETE_FILE"), words="cut"),
    Input("half an index", _half_an_index, Refused("INCOMPLETE_FILE")),
    Input("sound as m4a", _sound("m4a", "-c:a", "copy"), HEARD),
    Input("sound as mp3", _sound("mp3", "-c:a", "libmp3lame"), HEARD),
    Input("sound as ogg", _sound("ogg", "-c:a", "libvorbis"), HEARD),
    Input("sound as wav", _sound("wav"), HEARD),
    Input("sound with a cover", _album, HEARD),
    Input("sound with labels", _labelled("flac", "-vn", "-c:a", "flac"), HEARD),
    Input("sound cut short", _cut_sound, replace(HEARD, warnings=reasons("SOUND_ONLY", "TRUNCATED"))),
    Input(
        "nothing but an AMR's beginning", _fixed(b"#!AMR\n"), replace(HEARD, insufficiency=reasons("SOUND_NOT_READ"))
    ),
    Input("random bytes called AMR", _fixed(b"#!AMR\n" + random.Random(4).randbytes(100_000)), HEARD),
    Input("subtitles alone", _subtitles, NO_VIDEO, words="neither a video nor sound"),
)

REFERENCES: tuple[Input, ...] = (
    Input("playlist of an address", _naming(_PLAYLIST), NOT_A_VIDEO, words="playlist"),
    Input("playlist of a file", _naming(_PLAYLIST.replace("{url}", "file://{path}")), NOT_A_VIDEO),
    Input(
        "playlist of parts", _naming(_PLAYLIST.replace("{url}", "subfile,,start,0,end,999999,,:{path}")), NOT_A_VIDEO
    ),
    Input("playlist of two", _naming(_PLAYLIST.replace("{url}", "concat:{path}|{url}")), NOT_A_VIDEO),
    Input("playlist named .m3u8", _naming(_PLAYLIST), NOT_A_VIDEO, filename="live.m3u8"),
    Input("playlist behind a header", _playlist_behind_a_header, NOT_A_VIDEO),
    Input("master playlist", _naming("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}\n"), NOT_A_VIDEO),
    Input(
        "playlist with a key",
        _naming('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:4,\n{path}\n'),
        NOT_A_VIDEO,
    ),
    Input("ffconcat", _naming("ffconcat version 1.0\nfile {path}\nfile {url}\n"), NOT_A_VIDEO),
    Input(
        "dash",
        _naming('<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{url}</BaseURL></MPD>'),
        NOT_A_VIDEO,
    ),
    Input(
        "sdp",
        _naming("v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=control:{url}\n"),
        NOT_A_VIDEO,
    ),
    Input("asx", _naming('<ASX version="3.0"><ENTRY><REF HREF="{url}"/></ENTRY></ASX>'), NOT_A_VIDEO),
    Input("image sequence", _naming("{path}%03d.png"), NOT_A_VIDEO, filename="%03d.png"),
    Input("dref to an address", _reference("url_reference", "url"), WHOLE),
    Input("dref to a file", _reference("url_reference", "file"), WHOLE),
    Input("alias to a file", _reference("alias_reference", "path"), Refused("NO_DECODABLE_FRAME")),
    Input("alias to an address", _reference("alias_reference", "url"), Refused("NO_DECODABLE_FRAME")),
    Input("reference movie", _reference_movie, NO_VIDEO),
    Input("attachments and subtitles", _attachment, WHOLE),
    Input("mxf with a locator", _locator, WHOLE),
    Input("mxf with labels", _labelled("mxf", "-c:v", "mpeg2video", "-an"), WHOLE),
    Input("nut with labels", _labelled("nut", "-c", "copy"), WHOLE),
    Input("ivf with labels", _labelled("ivf", "-an", "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "800k"), WHOLE),
    Input("tape with labels", _labelled("dv", "-target", "pal-dv"), WHOLE),
    Input("gif with extensions", _gif_extensions, SHORT),
    Input("bare h264 with a message", _bare("h264", "-c:v", "copy"), BARE),
    Input(
        "bare hevc with a message", _bare("hevc", "-c:v", "libx265", "-x265-params", "log-level=error:pools=1"), BARE
    ),
)

# Names are never used as paths, and must not be taken for any of ffmpeg's own words.
NAMES: dict[str, str] = {
    "../../../../etc/passwd": "passwd",
    "C:\\Users\\me\\video.mp4": "video.mp4",
    "concat:a.mp4|b.mp4": "concat:a.mp4|b.mp4",
    "subfile,,start,0,end,64,,:": "subfile,,start,0,end,64,,:",
    "data:video;base64,AAAA": "data:video;base64,AAAA",
    "-i": "-i",
    "pipe:0": "pipe:0",
    "%03d.mp4": "%03d.mp4",
    "line\nbreak\r\x00\x07\x1b[31m.mp4": "linebreak[31m.mp4",
    "\u202egpj.mp4": "gpj.mp4",
    "wedding \U0001f470\U0001f3fd\u200d\u2640\ufe0f.mp4": "wedding \U0001f470\U0001f3fd\u200d\u2640\ufe0f.mp4",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.mp4": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.mp4",
    "two\u2028lines.mp4": "twolines.mp4",
    "e" * 5000 + ".mp4": "e" * 251 + ".mp4",
    "\U0001f600" * 5000: "\U0001f600" * 255,
    "": "video",
    "...": "...",
    " \t ": "video",
}
