"""Supervision, with real and trivial child processes."""

import asyncio
import errno
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.processes import Backoff, Child, ChildSpec, StartFailedError, Supervisor

NO_WAIT = Backoff(first_s=0.0, longest_s=0.0)


def python(name: str, code: str, health: str = "") -> ChildSpec:
    return ChildSpec(name, (sys.executable, "-I", "-S", "-c", code), health or name)


class Heard:
    """A log that can be waited on."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Event()

    def __call__(self, _name: str, line: str) -> None:
        self.lines.append(line)
        self._news.set()

    async def until(self, condition: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition(self.lines):
                await self._news.wait()
                self._news.clear()


def child(spec: ChildSpec, log: Callable[[str, str], None]) -> Child:
    return Child(spec, dict(os.environ), log, backoff=NO_WAIT)


FOREVER = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('up', flush=True)
while True:
    signal.pause()
"""
POLITE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('down', flush=True)))
print('up', flush=True)
signal.pause()
"""


@pytest.mark.parametrize(("failures", "pause_s"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (1000, 30.0)])
def test_pauses_double_up_to_a_limit(failures: int, pause_s: float) -> None:
    assert Backoff().pause_s(failures) == pause_s


async def test_pauses_grow_while_it_dies_at_once_and_start_anew_after_a_long_life() -> None:
    now = 0.0
    lives = iter([0.0, 0.0, 100.0, 0.0])
    pauses: list[float] = []

    def log(_name: str, line: str) -> None:
        nonlocal now
        if line == "born":
            now += next(lives)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            await supervised.stop(1.0)

    supervised = Child(
        python("mayfly", "print('born')"),
        dict(os.environ),
        log,
        backoff=Backoff(first_s=0.5, longest_s=30.0, reset_s=30.0),
        clock=lambda: now,
        sleep=sleep,
    )
    await asyncio.wait_for(supervised.keep_alive(), 60)
    assert pauses == [0.5, 1.0, 0.5, 1.0]
    assert supervised.exits == 4


async def test_a_killed_child_comes_back_with_its_log() -> None:
    heard = Heard()
    supervised = child(python("face", FOREVER), heard)
    task = asyncio.create_task(supervised.keep_alive())
    await heard.until(lambda lines: lines == ["up"])
    first = supervised.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await heard.until(lambda lines: lines.count("up") == 2)
    assert supervised.pid not in (None, first)
    assert any("SIGKILL" in line for line in heard.lines)
    await supervised.stop(5.0)
    await asyncio.wait_for(task, 30)
    assert supervised.pid is None


async def test_a_log_that_cannot_be_written_for_now_costs_a_child_its_lines_alone() -> None:
    heard = Heard()
    refused: list[str] = []

    def log(name: str, line: str) -> None:
        if line == "born" or "SIGKILL" in line:
            refused.append(line)
            raise OSError(errno.ENOSPC, "No space left on device")
        heard(name, line)

    supervised = child(python("face", "print('born', flush=True); " + FOREVER), log)
    task = asyncio.create_task(supervised.keep_alive())
    await heard.until(lambda lines: lines == ["up"])
    assert supervised.pid is not None
    os.kill(supervised.pid, signal.SIGKILL)
    await heard.until(lambda lines: lines == ["up", "up"])
    assert [line == "born" for line in refused] == [True, False, True]
    await supervised.stop(5.0)
    await asyncio.wait_for(task, 30)


async def test_a_child_that_cannot_be_started_for_now_is_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, start = Heard(), asyncio.create_subprocess_exec
    exhausted = iter([OSError(errno.EAGAIN, "Resource temporarily unavailable")])

    async def fork(*command: str, **options: Any) -> asyncio.subprocess.Process:
        for error in exhausted:
            raise error
        return await start(*command, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", fork)
    supervised = child(python("face", FOREVER), heard)
    task = asyncio.create_task(supervised.keep_alive())
    await heard.until(lambda lines: "up" in lines)
    assert "could not be started (Resource temporarily unavailable)" in heard.lines[0]
    await supervised.stop(5.0)
    await asyncio.wait_for(task, 30)


async def test_what_does_not_stop_is_killed() -> None:
    heard = Heard()
    supervised = child(python("stubborn", STUBBORN), heard)
    task = asyncio.create_task(supervised.keep_alive())
    await heard.until(lambda lines: "up" in lines)
    await supervised.stop(0.1)
    await asyncio.wait_for(task, 30)
    assert any("killing" in line for line in heard.lines)


async def test_a_grandchild_does_not_keep_a_dead_child_from_restarting() -> None:
    heard = Heard()
    code = "import subprocess; subprocess.Popen(['sleep', '60']); print('up', flush=True)"
    supervised = child(python("parent", code), heard)
    task = asyncio.create_task(supervised.keep_alive())
    await heard.until(lambda lines: lines.count("up") >= 2)
    await supervised.stop(1.0)
    await asyncio.wait_for(task, 30)
    assert supervised.exits >= 1


async def test_tiers_start_in_order_and_stop_in_reverse() -> None:
    story: list[str] = []
    serving: set[str] = set()

    def log(name: str, line: str) -> None:
        story.append(f"{name} {line}")
        if line == "up":
            serving.add(name)

    async def is_serving(address: str) -> bool:
        return address in serving

    stop = asyncio.Event()
    ready: list[str] = []

    def on_ready() -> None:
        ready.append("ready")
        stop.set()

    tiers = [[python("face", POLITE), python("audio", POLITE)], [python("gateway", POLITE)]]
    supervisor = Supervisor(tiers, lambda spec: child(spec, log), is_serving)
    await asyncio.wait_for(supervisor.run(stop, on_ready, grace_s=10), 60)
    assert ready == ["ready"]
    assert set(story[:2]) == {"face up", "audio up"}
    assert story[2:4] == ["gateway up", "gateway down"]
    assert set(story[4:]) == {"face down", "audio down"}


async def test_a_child_that_never_comes_up_stops_everything() -> None:
    heard = Heard()
    tiers = [[python("good", FOREVER), python("bad", "raise SystemExit(3)")]]

    async def is_serving(address: str) -> bool:
        return address == "good"

    supervisor = Supervisor(tiers, lambda spec: child(spec, heard), is_serving)
    with pytest.raises(StartFailedError, match="bad does not start"):
        await asyncio.wait_for(supervisor.run(asyncio.Event(), lambda: None, grace_s=5), 60)
    assert any("exit code 3" in line for line in heard.lines)


async def test_it_can_be_stopped_while_it_starts() -> None:
    async def never(_address: str) -> bool:
        return False

    heard: list[str] = []
    stop = asyncio.Event()

    def log(_name: str, line: str) -> None:
        heard.append(line)
        stop.set()

    supervisor = Supervisor([[python("slow", FOREVER)]], lambda spec: child(spec, log), never)
    await asyncio.wait_for(supervisor.run(stop, pytest.fail, grace_s=5), 60)
    assert heard == ["up"]


def test_children_of_a_killed_supervisor_end(tmp_path: Path) -> None:
    script = tmp_path / "supervisor.py"
    script.write_text(
        "import asyncio, os, sys\n"
        "from cli.processes import Backoff, Child, ChildSpec\n"
        f"spec = ChildSpec('orphan', (sys.executable, '-I', '-S', '-c', {FOREVER!r}), '')\n"
        "child = Child(spec, dict(os.environ), lambda n, line: print(child.pid, flush=True), backoff=Backoff())\n"
        "asyncio.run(child.keep_alive())\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        orphan = os.pidfd_open(int(supervisor.stdout.readline()))
        supervisor.kill()
    ended, _, _ = select.select([orphan], [], [], 60)
    os.close(orphan)
    assert ended
