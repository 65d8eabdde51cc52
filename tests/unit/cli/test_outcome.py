"""Exit codes and JSON."""

import json

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notreally.v1 import analysis_pb2

from cli.outcome import (
    COLUMNS,
    FEATURE_NAMES,
    Exit,
    Outcome,
    Problem,
    exit_of_words,
    failed_record,
    failed_row,
    result_fields,
    worst,
)
from client import ServiceError
from gateway.api import exports
from tests.unit.client.peer import SUCCEEDED, result

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
    assert badness.index(worst(each.exit for each in outcomes)) == max(badness.index(each.exit) for each in outcomes)


def test_a_file_that_never_became_an_analysis_has_the_fields_of_one_that_did() -> None:
    failed = failed_record("folder/broken.mp4", Problem("NOT_A_VIDEO", "This is not a video."))
    analysed = exports.record(analysis_pb2.Analysis(state=analysis_pb2.ANALYSIS_STATE_FAILED))
    assert failed.keys() == {"file", *analysed}
    assert {name for name, value in analysed.items() if value is None} <= {k for k, v in failed.items() if v is None}
    assert failed["error"] == {"reason": "NOT_A_VIDEO", "message": "This is not a video."}
    assert failed_row("a", Problem("", "")).keys() <= set(COLUMNS)


def test_the_columns_of_a_table_are_those_of_the_server() -> None:
    assert ("file", *exports.COLUMNS) == COLUMNS


@pytest.mark.parametrize(("verdict", "code"), VERDICTS.items())
def test_the_exit_code_follows_from_the_words_too(verdict: "analysis_pb2.Verdict.ValueType", code: Exit) -> None:
    assert exit_of_words(analysis_pb2.Verdict.Name(verdict).removeprefix("VERDICT_").lower()) == code
    assert exit_of_words(None) == exit_of_words("nonsense") == Exit.ERROR


def test_the_result_of_a_stream_reads_as_that_of_a_file() -> None:
    """A live session is no analysis, and its result does not come from the server as JSON."""
    analysis = analysis_pb2.Analysis(state=SUCCEEDED, result=result(analysis_pb2.VERDICT_LIKELY_FAKE, 0.75))
    facts = analysis.result.metadata
    facts.size_bytes = 2**53 + 1
    facts.video.frame_count = 600
    facts.creation_time.FromSeconds(0)
    facts.notes.add(reason="EDITED_WITH", text="A word.")
    analysis.result.voice.verdict = analysis_pb2.VERDICT_LIKELY_FAKE
    analysis.result.faces.add().thumbnails.add(jpeg=b"\xff")
    from_file, from_stream = exports.record(analysis)["results"], result_fields(analysis.result)
    assert len(FEATURE_NAMES) == 10
    for name in ("verdict", "headline", "prob_fake", "features", "summary"):
        assert from_stream[name] == from_file[name], name
    assert from_stream["voice"]["verdict"] == from_file["voice"]["verdict"]
    assert from_stream["metadata"]["size_bytes"] == from_file["metadata"]["size_bytes"]
    assert "thumbnails" not in json.dumps([from_file, from_stream], allow_nan=False)


def test_a_person_is_told_how_to_start_the_server() -> None:
    away = ServiceError(grpc.StatusCode.UNAVAILABLE, "", "failed to connect to all addresses")
    problem = Problem.of(away, "localhost:52513")
    assert problem.reason == "SERVER_NOT_REACHED"
    assert "notreally serve" in problem.message
    assert "localhost:52513" in problem.message
    assert "certificate" in Problem.of(away, "https://notreally.example").message
    busy = ServiceError(grpc.StatusCode.UNAVAILABLE, "DRAINING", "The server is about to stop.")
    assert Problem.of(busy, "").message == "The server is about to stop."
