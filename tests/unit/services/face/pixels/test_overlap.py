"""Two threads: order, errors and early ends."""

import threading
from collections.abc import Generator

import pytest

from services.face.pixels.overlap import produced_ahead


def test_items_come_in_order() -> None:
    with produced_ahead((i for i in range(100)), 3) as items:
        assert list(items) == list(range(100))


def test_the_readers_error_is_the_producers() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise KeyError("broken")

    with produced_ahead(failing(), 2) as items:
        reader = iter(items)
        assert next(reader) == 1
        with pytest.raises(KeyError, match="broken"):
            next(reader)


def test_leaving_early_closes_the_producer_and_ends_its_thread() -> None:
    closed = threading.Event()
    made: list[int] = []

    def endless() -> Generator[int, None, None]:
        try:
            while True:
                made.append(len(made))
                yield made[-1]
        finally:
            closed.set()

    with produced_ahead(endless(), 2) as items:
        assert next(iter(items)) == 0
    assert closed.is_set()
    assert len(made) <= 5
    assert not any(thread.name == "produce" for thread in threading.enumerate())
