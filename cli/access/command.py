"""The commands themselves."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from google.protobuf import json_format
from google.protobuf.message import Message
from notreally.v1 import access_pb2, access_pb2_grpc
from rich.console import Console

from cli.access import view
from cli.access.calls import ask
from cli.environment import Environment
from cli.outcome import Exit, Problem
from client import ServiceError

T = TypeVar("T")

Server = Annotated[
    str | None,
    typer.Option("--server", envvar="NOTREALLY_SERVER", metavar="HOST:PORT", help="Default: this machine."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]

keys = typer.Typer(no_args_is_help=True, help="API keys of a server with a login. Calls show the key in NOTREALLY_KEY.")
owners = typer.Typer(no_args_is_help=True, help="Owners on a server with a login. For admins.")

_SCOPES = {"read": access_pb2.SCOPE_READ, "analyse": access_pb2.SCOPE_ANALYSE, "admin": access_pb2.SCOPE_ADMIN}


@keys.command("create")
def create(
    owner: Annotated[str, typer.Option(help="Whose it is to be; yours by default.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="read, analyse or admin; may be given several times.")] = None,
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
    days: Annotated[int, typer.Option(min=0, max=3650, help="Days until it expires; 0 for never.")] = 0,
    local: Annotated[
        bool, typer.Option("--local", help="Write to the database on this machine, as for the first key.")
    ] = False,
    data: Annotated[
        Path, typer.Option(envvar="NOTREALLY_DATA_DIR", file_okay=False, help="With --local: the data folder.")
    ] = Path("data"),
    server: Server = None,
) -> None:
    """Make a key, and print its secret. It is not shown again."""
    scopes = scope or ["analyse"]
    if unknown := set(scopes) - set(_SCOPES):
        raise typer.BadParameter(f"there is no scope {min(unknown)!r}", param_hint="--scope")
    if local:
        _create_here(owner, scopes, name, days, data)
        return
    request = access_pb2.CreateKeyRequest(
        owner=owner, scopes=[_SCOPES[one] for one in scopes], display_name=name, valid_days=days
    )
    typer.echo(_ask(server, lambda stub: stub.CreateKey(request)).secret)


def _create_here(owner: str, scopes: list[str], name: str, days: int, data: Path) -> None:
    if not owner:
        raise typer.BadParameter("whose is it to be?", param_hint="--owner")
    environment = Environment.read(os.environ).with_data_folder(data)
    os.umask(0o077)
    command = [sys.executable, "-P", "-m", "gateway.identity", owner, *scopes, "--name", name, "--days", str(days)]
    made = subprocess.run(command, env=dict(environment.variables), check=False)
    raise typer.Exit(Exit.ERROR if made.returncode else 0)


@keys.command("list")
def list_keys(
    everybody: Annotated[bool, typer.Option("--all", help="Those of all owners; for admins.")] = False,
    as_json: Json = False,
    server: Server = None,
) -> None:
    """Show keys and shared links."""
    request = access_pb2.ListKeysRequest(all_owners=everybody)
    found = _ask(server, lambda stub: stub.ListKeys(request))
    _show(found, as_json, lambda console: view.print_keys(console, found.keys))


@keys.command("revoke")
def revoke(key: Annotated[str, typer.Argument(metavar="KEY", help="As listed.")], server: Server = None) -> None:
    """End a key with its sessions, or a shared link."""
    request = access_pb2.RevokeKeyRequest(name=f"keys/{key.removeprefix('keys/')}")
    _ask(server, lambda stub: stub.RevokeKey(request))


@keys.command("quota")
def quota(as_json: Json = False, server: Server = None) -> None:
    """Show whose key NOTREALLY_KEY is, and what its owner has used."""
    caller = _ask(server, lambda stub: stub.GetCaller(access_pb2.GetCallerRequest()))
    _show(caller, as_json, lambda console: view.print_usage(console, caller))


@owners.command("list")
def list_owners(as_json: Json = False, server: Server = None) -> None:
    """Show owners and how much each has."""
    found = _ask(server, lambda stub: stub.ListOwners(access_pb2.ListOwnersRequest()))
    _show(found, as_json, lambda console: view.print_owners(console, found.owners))


@owners.command("delete")
def delete(
    owner: Annotated[str, typer.Argument(help="Whose uploads, analyses, batches and keys are to go.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    server: Server = None,
) -> None:
    """Remove everything of an owner, for good. The audit log stays."""
    if not yes:
        typer.confirm(f"Remove everything of {owner}?", abort=True)
    request = access_pb2.DeleteOwnerRequest(owner=owner)
    gone = _ask(server, lambda stub: stub.DeleteOwner(request))
    counts = [(gone.analyses, "analyses"), (gone.uploads, "uploads"), (gone.batches, "batches"), (gone.keys, "keys")]
    typer.echo("removed: " + ", ".join(f"{number} {what}" for number, what in counts))


def share(
    analysis: Annotated[str, typer.Argument(help="Its id.")],
    days: Annotated[int, typer.Option(min=0, max=3650, help="Days until it expires; 0 for never.")] = 0,
    server: Server = None,
) -> None:
    """Make a link that opens one analysis and nothing else, and print it. `notreally keys revoke` ends it."""
    request = access_pb2.ShareAnalysisRequest(name=f"analyses/{analysis.removeprefix('analyses/')}", valid_days=days)
    made = _ask(server, lambda stub: stub.ShareAnalysis(request))
    address = server or f"localhost:{Environment.read(os.environ).port}"
    site = address if "://" in address else f"http://{address}"
    # What follows the hash sign is not sent to servers, and so is in no log.
    typer.echo(f"{site}/analysis/?id={made.key.analysis.removeprefix('analyses/')}#share={made.secret}")


def audit(
    owner: Annotated[str, typer.Option(help="Only what this owner did.")] = "",
    size: Annotated[int, typer.Option("--last", min=1, max=1000, help="How many events.")] = 100,
    before: Annotated[int, typer.Option(min=0, help="Only events with a smaller number.")] = 0,
    as_json: Json = False,
    server: Server = None,
) -> None:
    """Show the audit log, newest first; for admins."""
    request = access_pb2.ListAuditEventsRequest(page_size=size, before=before, owner=owner)
    found = _ask(server, lambda stub: stub.ListAuditEvents(request))
    _show(found, as_json, lambda console: view.print_events(console, found.events))


def _ask(server: str | None, call: "Callable[[access_pb2_grpc.AccessServiceAsyncStub], Awaitable[T]]") -> T:
    try:
        address = server or f"localhost:{Environment.read(os.environ).port}"
        return asyncio.run(ask(address, call))
    except ServiceError as error:
        Console(stderr=True).print(Problem.of(error, address).message, style="red", highlight=False, markup=False)
    except ValueError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, markup=False)
    raise typer.Exit(Exit.ERROR)


def _show(answer: Message, as_json: bool, print_it: Callable[[Console], None]) -> None:
    if as_json:
        typer.echo(json_format.MessageToJson(answer, preserving_proto_field_name=True))
    else:
        print_it(Console())
