"""JSON as the REST API's readers know it."""

import json

import grpc
import pytest
from notreally.v1 import analysis_pb2, features_pb2

from gateway.api import rest_json
from gateway.features.definitions import FEATURES
from services.kit.errors import Refusal


def finished() -> analysis_pb2.Analysis:
    analysis = analysis_pb2.Analysis(
        name="analyses/123",
        state=analysis_pb2.ANALYSIS_STATE_SUCCEEDED,
        stage=analysis_pb2.STAGE_COMPLETED,
        filename="me.mp4",
        percent=100.0,
    )
    analysis.create_time.FromJsonString("2026-11-23T06:00:00Z")
    result = analysis.result
    result.verdict = analysis_pb2.VERDICT_LIKELY_REAL
    result.prob_real = 0.75
    result.features.nose_jitter = 0.004
    result.features.face_networks = "network"
    result.metadata.size_bytes = 2**40
    result.series.faces.add().eye_aspect_ratio.append(float("nan"))
    result.timings.add(stage=analysis_pb2.STAGE_ANALYZING_VIDEO, wall_s=1.5)
    result.contributions.add(feature="mfcc_mean", modality=features_pb2.MODALITY_AUDIO, contribution=0.0)
    return analysis


def test_a_finished_analysis() -> None:
    document = json.loads(rest_json.dumps(rest_json.results(finished())))
    assert document["job_id"] == "123"
    assert (document["status"], document["stage"], document["progress"]) == ("completed", "completed", 100.0)
    assert document["created_at"] == "2026-11-23T06:00:00Z"
    results = document["results"]
    assert results["verdict"] == "likely_real"
    assert results["features"]["nose_jitter"] == 0.004
    assert results["features"]["mfcc_mean"] is None
    assert list(results["features"]) == [spec.name for spec in FEATURES]
    assert results["metadata"]["size_bytes"] == 2**40
    assert results["timings"] == {"analyzing_video": 1.5}
    assert results["contributions"][0] == {
        "feature": "mfcc_mean",
        "modality": "audio",
        "value": None,
        "contribution": 0.0,
        "out_of_range": False,
    }
    assert "series" not in results


def test_the_voice_has_a_verdict_of_its_own() -> None:
    analysis = finished()
    analysis.result.headline = analysis_pb2.PART_VOICE
    voice = analysis.result.voice
    voice.verdict, voice.prob_fake, voice.voiced_s = analysis_pb2.VERDICT_LIKELY_FAKE, 0.9, 3.5
    voice.stretches.add(start_s=1.0, end_s=5.0, log_odds=2.5, suspicious=True)
    results = rest_json.results(analysis)["results"]
    assert results["headline"] == "voice"
    assert results["voice"] == {
        "verdict": "likely_fake",
        "prob_fake": 0.9,
        "insufficiency": [],
        "voiced_s": 3.5,
        "scored_s": 0.0,
        "stretches": [{"start_s": 1.0, "end_s": 5.0, "log_odds": 2.5, "suspicious": True}],
    }


def test_a_result_of_an_older_version_is_about_the_face() -> None:
    results = rest_json.results(finished())["results"]
    assert (results["headline"], results["voice"]) == ("face", None)


def test_the_promised_keys_are_there() -> None:
    promised = {
        "verdict", "authenticity_score", "confidence", "prob_real", "prob_fake", "features", "contributions",
        "summary", "quality", "timeline", "metadata", "model", "timings",
        "headline", "voice",
    }  # fmt: skip
    assert promised <= rest_json.results(finished())["results"].keys()


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (analysis_pb2.ANALYSIS_STATE_QUEUED, "processing"),
        (analysis_pb2.ANALYSIS_STATE_RUNNING, "processing"),
        (analysis_pb2.ANALYSIS_STATE_FAILED, "failed"),
        (analysis_pb2.ANALYSIS_STATE_CANCELLED, "failed"),
    ],
)
def test_states_are_three_words(state: "analysis_pb2.AnalysisState.ValueType", status: str) -> None:
    document = rest_json.results(analysis_pb2.Analysis(name="analyses/1", state=state))
    assert document["status"] == status
    assert document["results"] is None


def test_a_failure_says_why() -> None:
    analysis = analysis_pb2.Analysis(name="analyses/1", state=analysis_pb2.ANALYSIS_STATE_FAILED)
    analysis.error.CopyFrom(Refusal(grpc.StatusCode.INVALID_ARGUMENT, "NOT_A_VIDEO", "This is no video.").status())
    assert rest_json.results(analysis)["error"] == {"reason": "NOT_A_VIDEO", "message": "This is no video."}
