"""Results on their way into a file, and what is there already when a run goes on.

Every result is a line, written at once and whole: a killed run leaves at most a broken last line, which is cut off. A
Parquet file is only whole once it is closed, so its rows are kept as lines beside it until then.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

from cli.outcome import Exit, exit_of_words

# The file would fare no better another time. All other failures are tried again.
_FINAL_REASONS = frozenset(
    {
        *("NOT_A_VIDEO", "INCOMPLETE_FILE", "NO_VIDEO_STREAM", "UNSUPPORTED_CODEC", "SOUND_TOO_SLOW"),
        *("NO_DECODABLE_FRAME", "FRAME_TOO_LARGE", "EMPTY_FILE", "TOO_LARGE"),
    }
)
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_ROW_GROUP = 1000


class Layout(Protocol):
    """How a result is a line."""

    def line(self, result: dict[str, Any]) -> bytes:
        """With its end."""

    def read(self, line: bytes) -> dict[str, Any] | None:
        """Back; None for a line that is none."""

    def header(self) -> bytes:
        """What a file begins with."""


class JsonLines:
    """A JSON object a line."""

    def line(self, result: dict[str, Any]) -> bytes:
        """See `Layout`."""
        return json.dumps(result, ensure_ascii=False, allow_nan=False).encode() + b"\n"

    def read(self, line: bytes) -> dict[str, Any] | None:
        """See `Layout`."""
        try:
            found = json.loads(line)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def header(self) -> bytes:
        """See `Layout`."""
        return b""


class Csv:
    """Comma-separated values of a row, one line each: line breaks inside a value become spaces."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        """Keep the columns."""
        self._columns = columns

    def line(self, result: dict[str, Any]) -> bytes:
        """See `Layout`."""
        return self._joined([_harmless(result.get(column)) for column in self._columns])

    def read(self, line: bytes) -> dict[str, Any] | None:
        """See `Layout`."""
        values = next(csv.reader([line.decode(errors="replace")]), [])
        if len(values) != len(self._columns) or tuple(values) == self._columns:
            return None
        return {name: value or None for name, value in zip(self._columns, map(_as_it_was, values), strict=True)}

    def header(self) -> bytes:
        """See `Layout`."""
        return self._joined(list(self._columns))

    def _joined(self, values: list[Any]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow(values)
        return text.getvalue().encode(errors="replace")


class Results:
    """A file of results that grows.

    Args:
        path: Where it is; what is in it stays.
        layout: How a result is a line.

    Raises:
        OSError: It cannot be written.
        ValueError: It holds something else.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        """Nothing is opened before `with`."""
        self._path = path
        self._layout = layout
        self._by_hash: dict[bytes, int] = {}
        self._by_file: dict[bytes, int] = {}
        self.exits: set[Exit] = set()
        """Of what is in it."""
        self.batch = ""
        """``batches/{id}`` of its last result; empty for none."""

    def __enter__(self) -> Self:
        """Open it, and read what it holds: two short hashes of each result stay in memory."""
        self._file: BinaryIO = self._path.open("a+b")
        self._file.seek(0)
        whole = 0
        for line in iter(self._file.readline, b""):
            if not line.endswith(b"\n"):
                break
            self._note(self._layout.read(line), whole)
            whole += len(line)
        if whole and not self._by_hash and not self._by_file and self._first_line() != self._layout.header():
            self._file.close()
            raise ValueError(f"{self._path.name} is there already and holds no results of this kind.")
        self._file.truncate(whole)
        if not whole:
            self._append(self._layout.header())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._file.close()

    def __len__(self) -> int:
        """How many files have a result in it."""
        return len(self._by_file)

    def has(self, file: str, sha256: str) -> bool:
        """Whether the result of a file with this content is there, under this name."""
        offset = self._by_file.get(_short(file))
        return (
            offset is not None
            and self._by_hash.get(_digest(sha256)) is not None
            and ((self._at(offset) or {}).get("sha256") == sha256)
        )

    def same(self, sha256: str) -> dict[str, Any] | None:
        """The result of the same content under whichever name."""
        offset = self._by_hash.get(_digest(sha256))
        return None if offset is None else self._at(offset)

    def add(self, result: dict[str, Any]) -> None:
        """Write a result, at once.

        Raises:
            OSError: The disk is full, for one.
        """
        self._file.seek(0, os.SEEK_END)
        at = self._file.tell()
        self._append(self._layout.line(result))
        self._note(result, at)

    def all(self) -> Iterator[dict[str, Any]]:
        """Every result; of a file that was done more than once the last one."""
        for offset in sorted(self._by_file.values()):
            if (found := self._at(offset)) is not None:
                yield found

    def _note(self, result: dict[str, Any] | None, at: int) -> None:
        if result is None or "file" not in result:
            return
        sha256, error = result.get("sha256"), result.get("error") or {}
        reason = result.get("reason") or (error.get("reason") if isinstance(error, dict) else None)
        if result.get("status") != "completed" and reason not in _FINAL_REASONS:
            return
        self._by_file[_short(str(result["file"]))] = at
        if isinstance(sha256, str) and len(sha256) == 64:
            self._by_hash[_digest(sha256)] = at
        verdict = result.get("verdict") or (result.get("results") or {}).get("verdict")
        self.exits.add(exit_of_words(verdict))
        self.batch = f"batches/{result['batch_id']}" if result.get("batch_id") else self.batch

    def _at(self, offset: int) -> dict[str, Any] | None:
        self._file.seek(offset)
        return self._layout.read(self._file.readline())

    def _first_line(self) -> bytes:
        self._file.seek(0)
        return self._file.readline()

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()


def write_parquet(results: Iterator[dict[str, Any]], columns: tuple[str, ...], path: Path) -> None:
    """Write rows as Parquet, a row group for every thousand, and put it in its place once it is whole.

    Raises:
        ImportError: pyarrow is not installed.
        OSError: It cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    numbers = {"prob_fake": pa.float64(), "voice_prob_fake": pa.float64(), "length_s": pa.float64()}
    kinds = {**numbers, "people": pa.int32(), "reviewed": pa.bool_()}
    schema = pa.schema([(column, kinds.get(column, pa.string())) for column in columns])
    unfinished = path.with_name(path.name + ".unfinished")
    with parquet.ParquetWriter(unfinished, schema) as writer:
        rows: list[dict[str, Any]] = []
        for result in results:
            rows.append({column: result.get(column) for column in columns})
            if len(rows) == _ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema))
    unfinished.replace(path)


def _short(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).digest()


def _digest(sha256: str) -> bytes:
    return sha256[:32].encode()


def _harmless(value: Any) -> Any:
    """One line, and nothing that a spreadsheet would run: names of files come from anybody."""
    if not isinstance(value, str):
        return value
    text = " ".join(value.splitlines()) if "\n" in value or "\r" in value else value
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _as_it_was(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULAS) else value
