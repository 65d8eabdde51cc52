"""A whole NotReally on ports of its own: what `notreally serve` starts, driven over real sockets."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.servers.home import Home, laptop
from tests.servers.ports import free_ports, wait_for

__all__ = [
    "FEW_WORKERS",
    "SERVICES",
    "Stack",
    "free_ports",
    "is_healthy",
    "running_process",
    "running_stack",
    "wait_for",
]

SERVICES = ("gateway", "face", "audio", "metadata", "classifier")
FEW_WORKERS = {"NOTREALLY_WORKER_SPARES": "0", "NOTREALLY_AUDIO_WORKERS": "1", "NOTREALLY_METADATA_WORKERS": "1"}
"""Settings of systems whose tests need no more: each worker takes half a second or more of processor time to start."""

_START_S = 120.0
_STOP_S = 60.0


@dataclass(frozen=True)
class Stack:
    """A running system."""

    port: int
    home: Home
    addresses: dict[str, str]
    process: subprocess.Popen[str]
    log: list[str]

    @property
    def target(self) -> str:
        """Where the edge is."""
        return f"127.0.0.1:{self.port}"

    @property
    def ports(self) -> list[int]:
        """The public one, then those of the services."""
        return [self.port, *(int(address.rpartition(":")[2]) for address in self.addresses.values())]

    def gateway(self, folder: Path, port: int, **changes: str) -> dict[str, str]:
        """Environment of one more gateway, with a database of its own, in front of the same services and media."""
        targets = {f"NOTREALLY_{name.upper()}_TARGET": address for name, address in self.addresses.items()}
        return {
            **targets,
            "NOTREALLY_GATEWAY_LISTEN": f"127.0.0.1:{port}",
            "NOTREALLY_MEDIA_URL": self.home.media_url,
            "NOTREALLY_DATABASE_URL": self.home.another_database(folder),
            **changes,
        }

    @property
    def children(self) -> dict[str, int]:
        """Process ids of what the supervisor runs right now, by name."""
        found: dict[str, int] = {}
        for pid in _children_of(self.process.pid):
            with suppress(OSError, IndexError):  # gone, or not yet what it will be
                command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                name = "envoy" if "envoy" in Path(command[0]).name else command[-2].removeprefix("services.")
                if name in (*SERVICES, "envoy"):
                    found[name] = pid
        return found

    @property
    def url(self) -> str:
        """The same for HTTP."""
        return f"http://{self.target}"


@contextmanager
def running_stack(
    home: Home | Path, ports: Sequence[int] = (), tracer: Sequence[str] = (), **environment: str
) -> Iterator[Stack]:
    """Start everything with its data in a home or folder, and stop it in the end as Ctrl-C would.

    `ports` are those of an earlier one that takes its place; see `Stack.ports`. A `tracer` is a command that becomes
    the one after it. An empty variable is taken out of the environment.
    """
    home = laptop(home) if isinstance(home, Path) else home
    port, *ports = ports or free_ports(1 + len(SERVICES))
    addresses = {name: f"127.0.0.1:{number}" for name, number in zip(SERVICES, ports, strict=True)}
    variables = {
        **{key: value for key, value in os.environ.items() if not key.startswith("NOTREALLY_")},
        "PORT": str(port),
        "NOTREALLY_EDGE_HOST": "127.0.0.1",
        **home.settings,
        **{f"NOTREALLY_{name.upper()}_LISTEN": address for name, address in addresses.items()},
        **environment,
    }
    process = subprocess.Popen(
        [*tracer, sys.executable, "-m", "cli.main", "serve"],
        cwd=Path(__file__).parents[2],
        env={name: value for name, value in variables.items() if value},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log: list[str] = []
    ready = threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            log.append(line)
            if "is ready on" in line:
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert ready.wait(_START_S), "".join(log)
        assert process.poll() is None, "".join(log)
        yield Stack(port, home, addresses, process, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            reader.join(_STOP_S)
            if process.stdout:
                process.stdout.close()


@contextmanager
def running_process(module: str, address: str, **environment: str) -> Iterator[None]:
    """Start one more server beside a running system, such as a gateway with other settings, and stop it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: process.poll() is not None or is_healthy(address), _START_S)
        assert process.poll() is None
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(_STOP_S) == 0, f"{module} did not end well"
    finally:
        process.kill()
        process.wait()


def _children_of(parent: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # After the name, which may hold anything: state, then the parent's id.
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
    return found


def is_healthy(address: str) -> bool:
    """Whether the server at an address says that it serves."""
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
