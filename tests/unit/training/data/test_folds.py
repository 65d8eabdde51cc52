"""Nobody is half unseen."""

from pathlib import Path

import numpy as np
import pytest

from training.data.clips import Clip, Dataset
from training.data.folds import FOLDS, group_folds, refuse_too_few


def dataset(people: int, *, paired: int = 0) -> Dataset:
    clips = tuple(
        Clip(Path(f"{person} {fake}"), fake, f"person {person}", "studio" if person < paired else "street")
        for person in range(people)
        for fake in (False, True)
    )
    pairs = tuple((Path(f"{person} False"), Path(f"{person} True")) for person in range(paired))
    return Dataset(clips, pairs, ())


def test_no_person_is_in_two_folds_and_pairs_are_spread() -> None:
    data = dataset(40, paired=12)
    fold = group_folds(data)
    assert set(fold) == set(range(FOLDS))
    groups = np.array([clip.group for clip in data.clips])
    assert all(len(np.unique(fold[groups == group])) == 1 for group in groups)
    assert set(fold[:24]) == set(range(FOLDS))
    assert np.array_equal(fold, group_folds(data))
    assert not np.array_equal(fold, group_folds(data, seed=1))


def test_few_people_make_fewer_folds() -> None:
    assert len(np.unique(group_folds(dataset(3)))) == 3


def test_one_person_cannot_be_told_from_another() -> None:
    with pytest.raises(ValueError, match="two people"):
        group_folds(dataset(1))


def test_what_is_in_one_fold_alone_is_too_few() -> None:
    fold = np.array([0, 0, 1, 2])
    refuse_too_few(fold, np.array([True, False, True, False]), "videos")
    for chosen in ([True, True, False, False], [False] * 4):
        with pytest.raises(ValueError, match="Too few people have videos of cats to test"):
            refuse_too_few(fold, np.array(chosen), "videos of cats")
