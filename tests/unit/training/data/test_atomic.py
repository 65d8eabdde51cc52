"""Files that are found whole, or not at all."""

from pathlib import Path

import pytest

from training.data.atomic import atomic_write


@pytest.mark.parametrize("before", [None, "old"])
def test_what_is_there_is_whole_however_the_writing_ends(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "folder" / "file.npz"
    if before is not None:
        path.parent.mkdir()
        path.write_text(before)

    def write(*, interrupted: bool) -> None:
        with atomic_write(path) as fresh:
            assert (fresh.parent, fresh.suffix) == (path.parent, path.suffix)
            fresh.write_text("new")
            assert (path.read_text() if path.exists() else None) == before
            if interrupted:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(interrupted=True)
    assert [one.read_text() for one in path.parent.iterdir()] == ([] if before is None else [before])

    write(interrupted=False)
    assert [one.read_text() for one in path.parent.iterdir()] == ["new"]
