"""Labelled recordings, and that what tests a network has met none of it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.training.voices.made import recording
from training.data.clips import Clip, ClipsError
from training.voices.recordings import Recording, gather, may_learn, page_folds, sound_tracks

HEAD = "file,label,system,kind,group_id,source_repo"


def manifest(folder: Path, *rows: str, head: str = HEAD) -> Path:
    for row in rows:
        (folder / row.split(",")[0]).write_bytes(b"sound")
    path = folder / "manifest.csv"
    path.write_text("\n".join((head, *rows)), encoding="utf-8")
    return path


def test_a_manifest_names_them(tmp_path: Path) -> None:
    path = manifest(tmp_path, "a.wav,real,ignored,real,Ann,demo", "b.wav,fake,Taco,tts,Ann,demo")
    assert gather(path) == [
        Recording(tmp_path / "a.wav", False, "real", "", "Ann", "demo"),
        Recording(tmp_path / "b.wav", True, "tts", "Taco", "Ann", "demo"),
    ]
    (tmp_path / "a.wav").unlink()
    with pytest.raises(ClipsError, match="real and synthesised"):
        gather(path)


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipsError, match=r"manifest\.csv cannot be read") as missing:
        gather(tmp_path / "manifest.csv")
    assert str(tmp_path) not in str(missing.value)
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ClipsError, match="cannot be read"):
        gather(tmp_path / "manifest.csv")
    with pytest.raises(ClipsError, match="lacks the columns system, source_repo"):
        gather(manifest(tmp_path, "a.wav,real,real,Ann", head="file,label,kind,group_id"))
    with pytest.raises(ClipsError, match="real and synthesised"):
        gather(manifest(tmp_path))


NAMES = st.sampled_from("abcdefgh")
MANY = st.lists(
    st.builds(
        lambda fake, system, speaker, page: recording(
            fake=fake, system=system if fake else "", speaker=speaker, page=page
        ),
        st.booleans(),
        NAMES,
        NAMES,
        NAMES,
    ),
    min_size=2,
    max_size=40,
)


@given(MANY, st.integers(2, 10))
def test_a_page_lies_in_one_fold(recordings: list[Recording], folds: int) -> None:
    found = page_folds(recordings, folds)
    pages = {one.page for one in recordings}
    for page in pages:
        assert len({int(number) for number, one in zip(found, recordings, strict=True) if one.page == page}) == 1
    assert set(found.tolist()) <= set(range(min(folds, len(pages))))
    assert found.tolist() == page_folds(recordings, folds).tolist()


def test_real_and_synthesised_are_spread_evenly() -> None:
    pages = [(f"page {number}", 20 - number, 2 * number) for number in range(20)]
    recordings = [
        recording(page=page, fake=fake)
        for page, real, fakes in pages
        for fake, count in ((False, real), (True, fakes))
        for _ in range(count)
    ]
    fold = page_folds(recordings, 4)
    fake = np.array([one.fake for one in recordings])
    for kind in (fake, ~fake):
        counts = np.bincount(fold[kind], minlength=4)
        assert counts.max() < 1.25 * counts.min()


@given(MANY)
def test_what_tests_has_met_neither_page_nor_speaker_nor_system(recordings: list[Recording]) -> None:
    fold = page_folds(recordings, 3)
    for tested in range(int(fold.max()) + 1):
        known = may_learn(recordings, fold, tested)
        learned = [one for one, chosen in zip(recordings, known, strict=True) if chosen]
        held = [one for one, number in zip(recordings, fold, strict=True) if number == tested]
        assert {one.page for one in learned}.isdisjoint(one.page for one in held)
        assert {one.speaker for one in learned}.isdisjoint(one.speaker for one in held)
        systems = {one.system for one in held if one.fake}
        assert not any(one.fake and one.system in systems for one in learned)


def test_nothing_else_is_left_out() -> None:
    recordings = [
        recording(speaker="Ann", page="tested"),
        recording(speaker="machine", page="tested", fake=True, system="Taco"),
        recording(speaker="Ann", page="other"),
        recording(speaker="Bob", page="other", fake=True, system="Taco"),
        recording(speaker="Bob", page="other", fake=True, system="Wave"),
        recording(speaker="Bob", page="other"),
    ]
    fold = np.array([0, 0, 1, 1, 1, 1], np.intp)
    assert may_learn(recordings, fold, 0).tolist() == [False, False, False, False, True, True]


def test_real_videos_are_recordings_of_real_speech(tmp_path: Path) -> None:
    def clip(name: str, fake: bool) -> Clip:
        return Clip(tmp_path / name, fake, "Ann", "studio", "none", "films")

    (found,) = sound_tracks([clip("a.mp4", False), clip("b.mp4", True)])
    assert (found.path, found.fake, found.kind, found.system) == (tmp_path / "a.mp4", False, "real", "")
    assert (found.speaker, found.page) == ("Ann", "clips of films")
