"""The command: a source, a viewer, and an exit code."""

import asyncio
import signal
import sys
from contextlib import nullcontext

from notreally.v1 import live_pb2
from rich.console import Console

from cli.outcome import EXIT_OF_VERDICT, Exit, Problem
from cli.watching.source import BadSourceError, Source
from cli.watching.view import JsonLines, LiveTable
from cli.watching.watch import SourceGoneError, Viewer, watch
from client import ServiceError


def run(server: str, name: str, *, as_json: bool, encode: bool, gone_s: float) -> Exit:
    """Watch a source; gives the exit code."""
    err = Console(stderr=True)
    try:
        source = Source.of(name)
        out = Console()
        viewer: JsonLines | LiveTable = (
            JsonLines(sys.stdout, err) if as_json or not out.is_terminal else LiveTable(out, source.shown)
        )
        with viewer if isinstance(viewer, LiveTable) else nullcontext():
            last = asyncio.run(_watch(server, source, viewer, encode=encode, gone_s=gone_s))
    except (BadSourceError, SourceGoneError) as error:
        return _failed(err, str(error))
    except FileNotFoundError:
        return _failed(err, "ffmpeg is not installed. It is what reads streams and devices.")
    except (ServiceError, OSError) as error:
        return _failed(err, Problem.of(error, server).message)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    if last is None or last.state != live_pb2.LIVE_STATE_ENDED:
        return Exit.ERROR
    return EXIT_OF_VERDICT.get(last.whole.verdict, Exit.ERROR)


async def _watch(
    server: str, source: Source, viewer: Viewer, *, encode: bool, gone_s: float
) -> live_pb2.LiveEvent | None:
    """Until the source ends, or Ctrl-C, which still waits for the verdict on the whole; a second one does not."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stop.set()

    loop.add_signal_handler(signal.SIGINT, interrupted)
    return await watch(server, source, viewer, stop, encode=encode, gone_s=gone_s)


def _failed(err: Console, message: str) -> Exit:
    err.print(message, style="red", markup=False, highlight=False)
    return Exit.ERROR
