"""What a load sends: short good videos, damaged ones, and what is no video."""

from collections.abc import Iterable
from pathlib import Path

from tests.integration.hostile.mutants import mutant
from tests.synthetic.videos import FaceVideo, make_face_video, syllables

_GOOD = (
    FaceVideo(seconds=1.0, size=(320, 240), iod=60.0),
    FaceVideo(seconds=1.5, size=(320, 240), iod=60.0, mouth=syllables, sound=syllables),
)


def files(folder: Path) -> list[bytes]:
    """Made anew in a folder: half of them good."""
    return mixed(make_face_video(folder / f"{number}.mp4", video).read_bytes() for number, video in enumerate(_GOOD))


def mixed(good: Iterable[bytes]) -> list[bytes]:
    """Good ones, and as many that are not: damaged in some way that is always the same, text, and a page."""
    whole = list(good)
    damaged = [mutant(whole[0], number) for number in range(4)]
    bad = [*damaged, b"no video at all", b"<html><img src=http://192.0.2.1/></html>"]
    return whole * (len(bad) // len(whole)) + bad
