"""What the first step of an analysis hands to the others."""

import json

from notreally.v1 import metadata_pb2

from gateway.analysis.planned import NO_FACTS, Planned


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
