"""What networks said of crops, on disk."""

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.networks.scores import Scores, TextureScores, read_scores, write_scores

_crops = st.lists(st.floats(-50, 50, width=32), max_size=5)
_scores = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), max_size=12),
    st.dictionaries(st.integers(0, 10**9), _crops, max_size=4),
    max_size=3,
)


@given(_scores)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_said_is_read_as_it_was_written(tmp_path: Path, scores: dict[str, dict[int, list[float]]]) -> None:
    path = tmp_path / "scores" / "kept.npz"
    write_scores(path, {view: {clip: np.array(said) for clip, said in of.items()} for view, of in scores.items()})
    found = read_scores(path)
    assert {view: {clip: said.tolist() for clip, said in of.items()} for view, of in found.items()} == {
        view: {clip: said for clip, said in of.items() if said} for view, of in scores.items()
    }


def test_another_part_replaces_the_one_with_the_same_answer() -> None:
    def said(*of_seeds: float) -> Scores:
        return tuple((np.array([value, value + 1]), np.empty(0)) for value in of_seeds)

    parts = {"places": said(9.0, 9.0), "whole": said(2.0, 4.0)}
    scores = TextureScores((0, 1), np.zeros(2, np.intp), said(5.0, 6.0), parts, {}, {})
    (mixed,) = scores.with_part("places", said(6.0))
    assert [of_clip.tolist() for of_clip in mixed] == [[4.0, 5.0], []]
