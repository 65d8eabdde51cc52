"""A file of results: whole after every line, and read again by the run that goes on."""

from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from cli.many.results import Csv, JsonLines, Layout, Results, write_parquet
from cli.outcome import COLUMNS, Exit

LAYOUTS = pytest.mark.parametrize("layout", [JsonLines(), Csv(COLUMNS)], ids=["jsonl", "csv"])


def row(file: str, sha256: str, **values: Any) -> dict[str, Any]:
    known = {"status": "completed", "verdict": "likely_fake", "prob_fake": 0.9, "batch_id": "7", **values}
    return {**dict.fromkeys(COLUMNS), "file": file, "sha256": sha256, **known}


A, B = "a" * 64, "b" * 64


@LAYOUTS
def test_what_is_there_is_known_again(tmp_path: Path, layout: Layout) -> None:
    path = tmp_path / "out"
    with Results(path, layout) as results:
        results.add(row("=a, b.mp4", A))
        results.add(row("c.mp4", B, status="failed", verdict=None, reason="NOT_A_VIDEO", message="No\nvideo."))
        results.add(row("d.mp4", "c" * 64, status="failed", verdict=None, reason="SERVER_NOT_REACHED"))
    before = path.read_bytes()
    with Results(path, layout) as again:
        assert (len(again), again.batch) == (2, "batches/7")
        assert again.exits == {Exit.FAKE, Exit.ERROR}
        assert again.has("=a, b.mp4", A)
        assert not again.has("=a, b.mp4", B)
        assert not again.has("other.mp4", A)
        # What failed for a reason of the file's own fails again; what failed for another is tried again.
        assert again.has("c.mp4", B)
        assert again.same("c" * 64) is None
        assert (again.same(A) or {})["file"] == "=a, b.mp4"
    assert path.read_bytes() == before


@LAYOUTS
@pytest.mark.parametrize("lost", [1, 5, 40])
def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path, layout: Layout, lost: int) -> None:
    path = tmp_path / "out"
    with Results(path, layout) as results:
        results.add(row("a.mp4", A))
    whole = path.read_bytes()
    with Results(path, layout) as results:
        results.add(row("b.mp4", B))
    path.write_bytes(path.read_bytes()[:-lost])
    with Results(path, layout) as again:
        assert path.read_bytes() == whole
        assert (again.has("a.mp4", A), again.same(B)) == (True, None)


@LAYOUTS
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, layout: Layout) -> None:
    path = tmp_path / "out"
    path.write_text("my notes\non something else\n")
    with pytest.raises(ValueError, match="holds no results"), Results(path, layout):
        pass
    assert path.read_text() == "my notes\non something else\n"


def test_a_spreadsheet_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with Results(path, Csv(COLUMNS)) as results:
        results.add(row("=cmd()", A, note="+1", prob_fake=-0.5))
    assert "'=cmd()" in path.read_text()
    assert ",'+1," in path.read_text()
    assert ",-0.5," in path.read_text()


def test_parquet_has_one_row_for_each_file(tmp_path: Path) -> None:
    with Results(tmp_path / "lines", JsonLines()) as results:
        for number in range(2500):
            results.add(row(f"{number}.mp4", f"{number:064x}", people=1))
        results.add(row("0.mp4", f"{0:064x}", verdict="likely_real"))
        write_parquet(results.all(), COLUMNS, tmp_path / "out.parquet")
    file = parquet.ParquetFile(tmp_path / "out.parquet")
    assert file.num_row_groups == 3
    table = file.read().to_pylist()
    assert len(table) == 2500
    assert {one["verdict"] for one in table if one["file"] == "0.mp4"} == {"likely_real"}
    assert list(tmp_path.glob("*.unfinished")) == []
