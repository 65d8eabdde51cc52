"""Every service in several replicas behind one Envoy, each under its own name, all on one PostgreSQL and one bucket."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from cli.edge import TEMPLATE, Edge, envoy_binary, envoy_command
from cli.environment import Environment
from tests.cluster.names import DOMAIN, Names, running_names
from tests.integration.stack import is_healthy
from tests.servers.cable import Cable, carrying
from tests.servers.home import Home
from tests.servers.ports import free_ports, wait_for

ROOT = Path(__file__).parents[2]
COUNTS: Mapping[str, int] = {"gateway": 2, "face": 3, "audio": 2, "metadata": 2, "classifier": 2}
_START_S = 180.0
_STOP_S = 60.0


@dataclass
class Replica:
    """One process, which can be killed and started again under the same address and the same name."""

    name: str
    command: tuple[str, ...]
    address: str
    environment: Mapping[str, str]
    log: list[str]
    """Lines of all replicas together."""
    process: "subprocess.Popen[str] | None" = None
    _reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it; `wait` waits until it serves."""
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def wait(self) -> None:
        """Until it serves."""
        process = self.process
        assert process is not None
        wait_for(lambda: process.poll() is not None or is_healthy(self.address), _START_S)
        assert process.poll() is None, f"{self.name} did not start:\n" + "".join(self.log[-50:])

    def kill(self) -> None:
        """End it as a crash of the machine would."""
        assert self.process is not None
        self.process.kill()
        self._collect()

    def drain(self) -> None:
        """Tell it to stop, as Kubernetes does, and wait for its end."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self._collect()

    def _collect(self) -> None:
        assert self.process is not None
        self.process.wait(_STOP_S)
        if self._reader is not None:
            self._reader.join(_STOP_S)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        for line in process.stdout or ():
            # Whose line it is, as a collector of logs would note.
            self.log.append(f'{{"replica": "{self.name}", {line[1:]}' if line.startswith("{") else line)


@dataclass
class Fleet:
    """The running cluster."""

    home: Home
    port: int
    names: Names
    services: dict[str, list[Replica]]
    edge: Replica
    cable: Cable
    """Between everyone and the last face replica."""
    log: list[str] = field(default_factory=list)

    @property
    def target(self) -> str:
        """Where the edge is."""
        return f"127.0.0.1:{self.port}"

    @property
    def replicas(self) -> list[Replica]:
        """All of them, the edge last."""
        return [replica for service in self.services.values() for replica in service] + [self.edge]

    def roll(self, service: str) -> None:
        """Replace one replica after another, as a rolling update does."""
        for replica in self.services[service]:
            replica.drain()
            replica.start()
            replica.wait()


@contextmanager
def running_fleet(
    home: Home,
    counts: Mapping[str, int] = COUNTS,
    prefix: Callable[[str], tuple[str, ...]] = lambda _: (),
    **environment: str,
) -> Iterator[Fleet]:
    """Start everything with its data in a home, and stop it in the end.

    Args:
        home: Database and media store.
        counts: Replicas of each service.
        prefix: What to put before the command of a replica, such as ``face-1``.
        environment: Settings of all.
    """
    ports = dict(zip(("edge", *counts), free_ports(1 + len(counts)), strict=True))
    log: list[str] = []
    with ExitStack() as exits:
        names = exits.enter_context(running_names())
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="notreally-")))
        common = {
            **home.settings,
            **{f"NOTREALLY_{name.upper()}_TARGET": names.target(name, ports[name]) for name in counts},
            # One core's worth each, and no more memory than that takes.
            "NOTREALLY_FACE_WORKERS": "1",
            "NOTREALLY_AUDIO_WORKERS": "1",
            "NOTREALLY_WORKER_SPARES": "0",
            "NOTREALLY_FACE_DECODE_THREADS": "1",
            "NOTREALLY_MIGRATE": "false",
            "NOTREALLY_EXECUTOR_GONE_S": "8",
            **environment,
        }
        services: dict[str, list[Replica]] = {}
        for network, (name, count) in enumerate(counts.items(), start=1):
            hosts = [f"127.0.{network}.{number}" for number in range(1, count + 1)]
            names.addresses[name] = list(hosts)
            if name == "face":
                # The last one lies at the other end of a cable.
                names.addresses[name][-1] = f"127.0.{network}.{count + 100}"
            services[name] = [_replica(name, host, ports[name], common, log, prefix) for host in hosts]
        cable = exits.enter_context(
            carrying(names.addresses["face"][-1], services["face"][-1].address.rpartition(":")[0], ports["face"])
        )
        edge = _edge(folder, ports["edge"], ports["gateway"], names, log)
        fleet = Fleet(home, ports["edge"], names, services, edge, cable, log)
        subprocess.run(
            [sys.executable, "-m", "gateway.migrate"],
            cwd=ROOT,
            env={**os.environ, **common},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        exits.callback(_stop_all, fleet)
        for replica in fleet.replicas:
            replica.start()
        for replica in fleet.replicas:
            replica.wait()
        yield fleet


def _stop_all(fleet: Fleet) -> None:
    running = [replica for replica in fleet.replicas if replica.process is not None and replica.process.poll() is None]
    for replica in running:
        if replica.process is not None:
            replica.process.send_signal(signal.SIGTERM)
    ends = time.monotonic() + _STOP_S
    for replica in running:
        if replica.process is not None:
            try:
                replica.process.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                replica.process.kill()
        replica._collect()


def _replica(
    name: str,
    host: str,
    port: int,
    common: Mapping[str, str],
    log: list[str],
    prefix: Callable[[str], tuple[str, ...]],
) -> Replica:
    module = name if name == "gateway" else f"services.{name}"
    number = host.rpartition(".")[2]
    own = {f"NOTREALLY_{name.upper()}_LISTEN": f"{host}:{port}", "NOTREALLY_EXECUTOR_ID": f"{name}-{number}"}
    command = (*prefix(f"{name}-{number}"), sys.executable, "-P", "-u", "-m", module)
    return Replica(f"{name}-{number}", command, f"{host}:{port}", {**common, **own}, log)


def _edge(folder: Path, port: int, gateway_port: int, names: Names, log: list[str]) -> Replica:
    told = {
        "PORT": str(port),
        "NOTREALLY_EDGE_HOST": "127.0.0.1",
        "NOTREALLY_GATEWAY_TARGET": f"gateway.{DOMAIN}:{gateway_port}",
    }
    config = yaml.safe_load(Edge.of(Environment.read(told), folder).render(TEMPLATE.read_text()))
    # The machine's name servers know nothing of our names.
    for cluster in config["static_resources"]["clusters"]:
        cluster["typed_dns_resolver_config"] = {
            "name": "envoy.network.dns_resolver.cares",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
                "resolvers": [{"socket_address": {"address": "127.0.0.1", "port_value": names.port}}],
            },
        }
    path = folder / "envoy.yaml"
    path.write_text(yaml.safe_dump(config))
    return Replica("edge", envoy_command(envoy_binary(), path), f"127.0.0.1:{port}", {}, log)
