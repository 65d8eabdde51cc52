"""Work that keeps a processor core busy for minutes, in processes of its own.

Not joblib's: its workers, found to have grown by 300 MB, leave, and what was on its way to them waits for ever.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from typing import TypeVarTuple, Unpack

import torch
from joblib import cpu_count

Task = TypeVarTuple("Task")


def in_processes(work: Callable[[Unpack[Task]], None], tasks: Sequence[tuple[*Task]], jobs: int) -> None:
    """Do a piece of work with each of some arguments, as many at once as there are jobs, which share the cores.

    The first that fails, or an interruption, ends all of it. One job is done here, without a process.
    """
    if jobs == 1:
        for task in tasks:
            work(*task)
        return
    others = active_children()
    # Started afresh: what is forked while threads of OpenMP wait, waits for ever.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _share_cores, (jobs,)) as pool:
        try:
            for done in [pool.submit(work, *task) for task in tasks]:
                done.result()
        except BaseException:
            # What is handed to a process cannot be called back from it, and leaving waits for it.
            for process in set(active_children()) - set(others):
                process.terminate()
            raise


def _share_cores(jobs: int) -> None:
    torch.set_num_threads(max(1, cpu_count() // jobs))
