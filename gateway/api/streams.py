"""How many streams may be open at this gateway: in all, and by one caller."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from gateway.api.callers import Metadata, sharer_of
from services.kit.errors import Refusal

# Somebody closes a page now and then.
_RETRY_AFTER_S = 5.0


class Streams:
    """Counts open streams: watches, downloads, REST bodies, and those of health and reflection.

    Args:
        most: Open at a time.
        most_each: Of those, by one caller.
    """

    def __init__(self, most: int, most_each: int) -> None:
        """None is open."""
        self._most = most
        self._most_each = most_each
        self._open: Counter[str] = Counter()

    @contextmanager
    def place(self, metadata: Metadata, peer: str) -> Iterator[None]:
        """A place for one stream, for as long as the block lasts.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, TOO_MANY_STREAMS.
        """
        sharer = sharer_of(metadata, peer)
        if self._open[sharer] >= self._most_each or self._open.total() >= self._most:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_STREAMS",
                "Too many pages and programs here follow something already. Close some, or ask again in a moment.",
                retry_after_s=_RETRY_AFTER_S,
            )
        self._open[sharer] += 1
        try:
            yield
        finally:
            self._open[sharer] -= 1
            if not self._open[sharer]:
                del self._open[sharer]
