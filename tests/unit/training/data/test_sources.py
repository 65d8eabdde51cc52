"""Folds by source: nothing of what is tested was met while learning."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.clips import Clip, source_of
from training.data.sources import may_learn, source_folds


def clip(name: str, *, fake: bool, source: str, group: str = "", method: str = "") -> Clip:
    return Clip(Path(name), fake, group or f"g-{name}", method=method or ("swap" if fake else "none"), source=source)


PAGES = [clip(f"{page}-{number}", fake=number % 2 == 1, source=page) for page in "abcdef" for number in range(4)]


def test_every_source_lies_in_one_fold_and_both_kinds_in_each() -> None:
    fold = source_folds(PAGES, 3)
    assert set(fold) == {0, 1, 2}
    for page in "abcdef":
        assert len({number for number, one in zip(fold, PAGES, strict=True) if one.source == page}) == 1
    for number in range(3):
        assert {one.fake for one, place in zip(PAGES, fold, strict=True) if place == number} == {False, True}


def test_the_largest_source_does_not_share_its_fold_while_others_are_emptier() -> None:
    large = [clip(f"large-{number}", fake=number % 2 == 1, source="large") for number in range(40)]
    clips = [*PAGES, *large]
    fold = source_folds(clips, 3)
    (own,) = {number for number, one in zip(fold, clips, strict=True) if one.source == "large"}
    assert [one.source for one, number in zip(clips, fold, strict=True) if number == own] == ["large"] * 40


def test_one_source_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="two sources with fake videos"):
        source_folds(
            [clip("a", fake=True, source="x"), clip("b", fake=False, source="x"), clip("c", fake=False, source="y")]
        )


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from("abcd"), st.sampled_from("pqrs"), st.sampled_from("mno")),
        min_size=4,
        max_size=30,
    )
)
def test_what_is_learned_from_shares_neither_source_nor_person_nor_method(
    drawn: list[tuple[bool, str, str, str]],
) -> None:
    clips = [
        clip(str(number), fake=fake, source=source, group=group, method=method if fake else "none")
        for number, (fake, source, group, method) in enumerate(drawn)
    ]
    try:
        fold = source_folds(clips, 3)
    except ValueError:
        return
    for tested in np.unique(fold):
        learns = may_learn(clips, fold, tested)
        inside = [one for one, number in zip(clips, fold, strict=True) if number == tested]
        for one in (one for one, chosen in zip(clips, learns, strict=True) if chosen):
            assert one.source not in {other.source for other in inside}
            assert one.group not in {other.group for other in inside}
            assert not (one.fake and one.method in {other.method for other in inside})


def test_real_clips_have_no_method_to_share() -> None:
    clips = [clip("a", fake=False, source="x"), clip("b", fake=False, source="y")]
    assert may_learn(clips, np.array([0, 1]), 0).tolist() == [False, True]


@pytest.mark.parametrize(
    ("row", "source"),
    [
        ({"source": "mine", "source_repo": "page"}, "mine"),
        ({"source_repo": "page"}, "page"),
        ({"source_repo": "page", "method": "faceswap-ffpp-FaceSwap"}, "FaceForensics++"),
        ({"source_repo": "page", "subset": "ffpp-c40"}, "FaceForensics++"),
        ({"source_repo": "page", "method": "faceswap-dfdc"}, "DFDC"),
        ({"group_id": "somebody"}, "group:somebody"),
    ],
)
def test_the_source_is_the_data_set_or_else_the_page_or_else_the_people(row: dict[str, str], source: str) -> None:
    assert source_of(row) == source
