"""Supervised child processes: started, logged, restarted with backoff, stopped in order."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

_BOUND_EXEC = Path(__file__).with_name("bound_exec.py")
_LONGEST_LINE_BYTES = 1024 * 1024
_PROBE_EVERY_S = 0.1
_LAST_WORDS_S = 1.0
"""For the last lines of stopped children to reach the log."""

LogLine = Callable[[str, str], None]
"""Takes a child's name and one line it wrote."""


@dataclass(frozen=True)
class ChildSpec:
    """What to run. `health` is the address whose gRPC health must say SERVING before the child counts as up."""

    name: str
    command: tuple[str, ...]
    health: str


@dataclass(frozen=True)
class Backoff:
    """Pauses before restarts, in seconds.

    They double from `first_s` to `longest_s`, and start anew once a child has stayed up for `reset_s`.
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    reset_s: float = 30.0

    def pause_s(self, failures: int) -> float:
        """Pause after the `failures`-th exit in a row, counted from 1."""
        return float(min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30)))


class StartFailedError(Exception):
    """A child ended again and again before it was ever up, or took too long. The message is for a person."""


class Child:
    """One supervised process.

    Args:
        spec: What to run.
        environment: Its environment variables.
        log: Gets every line it writes to standard output or error. A line for which it raises OSError is lost.
        backoff: When to restart it.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        spec: ChildSpec,
        environment: Mapping[str, str],
        log: LogLine,
        *,
        backoff: Backoff,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Nothing runs before `keep_alive`."""
        self.spec = spec
        self.exits = 0
        """How often it has ended by itself."""
        self._environment = environment
        self._log = _patient(log)
        self._backoff = backoff
        self._clock = clock
        self._sleep = sleep
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id, while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep_alive(self) -> None:
        """Run it, and again whenever it ends, until `stop`."""
        failures = 0
        while not self._stopping.is_set():
            began = self._clock()
            try:
                ended = _how_it_ended(await self._run_once())
            except OSError as error:  # no memory, process or file to be had: that passes
                ended = f"could not be started ({error.strerror})"
            if self._stopping.is_set():
                return
            self.exits += 1
            failures = 1 if self._clock() - began >= self._backoff.reset_s else failures + 1
            pause_s = self._backoff.pause_s(failures)
            self._say(f"{ended}; starting it again in {pause_s:g} s")
            await self._sleep(pause_s)

    async def stop(self, grace_s: float) -> None:
        """End it for good: SIGTERM, and SIGKILL for what is left after `grace_s` seconds."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            self._say(f"did not stop within {grace_s:g} s; killing it")
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    def _say(self, event: str) -> None:
        now = datetime.now(UTC).isoformat()
        self._log(self.spec.name, json.dumps({"timestamp": now, "level": "warning", "event": event}))

    async def _run_once(self) -> int:
        # A pipe of our own: asyncio's would make `wait` wait for grandchildren that hold the other end.
        read_end, write_end = os.pipe()
        reader = asyncio.create_task(self._pass_on(os.fdopen(read_end, "rb", 0)))
        try:
            self._process = await self._start(write_end)
        finally:
            os.close(write_end)  # without a child, the reader comes to its end by this
        if self._stopping.is_set():  # told to stop while it was being started
            self._process.terminate()
        code = await self._process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # what it may have left behind
        await reader
        return code

    async def _start(self, output: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", str(_BOUND_EXEC), str(os.getpid())),
            *self.spec.command,
            env=dict(self._environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A group of its own: Ctrl-C reaches the supervisor only, which then stops the children in order.
            process_group=0,
        )

    async def _pass_on(self, pipe: FileIO) -> None:
        stream = asyncio.StreamReader(limit=_LONGEST_LINE_BYTES)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), pipe
        )
        try:
            while True:
                try:
                    line = await stream.readline()
                except ValueError:  # longer than any log line has a right to be; readline has dropped it
                    continue
                if not line:
                    return
                self._log(self.spec.name, line.decode(errors="replace").rstrip())
        finally:
            transport.close()


class Supervisor:
    """Children in tiers: a tier starts when the one before is up, and all stop in reverse order.

    Args:
        tiers: What to run, tier by tier.
        make_child: Makes the child for a spec.
        is_serving: Asks an address whether it serves.
        start_timeout_s: Longest a child may take until it is up.
        start_attempts: Exits before it was ever up that a child may have.
    """

    def __init__(
        self,
        tiers: Sequence[Sequence[ChildSpec]],
        make_child: Callable[[ChildSpec], Child],
        is_serving: Callable[[str], Awaitable[bool]],
        *,
        start_timeout_s: float = 300.0,
        start_attempts: int = 3,
    ) -> None:
        """Nothing runs before `run`."""
        self._tiers = [[make_child(spec) for spec in tier] for tier in tiers]
        self._is_serving = is_serving
        self._start_timeout_s = start_timeout_s
        self._start_attempts = start_attempts

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None], *, grace_s: float) -> None:
        """Start everything, call `on_ready` when all is up, keep it alive until `stop` is set, then stop it.

        Raises:
            StartFailedError: A child does not come up; the others have been stopped again.
        """
        tasks: list[asyncio.Task[None]] = []
        stopped: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        try:
            for tier in self._tiers:
                tasks += [asyncio.create_task(child.keep_alive()) for child in tier]
                up: asyncio.Future[Any] = asyncio.gather(*(self._until_up(child) for child in tier))
                await asyncio.wait([up, stopped], return_when=asyncio.FIRST_COMPLETED)
                if not up.done():
                    up.cancel()
                    return
                up.result()
            on_ready()
            await stopped
        finally:
            stopped.cancel()
            for tier in reversed(self._tiers):
                await asyncio.gather(*(child.stop(grace_s) for child in tier))
            if tasks:
                await asyncio.wait(tasks, timeout=_LAST_WORDS_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_up(self, child: Child) -> None:
        name = child.spec.name
        try:
            async with asyncio.timeout(self._start_timeout_s):
                while child.pid is None or not await self._is_serving(child.spec.health):
                    if child.exits >= self._start_attempts:
                        raise StartFailedError(f"{name} does not start. Its last words are above.")
                    await asyncio.sleep(_PROBE_EVERY_S)
        except TimeoutError:
            raise StartFailedError(f"{name} was not ready after {self._start_timeout_s:g} s.") from None


def _patient(log: LogLine) -> LogLine:
    """The same log, whose disk may be full and whose reader may be gone: no child must end for that."""

    def patient(name: str, line: str) -> None:
        with suppress(OSError):
            log(name, line)

    return patient


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
