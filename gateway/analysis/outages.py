"""Waiting until the database and the media store answer again.

A call of a client hears at once that they do not, and is made again by whoever made it. Work that nobody calls for
again waits here: an analysis does not fail because a database was restarted.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from gateway import metrics
from gateway.store.database import DATABASE_UNAVAILABLE
from services.kit.errors import Refusal
from services.kit.media.store import MEDIA_UNAVAILABLE

log = structlog.get_logger()

T = TypeVar("T")

_OUTAGES = {DATABASE_UNAVAILABLE: "database", MEDIA_UNAVAILABLE: "media"}

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_PATIENCE_S = 600.0
# An attempt that failed has waited for an answer this long at most. The rest of its time it was at work.
_LONGEST_SILENCE_S = 60.0


def is_outage(refusal: Refusal) -> bool:
    """Whether it says that the database or the media store gave no answer, here or to a service."""
    return refusal.reason in _OUTAGES


async def outlast(
    attempt: Callable[[], Awaitable[T]],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Do something that needs them, again and again while they give no answer, for ten minutes of waiting in all.

    Args:
        attempt: Does it once; safe to repeat.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.

    Raises:
        Refusal: What `attempt` was refused with, or the outage once it is time to give up.
    """
    waited_s, pause_s = 0.0, _FIRST_PAUSE_S
    while True:
        began_s = clock()
        try:
            return await attempt()
        except Refusal as refusal:
            waited_s += min(clock() - began_s, _LONGEST_SILENCE_S)
            if not is_outage(refusal) or waited_s >= _PATIENCE_S:
                raise
            metrics.SERVICE_MISSES.labels(_OUTAGES[refusal.reason], refusal.reason).inc()
            log.info("no answer yet", from_service=_OUTAGES[refusal.reason], reason=refusal.reason)
        # Jitter keeps all that waits from coming back at the same moment.
        await sleep(pause_s * random.uniform(0.75, 1.25))  # noqa: S311 - not for secrets
        waited_s += pause_s
        pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)
