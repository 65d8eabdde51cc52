"""The videos that are timed: made once, kept in build/bench."""

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from tests.synthetic.videos import FaceVideo, make_face_video, syllables

FOLDER = Path(__file__).parents[1] / "build" / "bench"


@dataclass(frozen=True)
class Workload:
    """A named set of videos, sent all at once."""

    name: str
    title: str
    videos: tuple[Path, ...]
    duration_s: float


_TALKING = FaceVideo(
    seconds=10.0, blinks=(2.0, 5.5, 8.0), mouth=syllables, sound=syllables, nod_px=(6.0, 10.0), noise=3.0
)


def all_workloads() -> list[Workload]:
    """Every workload, its videos made when they are not there yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    ten = _made("10s-1080p", replace(_TALKING, size=(1920, 1080), iod=190.0), "6M")
    thirty = _made("30s-480p", replace(_TALKING, seconds=30.0, size=(854, 480), iod=90.0), "1500k")
    part = _made("20s-1080p-low", replace(_TALKING, seconds=20.0, size=(1920, 1080), iod=190.0), "1100k")
    film = FOLDER / "10min-1080p.mp4"
    if not film.exists():
        _ffmpeg("-stream_loop", "29", "-i", part, "-c", "copy", film)
    small = _made("small-face", replace(_TALKING, size=(1080, 1920), iod=52.0), "4M")
    short = replace(_TALKING, seconds=5.0, size=(640, 480), iod=90.0)
    shorts = tuple(_made(f"short-{n:02d}", replace(short, blinks=(0.5 + n / 10,)), "1M") for n in range(20))
    return [
        Workload("10s-1080p", "10 s, 1080p", (ten,), 10),
        Workload("30s-480p", "30 s, 480p", (thirty,), 30),
        Workload("10min-1080p", "10 min, 1080p", (film,), 600),
        Workload("small-face", "10 s, 1080x1920, face 11 % of the width", (small,), 10),
        Workload("20-short", "20 clips of 5 s, 480p, at once", shorts, 5),
    ]


def _made(name: str, video: FaceVideo, bit_rate: str) -> Path:
    """The video as a camera or a site would encode it: B-frames, long groups of pictures, a bit rate."""
    path = FOLDER / f"{name}.mp4"
    if not path.exists():
        raw, partial = FOLDER / f"{name}.raw.mp4", FOLDER / f"{name}.partial.mp4"
        make_face_video(raw, video)
        codec = ("-c:v", "libx264", "-preset", "fast", "-b:v", bit_rate, "-pix_fmt", "yuv420p", "-c:a", "copy")
        _ffmpeg("-i", raw, *codec, partial)
        partial.rename(path)
        raw.unlink()
    return path


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", *map(str, arguments)], check=True)
