"""Work in processes of its own."""

import os
import threading
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="`make train` installs PyTorch")

from training.data.processes import in_processes  # noqa: E402


def _done(path: Path, number: int) -> None:
    if number < 0:
        raise ValueError(f"{number} is below 0")
    path.write_text(f"{number} {os.getpid()} {torch.get_num_threads()}")


def _done_at_last(path: Path, number: int) -> None:
    if number >= 0:
        threading.Event().wait()  # until it is ended, however late the failure is noticed
    _done(path, number)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_is_done_and_a_failure_ends_what_has_not_begun(tmp_path: Path, jobs: int) -> None:
    in_processes(_done, [(tmp_path / str(number), number) for number in range(3)], jobs)
    did = {int(path.name): path.read_text().split() for path in tmp_path.iterdir()}
    assert {number: int(words[0]) for number, words in did.items()} == {0: 0, 1: 1, 2: 2}
    assert all((int(words[1]) == os.getpid()) == (jobs == 1) for words in did.values())
    if jobs == 2:
        assert {int(words[2]) for words in did.values()} == {max(1, (os.cpu_count() or 1) // 2)}

    # More than are handed to processes ahead of time.
    tasks = [(tmp_path / "failed", -1), *((tmp_path / f"later {number}", number) for number in range(20))]
    with pytest.raises(ValueError, match="-1 is below 0"):
        in_processes(_done_at_last, tasks, jobs)
    assert not list(tmp_path.glob("later*"))
