"""What changes between a clip and the same clip in a wrapping, and how it is told."""

import math
import subprocess
from pathlib import Path

import pytest
from notreally.v1 import analysis_pb2

from benchmarks.clips.field_check import LIMIT, Answer, Change, changes, report
from benchmarks.clips.folder import clips_in
from benchmarks.clips.wrappings import WRAPPINGS, wrap


def result(jitter: float | None = 1.0, mfcc: float | None = 5.0, *, real: bool = True) -> analysis_pb2.AnalysisResult:
    answer = analysis_pb2.AnalysisResult(
        verdict=analysis_pb2.VERDICT_LIKELY_REAL if real else analysis_pb2.VERDICT_LIKELY_FAKE
    )
    if jitter is not None:
        answer.features.nose_jitter = jitter
    if mfcc is not None:
        answer.features.mfcc_mean = mfcc
    answer.model.features.add(feature="mfcc_mean", p05=-10.0, p95=10.0)
    return answer


def found(answers: dict[str, Answer]) -> dict[str, float]:
    return {change.feature: change.share for change in changes("a.mp4", answers)}


def test_the_same_is_no_change() -> None:
    shares = found({"": result(), "in mkv": result()})
    assert set(shares.values()) == {0.0}
    assert len(shares) == 11


def test_a_change_is_a_share_of_the_value_or_of_what_is_usual() -> None:
    shares = found({"": result(), "in mkv": result(jitter=1.03, mfcc=5.1)})
    assert shares["nose_jitter"] == pytest.approx(0.03)
    assert shares["mfcc_mean"] == pytest.approx(0.1 / 20)


def test_what_is_missing_is_another() -> None:
    assert found({"": result(), "in mkv": result(jitter=None)})["nose_jitter"] == math.inf
    assert found({"": result(), "in mkv": result(real=False)})["verdict"] == math.inf
    assert found({"": result(), "in mkv": "NOT_A_VIDEO"}) == {"analysis: NOT_A_VIDEO": math.inf}
    assert found({"": "NO_FACE", "in mkv": "NO_FACE"}) == {"analysis": 0.0}


def test_what_is_left_out_or_remade_is_not_compared() -> None:
    shares = found({"": result(), "bare": result(mfcc=None)})
    assert "mfcc_mean" not in shares
    assert shares["verdict"] == 0.0


def test_sound_in_a_channel_is_held_against_mono() -> None:
    answers: dict[str, Answer] = {"": result(mfcc=9.0), "sound in mono": result(), "sound on the left": result()}
    assert max(found(answers).values()) == 0.0
    del answers["sound in mono"]
    assert found(answers) == {}


def test_the_report_names_the_largest_and_all_that_are_over() -> None:
    kept = [Change("a.mp4", "in mkv", "nose_jitter", share) for share in (0.0, 0.01)]
    text, is_fine = report(kept)
    assert is_fine
    assert "1.00%" in text
    text, is_fine = report([*kept, Change("b.mp4", "in avi", "nose_jitter", math.inf)])
    assert not is_fine
    assert "b.mp4, in avi" in text
    assert f"3 comparisons, 1 above {LIMIT:.0%}" in text


def test_clips_are_spread_over_the_folder(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.MOV", "c.txt", "d.mkv", "e.webm"):
        (tmp_path / name).touch()
    assert [clip.name for clip in clips_in(tmp_path)] == ["a.mp4", "b.MOV", "d.mkv", "e.webm"]
    assert [clip.name for clip in clips_in(tmp_path, 2)] == ["a.mp4", "d.mkv"]


def test_every_wrapping_can_be_made(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1")
    sound = ("-f", "lavfi", "-i", "sine=duration=1:sample_rate=44100")
    command = ["ffmpeg", "-v", "error", *picture, *sound, "-pix_fmt", "yuv420p", str(clip)]
    subprocess.run(command, check=True, timeout=60)
    made = {"": clip}
    for name in sorted(WRAPPINGS, key=lambda name: bool(WRAPPINGS[name].beside)):
        made[name] = tmp_path / f"{name}.{WRAPPINGS[name].suffix}"
        assert wrap(made[WRAPPINGS[name].beside or ""], WRAPPINGS[name], made[name]) or name in HARD, name


HARD = {"mp2 in mpg"}
"""A stream as short as this is not recognised in a program stream."""
