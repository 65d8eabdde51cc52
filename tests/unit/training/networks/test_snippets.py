"""What networks learn from: how snippets of real and of fake videos become lessons."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.face.networks.crops import FRAMES
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from training.data.crops import CROPS_LAYOUT, Crops, cut, middle
from training.networks import snippets as bank_module
from training.networks.snippets import SNIPPET_SIDE, Kind, Snippets, make_snippets, read_snippets


@pytest.fixture
def crops(face_video: MakeFaceVideo) -> Crops:
    return cut(face_video(FaceVideo(seconds=0.5, size=(320, 240), iod=60)), 6)


@pytest.fixture
def videos(crops: Crops, tmp_path: Path) -> list[Snippets]:
    """Of the same video, once taken for real and once for fake."""
    return [
        read_snippets(kept) for kept in make_snippets([crops, crops], [False, True], [3, 3], tmp_path, seed=0, jobs=1)
    ]


def test_real_and_fake_snippets_are_augmented_alike(crops: Crops, videos: list[Snippets]) -> None:
    as_they_came = np.array([middle(snippet, SNIPPET_SIDE)[..., -FRAMES:] for snippet in crops.snippets])
    for snippets, kind in zip(videos, (Kind.REAL, Kind.LABELLED), strict=True):
        as_came, after = ((snippets.kind == kind) & (snippets.augmented == yes) for yes in (False, True))
        np.testing.assert_array_equal(snippets.pixels[as_came], as_they_came)
        np.testing.assert_array_equal(snippets.time_s[as_came], crops.times_s)
        np.testing.assert_array_equal(snippets.time_s[after], crops.times_s)
        assert np.any(snippets.pixels[after] != as_they_came, axis=(1, 2, 3)).mean() > 0.5


def test_the_members_of_a_pair_get_the_same_augmentations_and_others_do_not(crops: Crops, tmp_path: Path) -> None:
    kept = make_snippets([crops, crops, crops], [False, True, True], [3, 3, 4], tmp_path, seed=0, jobs=1)
    real, fake, other = map(read_snippets, kept)
    after = real.pixels[(real.kind == Kind.REAL) & real.augmented]
    np.testing.assert_array_equal(fake.pixels[fake.augmented], after)
    assert np.any(other.pixels[other.augmented] != after)


def test_half_of_what_is_forged_is_encoded_afterwards_and_so_is_its_twin(videos: list[Snippets]) -> None:
    real, _ = videos
    encoded = []
    for place in np.flatnonzero(real.kind == Kind.FORGED):
        # Around what is forged both are the same, but for what an encoder makes of it.
        outside = np.kron(real.mask[place], np.ones((4, 4))) == 0
        forged, twin = (real.pixels[one][outside].astype(float) for one in (place, real.twin[place]))
        difference = np.abs(forged - twin).mean()
        assert difference < 8
        encoded.append(difference > 0.05)
    assert 0.2 < np.mean(encoded) < 0.8


def test_a_small_face_is_forged_and_encoded_at_its_own_size(crops: Crops, tmp_path: Path) -> None:
    small = replace(crops, scale=np.full(len(crops), 0.25))
    detail = []
    for one in (replace(crops, scale=np.ones(len(crops))), small):
        made = read_snippets(*make_snippets([one], [False], [0], tmp_path / str(one.scale[0]), seed=0, jobs=1))
        forged = made.pixels[made.kind == Kind.FORGED].astype(float)
        detail.append(np.abs(np.diff(forged, axis=1)).mean())
    assert detail[1] < 0.85 * detail[0]


def test_each_real_snippet_has_a_forged_twin_and_fakes_have_none(videos: list[Snippets]) -> None:
    real, fake = videos
    (forged,) = np.nonzero(real.kind == Kind.FORGED)
    assert len(forged) == 2 * np.sum(~real.augmented & (real.kind == Kind.REAL))
    assert sorted(real.twin[forged]) == np.flatnonzero(real.kind == Kind.TWIN).tolist()
    assert np.all(np.any(real.pixels[forged] != real.pixels[real.twin[forged]], axis=(1, 2, 3)))
    assert np.all(real.mask[forged].any(axis=(1, 2)))
    assert not real.mask[real.kind != Kind.FORGED].any()
    assert np.all(fake.twin == np.arange(len(fake.kind)))


def test_what_was_made_is_kept_and_another_video_has_other_snippets(crops: Crops, tmp_path: Path) -> None:
    make_snippets([crops], [False], [0], tmp_path, seed=0, jobs=1)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    make_snippets([crops, crops], [False, True], [0, 0], tmp_path, seed=0, jobs=1)
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}.items()
    assert len(list(tmp_path.iterdir())) == 2 * len(kept)


def test_crops_of_another_size_or_kind_have_other_snippets(
    crops: Crops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smaller = replace(crops, scale=crops.scale / 2)
    kept = make_snippets([crops, smaller], [True, True], [0, 0], tmp_path, seed=0, jobs=1)
    monkeypatch.setattr(bank_module, "CROPS_LAYOUT", CROPS_LAYOUT + 1)
    kept += make_snippets([crops], [True], [0], tmp_path, seed=0, jobs=1)
    assert len(set(kept)) == 3
