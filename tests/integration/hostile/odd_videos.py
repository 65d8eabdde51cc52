"""Videos that are honest but unusual: their format, their pictures, who is in them."""

import cv2
import numpy as np

from tests.integration.hostile.inputs import Answered, Input, Maker, reasons
from tests.integration.hostile.workshop import Workshop
from tests.synthetic.portrait import FACE_CENTRE, Portrait
from tests.synthetic.videos import FaceVideo, make_face_video

SEEN = Answered()
BARE = Answered(warnings=reasons("TIMES_MADE_UP"))


def _coded(suffix: str, encoder: str, *options: str) -> Maker:
    return lambda shop: shop.reencoded(suffix, encoder, *options)


def _shaped(filters: str, encoder: str = "libx264", *options: str, suffix: str = "mp4") -> Maker:
    return lambda shop: shop.reencoded(suffix, encoder, "-vf", filters, *options)


def _drawn(source: str, frames: int = 100) -> Maker:
    return lambda shop: shop.made("mp4", "-f", "lavfi", "-i", source, "-frames:v", str(frames), "-c:v", "libx264")


def _crowd(shop: Workshop) -> bytes:
    """Ten times the same face, in two rows."""
    side, (x, y) = 256, (round(2 * place) for place in FACE_CENTRE)
    face = Portrait(2.0).posed(0, 0)[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2]
    rows = np.tile(np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2BGR)), (2, 5, 1))
    picture = shop.face.with_name("crowd.png")
    cv2.imwrite(str(picture), rows)
    return shop.made("mp4", "-loop", "1", "-r", "25", "-i", str(picture), "-frames:v", "25", "-pix_fmt", "yuv420p")


def _rotated(shop: Workshop) -> bytes:
    video = FaceVideo(seconds=2, fps=25, size=(240, 320), iod=80, rotation=90)
    return make_face_video(shop.face.with_name("rotated.mp4"), video).read_bytes()


_HDR = ("-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")

FORMATS: tuple[Input, ...] = (
    Input("vp8 in webm", _coded("webm", "libvpx", "-b:v", "800k", "-deadline", "realtime", "-c:a", "libvorbis"), SEEN),
    Input("vp9 in webm", _coded("webm", "libvpx-vp9", "-b:v", "800k", "-deadline", "realtime", "-cpu-used", "8"), SEEN),
    Input("av1 in webm", _coded("webm", "libsvtav1", "-preset", "12", "-svtav1-params", "lp=1"), SEEN),
    Input("hevc", _coded("mp4", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1"), SEEN),
    Input("prores", _coded("mov", "prores_ks", "-profile:v", "3"), Answered(notes=reasons("OLD_CODEC"))),
    Input("mpeg-2 in a transport stream", _coded("ts", "mpeg2video", "-qscale:v", "4", "-c:a", "mp2"), SEEN),
    Input("mpeg-2 in a program stream", _coded("mpg", "mpeg2video", "-qscale:v", "4", "-c:a", "mp2"), SEEN),
    Input("mpeg-1", _coded("mpg", "mpeg1video", "-qscale:v", "4"), SEEN),
    Input("mpeg-4 in avi", _coded("avi", "mpeg4", "-qscale:v", "4", "-c:a", "libmp3lame"), SEEN),
    Input("motion jpeg", _coded("avi", "mjpeg", "-qscale:v", "4", "-pix_fmt", "yuvj422p"), SEEN),
    Input("wmv", _coded("wmv", "wmv2", "-qscale:v", "4", "-c:a", "wmav2"), SEEN),
    Input("flv", _coded("flv", "flv", "-qscale:v", "4", "-c:a", "libmp3lame", "-ar", "22050"), SEEN),
    Input("theora", _coded("ogv", "libtheora", "-qscale:v", "7", "-c:a", "libvorbis"), SEEN),
    Input("h263 in 3gp", _coded("3gp", "h263", "-s", "352x288", "-qscale:v", "4"), SEEN),
    Input("h264 in matroska", _coded("mkv", "libx264", "-preset", "ultrafast", "-c:a", "flac"), SEEN),
    Input(
        "10-bit HDR",
        _coded("mp4", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1", *_HDR),
        Answered(warnings=reasons("HDR"), notes=reasons("HDR")),
    ),
    Input(
        "12-bit",
        _coded("mkv", "libvpx-vp9", "-pix_fmt", "yuv444p12le", "-deadline", "realtime", "-cpu-used", "8"),
        SEEN,
    ),
    Input("mxf", _coded("mxf", "mpeg2video", "-qscale:v", "4", "-c:a", "pcm_s16le", "-ar", "48000"), SEEN),
    Input("tape", _shaped("scale=720:576", "dvvideo", "-pix_fmt", "yuv420p", suffix="dv"), SEEN),
    Input("nut", _coded("nut", "libx264", "-preset", "ultrafast", "-c:a", "aac"), SEEN),
    Input("vp8 in ivf", _coded("ivf", "libvpx", "-b:v", "800k", "-deadline", "realtime"), SEEN),
    Input("bare h264", _coded("h264", "libx264", "-preset", "ultrafast"), BARE),
    Input(
        "bare hevc",
        _coded("hevc", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1"),
        BARE,
    ),
    Input("moving gif", _coded("gif", "gif"), SEEN),
    Input("grey", _coded("mkv", "ffv1", "-pix_fmt", "gray16le"), SEEN),
    Input("palette", _coded("avi", "msvideo1", "-pix_fmt", "rgb555le"), SEEN),
)

PICTURES: tuple[Input, ...] = (
    Input(
        "odd size",
        _shaped("scale=321:241", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", suffix="webm"),
        SEEN,
    ),
    Input("odd size in 4:4:4", _shaped("scale=333:257", "libx264", "-pix_fmt", "yuv444p"), SEEN),
    Input(
        "two pixels",
        _shaped("scale=2:2", "ffv1", suffix="mkv"),
        Answered(coverage=0, faces=0, insufficiency=reasons("NO_FACE")),
    ),
    Input(
        "one pixel",
        _shaped("scale=1:1", "ffv1", suffix="mkv"),
        Answered(coverage=0, faces=0, insufficiency=reasons("NO_FACE")),
    ),
    Input(
        "a line",
        _shaped("scale=4096:2", "ffv1", suffix="mkv"),
        Answered(coverage=0, faces=0, insufficiency=reasons("NO_FACE")),
    ),
    Input(
        "alpha in vp9",
        _shaped("format=yuva420p", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", suffix="webm"),
        SEEN,
    ),
    Input("alpha in prores", _shaped("format=yuva444p10le", "prores_ks", "-profile:v", "4444", suffix="mov"), SEEN),
    Input("alpha in animation", _shaped("format=argb", "qtrle", suffix="mov"), SEEN),
    Input(
        "interlaced",
        _coded("ts", "mpeg2video", "-flags", "+ildct+ilme", "-top", "1", "-qscale:v", "4"),
        Answered(notes=reasons("INTERLACED")),
    ),
    Input("rotated", _rotated, Answered(notes=reasons("ROTATED"))),
    Input("stretched", _shaped("setsar=4/3"), Answered(notes=reasons("STRETCHED"))),
    Input(
        "no face",
        _drawn("testsrc=s=320x240:r=25"),
        Answered(coverage=0, faces=0, frames=(100, 100), insufficiency=reasons("NO_FACE")),
    ),
    Input(
        "black",
        _drawn("color=black:s=320x240:r=25"),
        Answered(coverage=0, faces=0, frames=(100, 100), insufficiency=reasons("NO_FACE")),
    ),
    Input(
        "ten faces", _crowd, Answered(coverage=0.9, frames=(25, 25), faces=4, warnings=reasons("FACES_NOT_FOLLOWED"))
    ),
)
