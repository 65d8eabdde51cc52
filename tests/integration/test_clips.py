"""Real clips, where they are at hand: a folder with `manifest.csv`, named by NOTREALLY_CLIPS."""

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from notreally.v1 import analysis_pb2

from client import NotReally

CLIPS = Path(os.environ.get("NOTREALLY_CLIPS", Path(__file__).parents[3] / "shared" / "clips"))

pytestmark = [
    pytest.mark.clips,
    pytest.mark.skipif(not (CLIPS / "manifest.csv").is_file(), reason="the clips are not on this machine"),
]

Row = dict[str, str]


def first(wanted: Callable[[Row], bool]) -> Path:
    """The first clip of five to ten seconds with a face throughout that is like this."""
    with (CLIPS / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if 5 <= float(row["duration_s"]) <= 10 and row["face_fraction"] == "1.0" and wanted(row):
                return CLIPS / row["file"]
    pytest.skip("no such clip")


KINDS: dict[str, Callable[[Row], bool]] = {
    "with sound": lambda row: row["has_audio"] == "yes",
    "without sound": lambda row: row["has_audio"] == "no",
    "portrait": lambda row: int(row["height"]) > int(row["width"]),
    "4:4:4": lambda row: row["subset"].startswith("ffpp"),
    "MPEG-4 part 2": lambda row: row["codec"] == "mpeg4",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_real_clip_gets_the_same_verdict_twice(client: NotReally, kind: str) -> None:
    path = first(KINDS[kind])
    one, two = [(await client.analyze(path)).result for _ in range(2)]
    assert one.features == two.features
    assert one.verdict == two.verdict != analysis_pb2.VERDICT_UNSPECIFIED
    assert one.quality.face_coverage > 0.9
    assert len(one.contributions) == 10
    if kind == "with sound":
        assert one.metadata.HasField("audio")
    if kind == "4:4:4":
        assert one.metadata.video.pixel_format == "yuv444p"
