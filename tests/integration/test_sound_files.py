"""Sound recordings through every service, over the public port, whatever kind of file they are."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from notreally.v1 import analysis_pb2, features_pb2

from client import NotReally
from tests.integration.stack import Stack
from tests.integration.test_rest import ask, finished
from tests.synthetic.sounds import KINDS, spoken, with_cover

FACE, AUDIO = features_pb2.MODALITY_FACE, features_pb2.MODALITY_AUDIO
NOT_SCORED, TOO_LITTLE = "VOICE_NOT_SCORED", "TOO_LITTLE_VOICE"


def assert_about_the_voice(result: analysis_pb2.AnalysisResult) -> None:
    """Well-formed, whether or not this system has a network that scores voices."""
    assert result.headline == analysis_pb2.PART_VOICE
    assert result.HasField("voice")
    assert result.verdict == result.voice.verdict
    assert {reason.reason for reason in result.insufficiency} <= {NOT_SCORED, TOO_LITTLE}
    assert bool(result.insufficiency) == (result.verdict == analysis_pb2.VERDICT_INSUFFICIENT)
    if not result.insufficiency:
        assert result.prob_fake == result.voice.prob_fake
        assert result.voice.stretches
    assert result.prob_real + result.prob_fake == pytest.approx(1)
    assert "SOUND_ONLY" in {warning.reason for warning in result.warnings}
    assert not result.metadata.HasField("video")
    assert len(result.faces) == 0
    assert result.quality.frames_analyzed == 0
    assert "recording" in result.summary


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_sound_file_gets_an_answer(client: NotReally, tmp_path: Path, kind: str) -> None:
    events: list[analysis_pb2.AnalysisEvent] = []
    # By its content: the name says nothing.
    path = spoken(tmp_path / f"voice.{kind}", 6.0).rename(tmp_path / "voice.bin")
    result = (await client.analyze(path, events.append)).result
    assert_about_the_voice(result)
    assert result.quality.analyzed_s == pytest.approx(6.0, abs=0.1)
    assert result.quality.duration_s == pytest.approx(6.0, abs=0.1)
    # What is written by hand is noise.
    assert (result.voice.voiced_s > 3) == (kind != "amr")
    assert result.features.HasField("mfcc_mean") == (kind != "amr")
    assert [part.start_s for part in result.timeline] == pytest.approx([0.0, 3.0], abs=0.1)
    lanes = {lane.modality: lane for event in events for lane in event.modalities}
    assert (lanes[FACE].state, lanes[FACE].text) == (analysis_pb2.MODALITY_STATE_SKIPPED, "no picture")
    assert lanes[AUDIO].state == analysis_pb2.MODALITY_STATE_DONE
    stages = {event.stage for event in events}
    assert analysis_pb2.STAGE_ANALYZING_VIDEO not in stages
    assert [timing.stage for timing in result.timings] == [
        analysis_pb2.STAGE_READING_METADATA,
        analysis_pb2.STAGE_ANALYZING_AUDIO,
        analysis_pb2.STAGE_FINALIZING,
    ]


async def test_of_a_long_recording_twenty_seconds_all_over_it_are_heard(client: NotReally, tmp_path: Path) -> None:
    analysis = await client.analyze(spoken(tmp_path / "long.mp3", 90.0))
    result = (await client.result(analysis.name, include_series=True)).result
    assert_about_the_voice(result)
    assert (result.quality.analyzed_s, result.quality.duration_s) == pytest.approx((20.0, 90.0), abs=0.2)
    assert result.timeline[-1].end_s > 72
    # Steady speech: as much of it in the last window as in the first.
    loud = [sum(level > -3 for level in window.log_rms) for window in result.series.sounds]
    assert len(loud) == 5
    assert min(loud) > 0.8 * max(loud) > 20


async def test_a_cover_picture_is_not_looked_at(client: NotReally, tmp_path: Path) -> None:
    result = (await client.analyze(with_cover(tmp_path / "song.mp3", 6.0))).result
    assert_about_the_voice(result)


async def test_the_sound_can_be_had_again(client: NotReally, tmp_path: Path) -> None:
    path = spoken(tmp_path / "voice.opus", 4.0)
    analysis = await client.analyze(path)
    assert b"".join([part async for part in client.download(analysis.name)]) == path.read_bytes()


async def test_a_recording_is_sent_with_curl(stack: Stack, tmp_path: Path) -> None:
    path = spoken(tmp_path / "voice.wav", 4.0)
    status, accepted = await ask("-F", f"file=@{path};type=audio/wav", f"{stack.url}/api/analyze")
    assert status == 200
    results = (await finished(stack, accepted["job_id"]))["results"]
    assert (results["headline"], results["metadata"]["video"]) == ("voice", None)
    assert results["voice"]["voiced_s"] > 2
    assert results["verdict"] == results["voice"]["verdict"]
    assert results["warnings"][0]["reason"] == "SOUND_ONLY"


async def test_a_recording_is_sent_from_a_shell(stack: Stack, tmp_path: Path) -> None:
    path = spoken(tmp_path / "voice.m4a", 4.0)
    command = [sys.executable, "-m", "cli.main", "analyze", "--json", "--server", stack.target, str(path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    results = json.loads(done.stdout)["results"]
    assert (results["headline"], results["voice"]["verdict"]) == ("voice", results["verdict"])
    assert done.returncode in (0, 1, 3)
