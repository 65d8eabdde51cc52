"""The services' measurements of each video, cached in a Parquet file so that no video is measured twice."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from notreally.v1 import analysis_pb2

from gateway.features.vector import FEATURES, SCHEMA_VERSION
from training.data.atomic import atomic_write
from training.data.clips import ClipsError

FEATURE_NAMES = tuple(feature.name for feature in FEATURES)
"""The ten features, in the order of the vector."""

_QUALITY = ("frames_analyzed", "face_coverage", "median_iod_px", "analyzed_fps", "analyzed_s", "duration_s", "voiced_s")
_COLUMNS = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("schema_version", pa.uint32(), nullable=False),
        *(pa.field(name, pa.float64()) for name in FEATURE_NAMES),
        *(pa.field(name, pa.float64()) for name in _QUALITY),
        pa.field("faces", pa.uint32()),
        pa.field("insufficient", pa.string()),
    ]
)
# A crash loses at most this many measurements.
_WRITE_EVERY = 10

Row = dict[str, float | int | str | None]
Measure = Callable[[Path], Awaitable[analysis_pb2.AnalysisResult]]
"""Has the services analyse one video."""


class MeasurementError(Exception):
    """One video could not be measured. The message says why."""


class VectorCache:
    """Measurements by content hash and schema version of the vector."""

    def __init__(self, path: Path):
        """Read the file if it exists. Another layout is refused with ValueError rather than overwritten."""
        self._path = path
        self._rows: dict[tuple[str, int], Row] = {}
        self._unwritten = 0
        if path.exists():
            table = pq.read_table(path)
            if not table.schema.equals(_COLUMNS):
                raise ValueError(f"{path.name} has other columns than this version writes. Move it away.")
            for row in table.to_pylist():
                self._rows[row["sha256"], row["schema_version"]] = row

    def get(self, sha256: str) -> Row | None:
        """The measurement of a video, if there is one."""
        return self._rows.get((sha256, SCHEMA_VERSION))

    def put(self, sha256: str, row: Row) -> None:
        """Keep a measurement; now and then, write them all."""
        self._rows[sha256, SCHEMA_VERSION] = row
        self._unwritten += 1
        if self._unwritten >= _WRITE_EVERY:
            self.write()

    def write(self) -> None:
        """Write all measurements, in one step that leaves either the old file or the new one."""
        if not self._unwritten:
            return
        rows = [row for _, row in sorted(self._rows.items())]
        with atomic_write(self._path) as fresh:
            pq.write_table(pa.Table.from_pylist(rows, schema=_COLUMNS), fresh)
        self._unwritten = 0


@dataclass(frozen=True)
class Collected:
    """A row for each video that could be measured, and the reason for each that could not."""

    rows: dict[Path, Row]
    failures: dict[Path, str]


async def collect(
    paths: Sequence[Path],
    measure: Measure,
    cache: VectorCache,
    *,
    parallel: int,
    on_done: Callable[[Path], None],
) -> Collected:
    """Measure every video that the cache does not hold yet.

    A video that fails is reported in `failures` and does not stop the others; the cache is written even when the
    collection is interrupted.

    Args:
        paths: videos, each measured once even if it has copies under other names.
        measure: has the services analyse one video; raises `MeasurementError`.
        cache: read first, then filled.
        parallel: videos analysed at once.
        on_done: called once for each path.

    Raises:
        ValueError: the services speak another schema version.
    """
    rows: dict[Path, Row] = {}
    failures: dict[Path, str] = {}
    slots = asyncio.Semaphore(parallel)
    under_way: dict[str, asyncio.Lock] = {}

    async def one(path: Path) -> None:
        async with slots:
            sha256 = await asyncio.to_thread(content_hash, path)
            async with under_way.setdefault(sha256, asyncio.Lock()):
                row = cache.get(sha256)
                if row is None:
                    try:
                        result = await measure(path)
                    except MeasurementError as error:
                        failures[path] = str(error)
                    else:
                        row = row_of(sha256, result)
                        cache.put(sha256, row)
                if row is not None:
                    rows[path] = row
        on_done(path)

    try:
        async with asyncio.TaskGroup() as tasks:
            for path in paths:
                tasks.create_task(one(path))
    except ExceptionGroup as errors:
        # The first to fail ended the others; it alone says what is wrong.
        raise errors.exceptions[0] from None
    finally:
        cache.write()
    return Collected(rows, failures)


def row_of(sha256: str, result: analysis_pb2.AnalysisResult) -> Row:
    """The row of one video: the vector of its largest face and the quality of the evidence.

    The headline of a result is the face that the model in use finds most suspicious. The old model must not choose what
    trains the new one, so the choice here is by size.

    Raises:
        ValueError: the vector is of another schema version.
    """
    largest = next((face for face in result.faces if face.number == 1), None)
    vector = largest.features if largest else result.features
    if vector.schema_version != SCHEMA_VERSION:
        raise ValueError(
            f"The services measure features of schema version {vector.schema_version}, and this training understands "
            f"version {SCHEMA_VERSION}: start the services of the same checkout."
        )
    features = {field.name: value for field, value in vector.ListFields()}
    quality = {field.name: value for field, value in result.quality.ListFields()}
    reasons = largest.insufficiency if largest else result.insufficiency
    return {
        "sha256": sha256,
        "schema_version": SCHEMA_VERSION,
        **{name: features.get(name) for name in FEATURE_NAMES},
        **{name: quality.get(name) for name in _QUALITY},
        "faces": len(result.faces),
        "insufficient": " ".join(reason.reason for reason in reasons),
    }


def content_hash(path: Path) -> str:
    """Lower-case hexadecimal SHA-256 of a file.

    Raises:
        ClipsError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ClipsError(f"{path.name} cannot be read: {error.strerror}.") from error
