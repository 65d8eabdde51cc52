"""Wakes the watchers of an analysis when this process writes an event, so that they need not wait for a poll."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class News:
    """Wakes those who listen for news of an analysis. Belongs to one event loop."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def tell(self, analysis_id: str) -> None:
        """Wake everybody who listens for this analysis."""
        for event in self._listeners.get(analysis_id, ()):
            event.set()

    def tell_all(self) -> None:
        """Wake everybody."""
        for analysis_id in self._listeners:
            self.tell(analysis_id)

    @contextmanager
    def listening(self, analysis_id: str) -> Iterator[asyncio.Event]:
        """An event that is set by every `tell` for as long as the block lasts; whoever waits for it clears it."""
        event = asyncio.Event()
        listeners = self._listeners.setdefault(analysis_id, set())
        listeners.add(event)
        try:
            yield event
        finally:
            listeners.discard(event)
            if not listeners:
                self._listeners.pop(analysis_id, None)
