"""What is going on, in words."""

import pytest
from notreally.v1 import analysis_pb2

from cli.progress import event_words


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (1, "waiting, next in line"),
        (2, "waiting, 2nd in line"),
        (3, "waiting, 3rd in line"),
        (11, "waiting, 11th in line"),
        (112, "waiting, 112th in line"),
        (21, "waiting, 21st in line"),
        (None, "queued"),
    ],
)
def test_one_who_waits_is_told_where(position: int | None, words: str) -> None:
    assert event_words(analysis_pb2.AnalysisEvent(stage=analysis_pb2.STAGE_QUEUED, queue_position=position)) == words
