"""A video in a bucket as a file: the same bytes as any file, fetched in few and small pieces."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.media.seekable import BLOCK_BYTES, MOST_BLOCKS_AHEAD, Ranges, Video, open_video

CONTENT = bytes(i % 251 for i in range(3 * BLOCK_BYTES + 1000))


class Bucket:
    """Answers with ranges of a content, and remembers which."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.fetched: list[tuple[int, int]] = []

    def __call__(self, start: int, end: int) -> bytes:
        assert 0 <= start < end <= len(self.content)
        self.fetched.append((start, end))
        return self.content[start:end]

    @property
    def file(self) -> Ranges:
        return Ranges(len(self.content), self)


moves = st.tuples(st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]), st.integers(-900_000, 900_000))


@given(st.lists(st.one_of(moves, st.integers(0, 600_000)), max_size=30))
def test_it_reads_like_a_file(steps: list[tuple[int, int] | int]) -> None:
    ours, theirs = io.BufferedReader(Bucket().file, 100), io.BytesIO(CONTENT)
    for step in steps:
        if isinstance(step, int):
            assert ours.read(step) == theirs.read(step)
            continue
        whence, offset = step
        base = {io.SEEK_SET: 0, io.SEEK_CUR: theirs.tell(), io.SEEK_END: len(CONTENT)}[whence]
        if base + offset >= 0:
            assert ours.seek(offset, whence) == theirs.seek(base + offset)


def test_nothing_is_fetched_twice_or_before_it_is_read() -> None:
    bucket = Bucket()
    file = bucket.file
    file.seek(-10, io.SEEK_END)
    file.seek(5)
    assert bucket.fetched == []
    file.read(10)
    file.seek(0)
    file.read(100)
    assert bucket.fetched == [(0, BLOCK_BYTES)]


def test_reading_on_fetches_more_at_once_and_jumping_does_not() -> None:
    bucket = Bucket(bytes(40 * BLOCK_BYTES))
    file = bucket.file
    for _ in range(20):
        file.read(BLOCK_BYTES)
    blocks = [(end - start) // BLOCK_BYTES for start, end in bucket.fetched]
    assert blocks[:4] == [1, 2, 4, 8]
    assert max(blocks) == MOST_BLOCKS_AHEAD
    file.seek(35 * BLOCK_BYTES)
    file.read(1)
    assert bucket.fetched[-1] == (35 * BLOCK_BYTES, 36 * BLOCK_BYTES)


def test_what_is_kept_is_bounded() -> None:
    bucket = Bucket(bytes(200 * BLOCK_BYTES))
    file = bucket.file
    for number in range(0, 200, 2):  # never in sequence
        file.seek(number * BLOCK_BYTES)
        file.read(1)
    file.seek(0)
    file.read(1)
    assert bucket.fetched[-1] == (0, BLOCK_BYTES)


def test_a_file_of_this_machine_is_read_as_such(tmp_path: Path) -> None:
    path = tmp_path / "video"
    path.write_bytes(CONTENT)
    with open_video(Video(len(CONTENT), path), None) as file:
        assert file.read() == CONTENT
    with pytest.raises(ValueError, match="through the service"):
        open_video(Video(1), None)
