"""Videos are measured once, failures are reported, and nothing measured is lost."""

import asyncio
import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from notreally.v1 import analysis_pb2, features_pb2

from gateway.features.vector import SCHEMA_VERSION
from training.data.clips import ClipsError
from training.data.vectors import FEATURE_NAMES, Collected, MeasurementError, VectorCache, collect, content_hash, row_of


class Bench:
    """Measures: the vector says the file's size; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def measure(self, path: Path) -> analysis_pb2.AnalysisResult:
        self.asked.append(path.name)
        if path.name.startswith("broken"):
            raise MeasurementError("no face here")
        size = await asyncio.to_thread(lambda: path.stat().st_size)
        vector = features_pb2.FeatureVector(schema_version=SCHEMA_VERSION, nose_jitter=size)
        return analysis_pb2.AnalysisResult(features=vector)


def videos_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.mp4"))


async def run(bench: Bench, folder: Path, cache: VectorCache) -> Collected:
    done: list[Path] = []
    paths = videos_in(folder)
    collected = await collect(paths, bench.measure, cache, parallel=3, on_done=done.append)
    assert sorted(done) == paths
    return collected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("a", b"1"), ("b", b"22"), ("copy of b", b"22"), ("broken", b"333")):
        (tmp_path / f"{name}.mp4").write_bytes(content)
    return tmp_path


async def test_a_second_run_measures_only_what_is_new(folder: Path) -> None:
    cache, bench = folder / "kept" / "vectors.parquet", Bench()
    first = await run(bench, folder, VectorCache(cache))
    assert {path.name: row["nose_jitter"] for path, row in first.rows.items()} == {
        "a.mp4": 1,
        "b.mp4": 2,
        "copy of b.mp4": 2,
    }
    (folder / "new.mp4").write_bytes(b"4444")

    again = Bench()
    second = await run(again, folder, VectorCache(cache))
    assert sorted(again.asked) == ["broken.mp4", "new.mp4"]
    assert second.rows.items() > first.rows.items()


async def test_a_copy_is_not_measured_again(folder: Path) -> None:
    bench = Bench()
    await run(bench, folder, VectorCache(folder / "vectors.parquet"))
    assert len([name for name in bench.asked if name.endswith("b.mp4")]) == 1


async def test_a_video_that_fails_is_reported_and_does_not_stop_the_others(folder: Path) -> None:
    collected = await run(Bench(), folder, VectorCache(folder / "vectors.parquet"))
    assert {path.name: why for path, why in collected.failures.items()} == {"broken.mp4": "no face here"}
    assert len(collected.rows) == 3


async def test_what_was_measured_before_an_interruption_is_kept(folder: Path) -> None:
    bench = Bench()

    async def measure(path: Path) -> analysis_pb2.AnalysisResult:
        if path.name == "broken.mp4":
            raise ConnectionError("gone")
        return await bench.measure(path)

    cache = folder / "vectors.parquet"
    paths = videos_in(folder)
    with pytest.raises(ConnectionError, match="gone"):
        await collect(paths, measure, VectorCache(cache), parallel=1, on_done=lambda _: None)
    kept = VectorCache(cache).get(hashlib.sha256(b"1").hexdigest())
    assert kept is not None
    assert kept["nose_jitter"] == 1


async def test_services_of_another_schema_are_refused(folder: Path) -> None:
    async def measure(_: Path) -> analysis_pb2.AnalysisResult:
        vector = features_pb2.FeatureVector(schema_version=SCHEMA_VERSION + 1)
        return analysis_pb2.AnalysisResult(features=vector)

    with pytest.raises(ValueError, match="same checkout"):
        await collect(
            [folder / "a.mp4"], measure, VectorCache(folder / "v.parquet"), parallel=1, on_done=lambda _: None
        )


def test_the_vector_is_that_of_the_largest_face_not_of_the_most_suspicious() -> None:
    result = analysis_pb2.AnalysisResult(
        features=features_pb2.FeatureVector(schema_version=SCHEMA_VERSION, nose_jitter=9)
    )
    for number, trembling in ((2, 9.0), (1, 3.0)):
        vector = features_pb2.FeatureVector(schema_version=SCHEMA_VERSION, nose_jitter=trembling)
        result.faces.add(number=number, features=vector)
    result.faces[1].insufficiency.add(reason="TRACK_TOO_SHORT")
    row = row_of("hash", result)
    assert (row["nose_jitter"], row["faces"], row["insufficient"]) == (3.0, 2, "TRACK_TOO_SHORT")


def test_an_absent_feature_is_null_and_a_zero_is_zero(tmp_path: Path) -> None:
    vector = features_pb2.FeatureVector(schema_version=SCHEMA_VERSION, nose_jitter=0.0)
    cache = VectorCache(tmp_path / "v.parquet")
    cache.put("hash", row_of("hash", analysis_pb2.AnalysisResult(features=vector)))
    cache.write()
    (row,) = pq.read_table(tmp_path / "v.parquet").to_pylist()
    assert row["nose_jitter"] == 0.0
    assert all(row[name] is None for name in FEATURE_NAMES if name != "nose_jitter")
    assert row["median_iod_px"] is None


def test_measurements_of_another_schema_are_kept_and_not_used(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    vector = features_pb2.FeatureVector(schema_version=SCHEMA_VERSION, nose_jitter=1.0)
    cache = VectorCache(path)
    cache.put("hash", row_of("hash", analysis_pb2.AnalysisResult(features=vector)))
    cache.write()
    table = pq.read_table(path)
    older = table.set_column(1, table.schema.field(1), pa.array([SCHEMA_VERSION + 1], pa.uint32()))
    pq.write_table(older, path)

    cache = VectorCache(path)
    assert cache.get("hash") is None
    cache.put("hash", row_of("hash", analysis_pb2.AnalysisResult(features=vector)))
    cache.write()
    assert pq.read_table(path).num_rows == 2


def test_a_file_of_another_layout_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    pq.write_table(pa.table({"something": [1]}), path)
    with pytest.raises(ValueError, match="other columns"):
        VectorCache(path)


def test_a_file_that_cannot_be_read_is_answered_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ClipsError, match=r"gone\.mp4 cannot be read: No such file or directory\."):
        content_hash(tmp_path / "gone.mp4")
