"""How long to retry when the connection breaks."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from client.errors import ServiceError

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """Exponential backoff with jitter, and an end to it.

    `first_s` is the first pause and `longest_s` the longest one, in seconds; after `attempts` pauses without any
    progress the caller gives up. The defaults bridge about a minute, which is longer than a server's restart.
    """

    first_s: float = 0.2
    longest_s: float = 8.0
    attempts: int = 12

    def pauses(self) -> Iterator[float]:
        """Seconds to wait before each further attempt; exhausted when it is time to give up."""
        for attempt in range(self.attempts):
            # Jitter keeps many clients from coming back at the same moment.
            yield min(self.longest_s, self.first_s * 2**attempt) * random.uniform(0.75, 1.25)  # noqa: S311

    async def persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Call `attempt` until it succeeds.

        Raises:
            ServiceError: The first one that is not transient, or the last one when patience ends.
        """
        pauses = self.pauses()
        while True:
            try:
                return await attempt()
            except ServiceError as error:
                pause = next(pauses, None) if error.transient else None
                if pause is None:
                    raise
                # The server knows better; the jitter on top keeps those it told the same from coming back together.
                pause += error.retry_after_s or 0.0
            await asyncio.sleep(pause)
