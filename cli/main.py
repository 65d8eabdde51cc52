"""The commands of `notreally`."""

import asyncio
import os
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.access.command import audit, keys, owners, share
from cli.analyze import Watcher, analyze_files
from cli.environment import Environment
from cli.outcome import Exit, Outcome, Problem, worst
from cli.progress import Bars, Lines
from cli.report import print_report
from client import ServiceError
from client.channel import address_of

app = typer.Typer(
    name="notreally",
    help="Say whether a face video is likely real or likely fake, how sure that is, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # which joins the lines of a paragraph
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar="NOTREALLY_SERVER",
        metavar="HOST:PORT",
        help="HOST:PORT or https://HOST. Default: this machine.",
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"notreally {version('notreally')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Say whether a face video is likely real or likely fake, how sure that is, and why."""


@app.command()
def analyze(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE|DIR…", help="Videos and recordings, folders of them, or - for standard input."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON Lines, one for each file, and nothing else.")
    ] = False,
    server: Server = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "--at-once", min=1, max=32, help="Files to upload and analyse at the same time.")
    ] = 4,
    from_list: Annotated[
        str | None, typer.Option("--from", metavar="LIST", help="A file with a path on each line, or -.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="Write results to FILE.jsonl, .csv or .parquet. What is in it is not done again."
        ),
    ] = None,
    watch_folder: Annotated[
        Path | None,
        typer.Option("--watch", metavar="DIR", file_okay=False, exists=True, help="Analyse what arrives there."),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Analyse files even if the model in use has seen them before.")
    ] = False,
) -> None:
    """Analyse videos and sound recordings on a running server.

    Exit code: 0 real, 1 fake, 3 inconclusive or not enough evidence, 2 error, 130 interrupted, 141 output not read.

    For several files the worst one counts: an error before fake before inconclusive before real.
    """
    from cli.many.command import Choice, analyze_many

    given = files or []
    if not given and from_list is None and watch_folder is None:
        raise typer.BadParameter("Name files or folders, or use --from or --watch.", param_hint="FILE|DIR…")
    choice = Choice(_server(server), given, from_list, watch_folder, out, jobs, as_json, anew)
    if choice.is_few:
        raise typer.Exit(_analyze_few(choice.server, given, jobs, anew))
    try:
        code = analyze_many(choice)
    except BrokenPipeError:
        raise
    except choice.mistakes as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, markup=False)
        code = Exit.ERROR
    raise typer.Exit(code)


def _analyze_few(address: str, files: list[Path], jobs: int, anew: bool) -> Exit:
    """With a bar and a report for each file."""
    progress = Console(stderr=True)
    try:
        if progress.is_terminal:
            with Bars(progress, files) as bars:
                outcomes = asyncio.run(analyze_files(address, files, bars, at_once=jobs, anew=anew))
        else:
            lines: Watcher = Lines(progress, files)
            outcomes = asyncio.run(analyze_files(address, files, lines, at_once=jobs, anew=anew))
    except KeyboardInterrupt:
        progress.print("Interrupted; the analyses were cancelled.", style="yellow")
        return Exit.INTERRUPTED
    _print_reports(outcomes)
    return worst(outcome.exit for outcome in outcomes)


@app.command()
def watch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="rtsp://, rtmp://, srt:// or https:// (HLS), /dev/video0, or -.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, in a terminal as well.")] = False,
    server: Server = None,
    encode: Annotated[
        bool, typer.Option("--encode", help="Encode the picture anew: for a source with few keyframes.")
    ] = False,
    gone_s: Annotated[
        float,
        typer.Option("--gone", min=0, metavar="SECONDS", help="How long a source may be gone before it is given up."),
    ] = 60.0,
) -> None:
    """Judge a camera, a call or a stream while it runs. The server keeps nothing of it.

    In a terminal a table changes in place; otherwise each event is a line of JSON. Ctrl-C ends it.

    Exit code, by the verdict on the whole: 0 real, 1 fake, 3 inconclusive or not enough evidence, 2 error.
    """
    from cli.watching.command import run

    raise typer.Exit(run(_server(server), source, as_json=as_json, encode=encode, gone_s=gone_s))


@app.command()
def serve(
    data: Annotated[
        Path,
        typer.Option("--data", envvar="NOTREALLY_DATA_DIR", file_okay=False, help="Folder for videos and results."),
    ] = Path("data"),
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Public port; PORT in the environment.")] = None,
) -> None:
    """Run every part of NotReally on this machine until Ctrl-C."""
    # Only here: analysing files needs none of what serving needs.
    from cli.serve import CannotServeError
    from cli.serve import serve as serve_until_stopped

    real = dict(os.environ) if port is None else {**os.environ, "PORT": str(port)}
    environment = Environment.read(real).with_data_folder(data)
    # People's videos: for nobody else who has an account on this machine.
    os.umask(0o077)
    environment.close_to_others()
    Path(environment.variables["NOTREALLY_DB_PATH"]).parent.mkdir(parents=True, exist_ok=True)
    try:
        code = serve_until_stopped(environment, Console())
    except CannotServeError as error:
        Console(stderr=True).print(str(error), style="bold red", highlight=False)
        code = Exit.ERROR
    raise typer.Exit(code)


@app.command()
def model(as_json: Json = False, server: Server = None) -> None:
    """Show the model in use."""
    from cli.model import fetch_model, model_json, print_model

    target = _server(server)
    try:
        found = asyncio.run(fetch_model(target))
    except ServiceError as error:
        Console(stderr=True).print(Problem.of(error, target).message, style="red", highlight=False, markup=False)
        raise typer.Exit(Exit.ERROR) from None
    if as_json:
        typer.echo(model_json(found))
    else:
        print_model(Console(), found)


app.add_typer(keys, name="keys")
app.add_typer(owners, name="owners")
app.command()(share)
app.command()(audit)


def main() -> None:
    """Entry point. What goes wrong unexpectedly ends with `Exit.ERROR`: 1, which Python would say, means fake."""
    try:
        app()
    except SystemExit as end:
        # Whoever read the output has left, or the input ended: no verdict either.
        if isinstance(end.__context__, BrokenPipeError):
            sys.exit(Exit.UNREAD)
        if isinstance(end.__context__, typer.Abort):
            sys.exit(Exit.ERROR)
        raise
    except Exception:
        traceback.print_exc()
        sys.exit(Exit.ERROR)


def _server(given: str | None) -> str:
    """The server's address, as a person wrote it; by default this machine's.

    Raises:
        typer.BadParameter: It is no address, or PORT is no port.
    """
    if given is not None:
        return _address(given, "--server")
    environment = Environment.read(os.environ)
    try:
        return f"localhost:{environment.port}"
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="PORT") from None


def _address(text: str, given_by: str) -> str:
    """The same text.

    Raises:
        typer.BadParameter: It is no address.
    """
    try:
        address_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=given_by) from None
    return text


def _print_reports(outcomes: list[Outcome]) -> None:
    console = Console()
    for outcome in outcomes:
        print_report(console, outcome)


if __name__ == "__main__":
    main()
