"""Prometheus metrics of every process: the counters that all servers share, and the endpoint.

A server counts whether or not anybody asks. Names begin with ``notreally_``; docs/configuration.md lists them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram, start_http_server

CALLS = Counter("notreally_calls", "Calls served, by how they ended: OK, or the reason.", ["method", "outcome"])
CALL_SECONDS = Histogram(
    "notreally_call_seconds",
    "How long calls took, seconds.",
    ["method"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)

WORKERS = Gauge("notreally_workers", "Worker processes, warm or working.")
WORKERS_BUSY = Gauge("notreally_workers_busy", "Worker processes with a task.")
CALLS_WAITING = Gauge("notreally_calls_waiting", "Calls that wait for a worker.")
WORKERS_LOST = Counter("notreally_workers_lost", "Workers that had to be replaced.", ["reason"])

MEDIA_READ_BYTES = Counter("notreally_media_read_bytes", "Bytes of videos read from the media store.")


@contextmanager
def served(listen: str) -> Iterator[None]:
    """Tell the numbers under ``http://listen/metrics`` for as long as the block lasts; an empty `listen` is nowhere.

    Raises:
        OSError: The address cannot be listened on.
    """
    if not listen:
        yield
        return
    host, _, port = listen.rpartition(":")
    server, thread = start_http_server(int(port), host.removeprefix("[").removesuffix("]"))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
