"""What the first step of an analysis hands to the others."""

import json

import pytest
from notreally.v1 import metadata_pb2

from gateway.analysis.planned import NO_FACTS, Planned
from services.kit.errors import Refusal


def planned(probe: metadata_pb2.ProbeResponse | None) -> Planned:
    """A plan as it comes back from the step log."""
    plan = Planned.made(probe, max_frames=600, parallel_runs=2, audio_enabled=True, wall=(0.0, 1.0))
    return Planned(**json.loads(json.dumps(plan.json())))


def test_the_plan_says_where_the_video_starts() -> None:
    video = metadata_pb2.VideoFacts(start_s=1.4, duration_s=8.0, fps=30.0)
    plan = planned(metadata_pb2.ProbeResponse(facts=metadata_pb2.MediaFacts(video=video)))
    assert plan.video_start_s == 1.4
    assert plan.warnings == []


def test_without_facts_it_is_not_known_where_the_video_starts() -> None:
    plan = planned(None)
    assert plan.video_start_s is None
    assert [tuple(warning) for warning in plan.warnings] == [NO_FACTS]


def test_a_start_that_no_clock_shows_is_not_believed() -> None:
    def start_s(said: float) -> float | None:
        video = metadata_pb2.VideoFacts(start_s=said, duration_s=8.0, fps=30.0)
        return planned(metadata_pb2.ProbeResponse(facts=metadata_pb2.MediaFacts(video=video))).video_start_s

    assert start_s(1.79e9) == 1.79e9
    assert start_s(1e15) is None


def of_sound(**audio: float) -> metadata_pb2.ProbeResponse:
    facts = metadata_pb2.AudioFacts(codec="mp3", stream_index=1, **audio)  # type: ignore[arg-type]
    return metadata_pb2.ProbeResponse(facts=metadata_pb2.MediaFacts(container="mp3", duration_s=99.0, audio=facts))


def test_a_sound_recording_is_planned_by_its_sound_and_nothing_is_looked_at() -> None:
    plan = planned(of_sound(start_s=0.025, duration_s=10.0))
    assert (plan.runs, plan.sound, plan.warnings) == ([], True, [])
    assert (plan.video_start_s, plan.sound_stream, plan.video_stream) == (0.025, 1, None)
    windows = plan.take(plan.indexes)
    assert (windows[0].start_s, windows[-1].end_s) == (0.0, 10.0)
    long = planned(of_sound(duration_s=3600.0))
    assert sum(end - start for _, start, end in long.windows) == pytest.approx(20.0)
    assert long.windows[-1][2] > 3000


def test_a_recording_whose_sound_says_no_length_is_as_long_as_its_file_says() -> None:
    assert planned(of_sound()).windows[-1][2] > 80


def test_a_sound_recording_is_refused_where_sound_is_not_analysed() -> None:
    with pytest.raises(Refusal) as refused:
        Planned.made(of_sound(), max_frames=600, parallel_runs=2, audio_enabled=False, wall=(0.0, 1.0))
    assert refused.value.reason == "NO_VIDEO_STREAM"
    assert "does not listen to sound" in refused.value.message
