"""What each process of a running system holds: memory, open files. Read from /proc, so Linux only."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_MODULES = ("gateway", "services.face", "services.audio", "services.metadata", "services.classifier")


@dataclass(frozen=True)
class Footprint:
    """One process at one moment. Sizes in bytes."""

    pid: int
    name: str
    rss: int
    peak_rss: int
    """Largest `rss` since the process began or since `forget_peaks`."""
    open_files: int
    cpu_s: float
    """CPU time since it began, in seconds."""


def footprints(root: int) -> list[Footprint]:
    """Those of process `root` and all its descendants, in the order they were started."""
    return [found for pid in sorted(_tree(root)) if (found := _footprint(pid)) is not None]


def forget_peaks(root: int) -> None:
    """Let `peak_rss` of `root` and its descendants begin anew at what they hold now."""
    for pid in _tree(root):
        with suppress(OSError):
            (_PROC / str(pid) / "clear_refs").write_text("5")


def by_name(all_of_them: list[Footprint]) -> dict[str, list[Footprint]]:
    """Grouped: a service has workers, and they come and go."""
    groups: dict[str, list[Footprint]] = {}
    for each in all_of_them:
        groups.setdefault(each.name, []).append(each)
    return groups


def _tree(root: int) -> set[int]:
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                # The name in parentheses may hold anything; the parent's id is the second field after it.
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _footprint(pid: int) -> Footprint | None:
    folder = _PROC / str(pid)
    try:
        status = dict(line.partition(":")[::2] for line in (folder / "status").read_text().splitlines())
        command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        ticks = (folder / "stat").read_text().rpartition(")")[2].split()
        files = len(os.listdir(folder / "fd"))  # noqa: PTH208 - only how many
    except OSError:  # it has ended meanwhile
        return None
    if "VmRSS" not in status:  # it has ended, and nobody has asked how
        return None
    return Footprint(pid, _name(command), _size(status["VmRSS"]), _size(status["VmHWM"]), files, _cpu_s(ticks))


def _cpu_s(fields: list[str]) -> float:
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _name(command: list[str]) -> str:
    for module in _MODULES:
        if module in command:
            return module.removeprefix("services.")
    if "serve" in command:
        return "supervisor"
    program = Path(command[0]).name
    return "worker" if program.startswith("python") else program


def _size(kilobytes: str) -> int:
    return int(kilobytes.split()[0]) * 1024
