"""Processes for work that keeps a CPU core busy for minutes.

Not joblib's: its workers exit when they have grown by 300 MB, and a task just sent to one then waits for ever.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from typing import TypeVarTuple, Unpack

import torch
from joblib import cpu_count

Task = TypeVarTuple("Task")


def in_processes(work: Callable[[Unpack[Task]], None], tasks: Sequence[tuple[*Task]], jobs: int) -> None:
    """Call a function with each tuple of arguments, in `jobs` processes that share the cores.

    The first failure, or an interruption, ends all of them. With one job, it runs here.
    """
    if jobs == 1:
        for task in tasks:
            work(*task)
        return
    others = active_children()
    # Spawned: a process forked while OpenMP threads wait would wait for ever.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _share_cores, (jobs,)) as pool:
        try:
            for done in [pool.submit(work, *task) for task in tasks]:
                done.result()
        except BaseException:
            # A running task cannot be cancelled, and leaving the block would wait for it.
            for process in set(active_children()) - set(others):
                process.terminate()
            raise


def _share_cores(jobs: int) -> None:
    torch.set_num_threads(max(1, cpu_count() // jobs))
