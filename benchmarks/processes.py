"""What a tree of processes uses, read from the system."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """CPU seconds used so far, ended children included, and bytes in memory now."""

    cpu_s: float
    memory_bytes: int


def usage(root: psutil.Process) -> Usage:
    """Sum over a process and everything below it."""
    cpu_s, memory = 0.0, 0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
            cpu_s += times.user + times.system + times.children_user + times.children_system
            memory += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return Usage(cpu_s, memory)
