"""Exit codes and the JSON document."""

import json
import math

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import analysis_pb2

from cli.outcome import FEATURE_NAMES, Exit, Outcome, Problem, document, worst
from client import ServiceError
from tests.unit.client.peer import result

VERDICTS = {
    analysis_pb2.VERDICT_LIKELY_REAL: Exit.REAL,
    analysis_pb2.VERDICT_LIKELY_FAKE: Exit.FAKE,
    analysis_pb2.VERDICT_INCONCLUSIVE: Exit.INCONCLUSIVE,
    analysis_pb2.VERDICT_INSUFFICIENT: Exit.INCONCLUSIVE,
    analysis_pb2.VERDICT_UNSPECIFIED: Exit.ERROR,
}


def outcome(verdict: "analysis_pb2.Verdict.ValueType") -> Outcome:
    analysis = analysis_pb2.Analysis(name="analyses/a", result=result(verdict, 0.25))
    return Outcome("clip.mp4", analysis)


BROKEN = Outcome("broken.mp4", problem=Problem("NOT_A_VIDEO", "This is not a video."))


@pytest.mark.parametrize(("verdict", "code"), VERDICTS.items())
def test_each_verdict_has_its_exit_code(verdict: "analysis_pb2.Verdict.ValueType", code: Exit) -> None:
    assert outcome(verdict).exit == code


@given(st.lists(st.sampled_from([*VERDICTS, None]), min_size=1))
def test_the_worst_file_counts(verdicts: "list[analysis_pb2.Verdict.ValueType | None]") -> None:
    outcomes = [BROKEN if verdict is None else outcome(verdict) for verdict in verdicts]
    badness = [Exit.REAL, Exit.INCONCLUSIVE, Exit.FAKE, Exit.ERROR]
    assert badness.index(worst(outcomes)) == max(badness.index(each.exit) for each in outcomes)


def test_one_file_is_an_object_and_several_an_array() -> None:
    one = outcome(analysis_pb2.VERDICT_LIKELY_REAL)
    assert isinstance(document([one]), dict)
    assert [record["status"] for record in document([one, BROKEN])] == ["completed", "failed"]
    assert document([BROKEN])["error"] == {"reason": "NOT_A_VIDEO", "message": "This is not a video."}


def test_missing_features_are_null_and_names_are_plain() -> None:
    results = document([outcome(analysis_pb2.VERDICT_LIKELY_FAKE)])["results"]
    assert results["verdict"] == "LIKELY_FAKE"
    assert list(results["features"]) == list(FEATURE_NAMES)
    assert results["features"]["nose_jitter"] == 0.5
    assert results["features"]["mfcc_mean"] is None
    assert len(FEATURE_NAMES) == 10


def test_the_voice_is_told_apart_from_the_face() -> None:
    spoken = outcome(analysis_pb2.VERDICT_LIKELY_FAKE)
    assert spoken.analysis is not None
    assert (document([spoken])["results"]["headline"], document([spoken])["results"]["voice"]) == ("face", None)
    spoken.analysis.result.headline = analysis_pb2.PART_VOICE
    spoken.analysis.result.voice.verdict = analysis_pb2.VERDICT_LIKELY_FAKE
    spoken.analysis.result.voice.prob_fake = 0.75
    results = document([spoken])["results"]
    assert results["headline"] == "voice"
    assert (results["voice"]["verdict"], results["voice"]["prob_fake"]) == ("LIKELY_FAKE", 0.75)


def test_the_document_is_strict_json() -> None:
    odd = outcome(analysis_pb2.VERDICT_LIKELY_FAKE)
    assert odd.analysis is not None
    odd.analysis.result.bias = math.nan
    odd.analysis.result.faces.add().thumbnails.add(jpeg=b"\xff")
    text = json.dumps(document([odd]), allow_nan=False)
    assert "thumbnails" not in text


def test_large_numbers_are_numbers_and_the_rest_is_as_the_contract_says() -> None:
    sized = outcome(analysis_pb2.VERDICT_LIKELY_REAL)
    assert sized.analysis is not None
    facts = sized.analysis.result.metadata
    facts.size_bytes = 2**53 + 1
    facts.video.frame_count = 600
    facts.video.codec = "h264"
    facts.creation_time.FromSeconds(0)
    facts.notes.add(reason="EDITED_WITH", text="A word.")
    shown = document([sized])["results"]["metadata"]
    assert (shown["size_bytes"], shown["video"]["frame_count"]) == (2**53 + 1, 600)
    assert (shown["video"]["codec"], shown["video"]["width"]) == ("h264", 0)
    assert shown["creation_time"] == "1970-01-01T00:00:00Z"
    assert shown["notes"] == [{"reason": "EDITED_WITH", "text": "A word."}]


def test_a_person_is_told_how_to_start_the_server() -> None:
    away = ServiceError(grpc.StatusCode.UNAVAILABLE, "", "failed to connect to all addresses")
    problem = Problem.of(away, "localhost:52513")
    assert problem.reason == "SERVER_NOT_REACHED"
    assert "notreally serve" in problem.message
    assert "localhost:52513" in problem.message
    assert "certificate" in Problem.of(away, "https://notreally.example").message
    busy = ServiceError(grpc.StatusCode.UNAVAILABLE, "DRAINING", "The server is about to stop.")
    assert Problem.of(busy, "").message == "The server is about to stop."
