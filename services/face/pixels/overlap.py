"""Two threads, one producing what the other consumes: decoding and inference both leave Python's lock alone."""

import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL_S = 0.05


class _End(Generic[T]):
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def produced_ahead(items: Generator[T, None, None], ahead: int) -> Generator[Iterable[T], None, None]:
    """Run a generator in a thread of its own, at most `ahead` items before its reader.

    Leaving the block closes the generator and waits for its thread. What the generator raises is raised to the reader.
    """
    hand_over: queue.Queue[T | _End[T]] = queue.Queue(ahead)
    stopped = threading.Event()

    def put(item: T | _End[T]) -> bool:
        while not stopped.is_set():
            try:
                hand_over.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not put(item):
                    break
        except BaseException as raised:
            error = raised
        finally:
            items.close()
        put(_End(error))

    def consume() -> Generator[T, None, None]:
        while not isinstance(item := hand_over.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    thread = threading.Thread(target=produce, name="produce", daemon=True)
    thread.start()
    try:
        yield consume()
    finally:
        stopped.set()
        thread.join()
