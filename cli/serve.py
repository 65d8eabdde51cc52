"""`notreally serve`: every part of NotReally as a child process, supervised."""

import asyncio
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import grpc
from rich.console import Console

from cli.edge import TEMPLATE, Edge, envoy_binary, envoy_command
from cli.environment import Environment, split_address
from cli.logview import json_log, terminal_log
from cli.processes import Backoff, Child, ChildSpec, StartFailedError, Supervisor

_GRACE_S = 12.0
"""A little longer than the services give the calls they are serving."""

_LET_GO_S = 5.0
_ASK_AGAIN_S = 0.2

_HEALTH_CHECK = "/grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"
"""`HealthCheckResponse{status: SERVING}` on the wire: the command line needs no generated code for one byte."""


class CannotServeError(Exception):
    """Why nothing was started; the message is for a person."""


def serve(environment: Environment, console: Console) -> int:
    """Run everything until Ctrl-C or SIGTERM; gives the exit code.

    Raises:
        CannotServeError: A port is taken, or something is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="notreally-") as folder:
        try:
            tiers = plan(environment, Path(folder))
        except (ValueError, FileNotFoundError) as error:
            raise CannotServeError(str(error)) from error
        _wait_for_ports(environment)
        return asyncio.run(_supervise(tiers, environment, console))


def plan(environment: Environment, run_folder: Path) -> list[list[ChildSpec]]:
    """What to run, in the order of starting; writes Envoy's configuration into `run_folder`.

    Raises:
        ValueError: A setting is malformed.
        FileNotFoundError: Envoy is not installed, or `make proto` has not been run.
    """
    if environment.variables.get("NOTREALLY_TLS_DIR"):
        raise ValueError("NOTREALLY_TLS_DIR is for services on several machines. Here all are on one: unset it.")
    edge = Edge.of(environment, run_folder)
    if not edge.descriptor.is_file():
        raise FileNotFoundError("The generated code is missing: run `make setup` first.")
    config = run_folder / "envoy.yaml"
    config.write_text(edge.render(TEMPLATE.read_text()))
    return [
        [_service(name, environment) for name in services(environment)],
        [_python("gateway", "gateway", environment.listen("gateway"))],
        [ChildSpec("envoy", envoy_command(envoy_binary(), config), health=own_address(environment))],
    ]


def services(environment: Environment) -> list[str]:
    """The services behind the gateway that are wanted."""
    wanted = ["metadata", "classifier", "face"]
    return [*wanted, "audio"] if environment.audio_enabled else wanted


def check_ports(environment: Environment) -> None:
    """Make sure that everything can listen where it should.

    Raises:
        CannotServeError: An address is taken or is not this machine's.
    """
    addresses = {name: environment.listen(name) for name in (*services(environment), "gateway")}
    addresses["the edge"] = f"{environment.variables['NOTREALLY_EDGE_HOST']}:{environment.port}"
    for name, address in addresses.items():
        host, port = split_address(address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen(1)
            except OSError as error:
                setting = "PORT" if name == "the edge" else f"NOTREALLY_{name.upper()}_LISTEN"
                raise CannotServeError(
                    f"Port {port} for {name} cannot be used ({error.strerror}). Is NotReally running already? "
                    f"Stop what uses the port, or choose another one with {setting}."
                ) from error


def _wait_for_ports(environment: Environment) -> None:
    """As `check_ports`, with a moment for the children of a supervisor that was killed to let go of theirs."""
    ends = time.monotonic() + _LET_GO_S
    while True:
        try:
            check_ports(environment)
        except CannotServeError:
            if time.monotonic() >= ends:
                raise
            time.sleep(_ASK_AGAIN_S)
        else:
            return


async def is_serving(address: str) -> bool:
    """Whether the gRPC server at `address` says that it serves."""
    async with grpc.aio.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_HEALTH_CHECK)
            answer = await check(b"", timeout=2.0)
        except grpc.aio.AioRpcError:
            return False
        return answer == _SERVING


def own_address(environment: Environment) -> str:
    """Where this machine reaches the edge."""
    host = environment.variables["NOTREALLY_EDGE_HOST"]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - looked up, not bound
    return f"[{host}]:{environment.port}" if ":" in host else f"{host}:{environment.port}"


def _service(name: str, environment: Environment) -> ChildSpec:
    return _python(name, f"services.{name}", environment.listen(name))


def _python(name: str, module: str, address: str) -> ChildSpec:
    # -P: what happens to lie in the folder one starts from must not be taken for a module of ours.
    return ChildSpec(name, (sys.executable, "-P", "-u", "-m", module), health=address)


async def _supervise(tiers: Sequence[Sequence[ChildSpec]], environment: Environment, console: Console) -> int:
    log = terminal_log(console) if console.is_terminal else json_log(_write_now)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    supervisor = Supervisor(
        tiers,
        lambda spec: Child(spec, environment.variables, log, backoff=Backoff()),
        is_serving,
    )
    address = f"http://localhost:{environment.port}"

    def ready() -> None:
        console.print(f"NotReally is ready on {address}", style="bold green", highlight=False)
        console.file.flush()

    try:
        await supervisor.run(stop, ready, grace_s=_GRACE_S)
    except StartFailedError as error:
        console.print(str(error), style="bold red", highlight=False)
        return 2
    return 0


def _write_now(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
