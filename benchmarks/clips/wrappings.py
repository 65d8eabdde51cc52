"""The ways in which a clip may be wrapped without a change to what it shows and lets hear."""

import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.synthetic.display_matrices import NAMED, with_display_matrix

_LONGEST_S = 300
_UNEVEN_S = 0.003  # times are rounded to milliseconds

SOUND_FEATURES = frozenset({"mfcc_mean", "mfcc_std", "av_sync_corr"})
_BITS = frozenset({"log10_bits_per_pixel"})

_COPY = ("-c", "copy")
_LOSSLESS = ("-c:v", "libx264", "-preset", "veryfast", "-qp", "0", "-c:a", "copy")
_FLAC = ("-c:v", "copy", "-c:a", "flac")
_MPEG_2 = ("-c:v", "mpeg2video", "-qscale:v", "2", "-r", "25", "-bf", "2", "-c:a", "pcm_s16le", "-ar", "48000")
_MP2 = ("-c:v", "copy", "-c:a", "mp2", "-b:a", "192k", "-ar", "48000")
_VP8 = ("-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime", "-cpu-used", "8", "-an")
_STEREO = ("-c:a", "pcm_s16le", "-ar", "48000", "-ac", "2")
_DV = ("-c:v", "dvvideo", "-vf", "scale=720:576", "-aspect", "4:3", "-pix_fmt", "yuv420p", "-r", "25", *_STEREO)
_MONO = "aformat=channel_layouts=mono"


@dataclass(frozen=True)
class Wrapping:
    """One way.

    Attributes:
        suffix: Of the file, which tells ffmpeg its container.
        options: What ffmpeg is to do.
        needs_even: Whether the container cannot keep the times of frames that do not follow one another evenly.
        turned: Whether its container says that it is to be turned clockwise.
        beside: The wrapping from which this is made and whose features these must be; empty for those of the clip
            itself, and None where a wrapping is only there for others to be held against.
        apart_from: Features that are of what is changed here: how many bits were spent, or sound that is left out.
    """

    suffix: str
    options: tuple[str, ...]
    needs_even: bool = False
    turned: bool = False
    beside: str | None = ""
    apart_from: frozenset[str] = frozenset()


def _layout(filters: str) -> Wrapping:
    return Wrapping("mkv", (*_FLAC, "-filter:a", f"{_MONO},{filters}"), beside="sound in mono")


WRAPPINGS: dict[str, Wrapping] = {
    **{f"in {suffix}": Wrapping(suffix, _COPY) for suffix in ("mp4", "mov", "m4v", "3gp", "mkv", "ts")},
    **{f"in {suffix}": Wrapping(suffix, _COPY) for suffix in ("flv", "nut")},
    "in asf": Wrapping("asf", _COPY, needs_even=True),
    # ffmpeg gives coded sound of low rates wrong times in AVI.
    "in avi": Wrapping("avi", ("-c:v", "copy", "-c:a", "pcm_s16le"), needs_even=True),
    # What does not fit a container as it is: beside the same in one that most things fit.
    "mp2 in mkv": Wrapping("mkv", _MP2, beside=None),
    "mp2 in mpg": Wrapping("mpg", _COPY, beside="mp2 in mkv"),
    "mpeg-2 in mkv": Wrapping("mkv", _MPEG_2, beside=None),
    "mpeg-2 in mxf": Wrapping("mxf", _COPY, beside="mpeg-2 in mkv"),
    "vp8 in webm": Wrapping("webm", _VP8, beside=None),
    "vp8 in ivf": Wrapping("ivf", _COPY, beside="vp8 in webm"),
    "dv in mov": Wrapping("mov", _DV, beside=None),
    "dv as on tape": Wrapping("dv", _COPY, beside="dv in mov"),
    "bare": Wrapping("h264", ("-c:v", "copy", "-an"), needs_even=True, apart_from=SOUND_FEATURES),
    "index first": Wrapping("mp4", (*_COPY, "-movflags", "+faststart")),
    "in fragments": Wrapping("mp4", (*_COPY, "-movflags", "+frag_keyframe+delay_moov+default_base_moof")),
    "in short fragments": Wrapping("mp4", (*_COPY, "-movflags", "+delay_moov", "-frag_duration", "200000")),
    "begins late": Wrapping("mkv", (*_COPY, "-output_ts_offset", "7.3")),
    "begins late in a transport stream": Wrapping("ts", (*_COPY, "-output_ts_offset", "90000")),
    "without B-frames": Wrapping("mp4", (*_LOSSLESS, "-bf", "0"), apart_from=_BITS),
    "with B-frames": Wrapping("mp4", (*_LOSSLESS, "-bf", "3"), apart_from=_BITS),
    "with B-frames in avi": Wrapping(
        "avi", (*_LOSSLESS, "-bf", "3", "-c:a", "pcm_s16le"), needs_even=True, apart_from=_BITS
    ),
    "turned": Wrapping("mp4", (*_LOSSLESS, "-vf", "transpose=cclock"), turned=True, apart_from=_BITS),
    "sound in mono": Wrapping("mkv", (*_FLAC, "-filter:a", _MONO), beside=None),
    "sound in both channels": _layout("pan=stereo|FL=c0|FR=c0"),
    "sound on the left": _layout("pan=stereo|FL=c0"),
    "sound on the right": _layout("pan=stereo|FR=c0"),
    "sound in opposite phase": _layout("pan=stereo|FL=c0|FR=-1*c0"),
    "sound in the centre of 5.1": _layout("pan=5.1|FC=c0"),
    "sound in the centre of 7.1": _layout("pan=7.1|FC=c0"),
}


def wrap(source: Path, wrapping: Wrapping, target: Path) -> bool:
    """Write a clip, or the wrapping beside which this one is held, in a wrapping.

    False where ffmpeg cannot, as not every codec fits every container, or where the pictures or their times cannot be
    the same after it.
    """
    if wrapping.needs_even and not _is_even(source):
        return False
    streams = ("-map", "0:v:0", "-map", "0:a:0?")
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(source), *streams, *wrapping.options, str(target)]
    done = subprocess.run(command, capture_output=True, timeout=_LONGEST_S, check=False)
    if done.returncode == 0 and wrapping.turned:
        with_display_matrix(target, NAMED["clockwise"][0], "turned").replace(target)
    found = _pictures(target) if done.returncode == 0 else b""
    return bool(found) and (wrapping.beside is None or wrapping.turned or found == _pictures(source))


def _is_even(path: Path) -> bool:
    """Whether frames follow one another evenly: clips that were cut without coding them anew often lack some."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=_LONGEST_S, check=False)
    times = sorted(float(line.strip(",")) for line in done.stdout.split() if line.strip(",") not in ("", "N/A"))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return bool(gaps) and max(gaps) - min(gaps) <= _UNEVEN_S


def _pictures(path: Path) -> bytes:
    """A digest of all pictures in the order in which they are shown; empty where none can be decoded."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-map", "0:v:0", "-fps_mode", "passthrough"]
    done = subprocess.run([*command, "-f", "md5", "-"], capture_output=True, timeout=_LONGEST_S, check=False)
    return done.stdout if done.returncode == 0 else b""
