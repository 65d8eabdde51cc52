"""Which videos are found, and what is known of them."""

from pathlib import Path

import pytest

from training.data.clips import Clip, ClipsError, Dataset, fingerprint, gather, unique


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two real and two fake videos, in folders with blanks in their names."""
    touch(*(tmp_path / name for name in ("my real/a.mp4", "my real/deep er/b.MOV", "my fake/c.mp4", "my fake/d.webm")))
    return tmp_path


def manifest(data: Path, *lines: str, name: str = "manifest.csv") -> Path:
    path = data / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_videos_are_found_below_the_folders_and_labelled_by_them(data: Path) -> None:
    touch(data / "my real/notes.txt", data / "my real/.cache/e.mp4")
    clips = gather([str(data / "my real")], [str(data / "my fake")]).clips
    labels = {clip.path.name: clip.fake for clip in clips}
    assert labels == {"a.mp4": False, "b.MOV": False, "c.mp4": True, "d.webm": True}


def test_without_a_manifest_each_file_is_a_person_and_the_reader_is_warned(data: Path) -> None:
    dataset = gather([str(data / "my real")], [str(data / "my fake")])
    assert len({clip.group for clip in dataset.clips}) == 4
    (warning,) = dataset.warnings
    assert "4 of 4 videos" in warning


def test_several_folders_may_be_given_in_one_string_or_in_several(data: Path) -> None:
    touch(data / "more/e.mp4")
    together = gather([f"{data / 'my real'}:{data / 'more'}"], [str(data / "my fake")])
    apart = gather([str(data / "my real"), str(data / "more")], [str(data / "my fake")])
    assert together == apart
    assert len(together.clips) == 5


def test_a_folder_whose_name_holds_the_separator_is_one_folder(data: Path) -> None:
    touch(data / "10:30/e.mp4")
    dataset = gather([str(data / "10:30")], [str(data / "my fake")])
    assert [clip.path.name for clip in dataset.clips if not clip.fake] == ["e.mp4"]


def test_a_manifest_beside_the_folders_is_found_and_used(data: Path) -> None:
    manifest(
        data,
        "file,label,group_id,subset,method",
        "my real/a.mp4,real,ann,studio,none",
        "my fake/c.mp4,fake,ann,studio,swap",
    )
    dataset = gather([str(data / "my real")], [str(data / "my fake")])
    known = {clip.path.name: clip for clip in dataset.clips}
    assert known["c.mp4"] == Clip(data / "my fake/c.mp4", True, "ann", "studio", "swap", "group:ann")
    assert known["a.mp4"].group == "ann"
    assert known["d.webm"].group != known["b.MOV"].group
    assert "2 of 4" in dataset.warnings[0]


def test_a_manifest_may_be_named(data: Path) -> None:
    lines = ["file,label,group_id", "my real/a.mp4,real,ann", "my real/deep er/b.MOV,real,bob"]
    path = manifest(data, *lines, "my fake/c.mp4,fake,ann", "my fake/d.webm,fake,bob", name="other.csv")
    dataset = gather([str(data / "my real")], [str(data / "my fake")], path)
    assert [clip.group for clip in dataset.clips] == ["ann", "bob", "ann", "bob"]
    assert dataset.warnings == ()


def test_a_csv_of_another_kind_beside_the_folders_is_left_alone(data: Path) -> None:
    manifest(data, "name,price", "apple,3")
    assert len(gather([str(data / "my real")], [str(data / "my fake")]).clips) == 4


def test_pairs_beside_the_manifest_are_read(data: Path) -> None:
    manifest(data, "file,label,group_id", "my real/a.mp4,real,ann", "my fake/c.mp4,fake,ann")
    manifest(data, "real,fake", "my real/a.mp4,my fake/c.mp4", "my real/gone.mp4,my fake/c.mp4", name="pairs.csv")
    dataset = gather([str(data / "my real")], [str(data / "my fake")])
    assert dataset.pairs == ((data / "my real/a.mp4", data / "my fake/c.mp4"),)


def test_a_pair_of_two_groups_is_refused(data: Path) -> None:
    manifest(data, "file,label,group_id", "my real/a.mp4,real,ann", "my fake/c.mp4,fake,bob")
    manifest(data, "real,fake", "my real/a.mp4,my fake/c.mp4", name="pairs.csv")
    with pytest.raises(ClipsError, match="group_id differs"):
        gather([str(data / "my real")], [str(data / "my fake")])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("my real/a.mp4,fake,ann", "disagree"), ("my real/a.mp4,maybe,ann", "neither real nor fake")],
)
def test_a_manifest_that_contradicts_is_refused(data: Path, line: str, complaint: str) -> None:
    manifest(data, "file,label,group_id", line)
    with pytest.raises(ClipsError, match=complaint):
        gather([str(data / "my real")], [str(data / "my fake")])


def test_a_named_manifest_without_the_columns_is_refused(data: Path) -> None:
    path = manifest(data, "file,label", "my real/a.mp4,real")
    with pytest.raises(ClipsError, match="group_id"):
        gather([str(data / "my real")], [str(data / "my fake")], path)


def test_a_folder_that_is_missing_or_empty_or_on_both_sides_is_refused(data: Path) -> None:
    real, fake = str(data / "my real"), str(data / "my fake")
    (data / "empty").mkdir()
    with pytest.raises(ClipsError, match="no folder"):
        gather([real, str(data / "gone")], [fake])
    with pytest.raises(ClipsError, match="no video in the folders of fake"):
        gather([real], [str(data / "empty")])
    with pytest.raises(ClipsError, match="of real and in a folder of fake"):
        gather([real], [fake, real])


def test_copies_and_contradictions_are_left_out() -> None:
    content = {"a": "1", "b": "2", "copy of a": "1", "said fake": "3", "said real": "3"}
    clips = {name: Clip(Path(name), name in ("b", "said fake"), f"file:{name}") for name in content}
    pairs = ((Path("copy of a"), Path("b")), (Path("a"), Path("b")), (Path("a"), Path("said fake")))
    left, left_out = unique(Dataset(tuple(clips.values()), pairs, ("A warning.",)), lambda path: content[path.name])
    assert left == Dataset((clips["a"], clips["b"]), ((Path("a"), Path("b")),), ("A warning.",))
    assert {path.name: why for path, why in left_out.items()} == {
        "copy of a": "a copy of another video",
        "said fake": "the same content is labelled real and fake",
        "said real": "the same content is labelled real and fake",
    }


def test_of_copies_in_two_groups_all_that_is_in_either_is_of_one_person() -> None:
    groups = {"1": "ann", "2": "bob", "3": "bob", "4": "eve", "5": "eve", "6": "cid"}
    # The first and the fourth are the same, and so are the second, the third and the fifth.
    content = dict(zip(groups, "abbabc", strict=True))
    clips = tuple(Clip(Path(name), False, group) for name, group in groups.items())
    left, left_out = unique(Dataset(clips, (), ()), lambda path: content[path.name])
    one, two, other = (clip.group for clip in left.clips)
    assert one == two
    assert other == "cid"
    assert {path.name for path in left_out} == {"3", "4", "5"}


def test_a_fingerprint_is_of_contents_and_labels_alone() -> None:
    def of(*clips: tuple[str, bool]) -> str:
        dataset = Dataset(tuple(Clip(Path(name), fake, name) for name, fake in clips), (), ())
        return fingerprint(dataset, lambda path: path.name)

    known = of(("1", False), ("2", True))
    assert of(("elsewhere/2", True), ("1", False), ("copy/1", False)) == known
    assert len({known, of(("1", False), ("3", True)), of(("1", False), ("2", False)), of(("1", False))}) == 4
