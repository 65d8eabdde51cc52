"""Retries of calls to a service that does not answer, with pauses, until its patience runs out."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import grpc
import structlog

from gateway import metrics
from gateway.analysis.outages import is_outage
from services.kit.errors import Refusal

log = structlog.get_logger()

T = TypeVar("T")

Heard: TypeAlias = Callable[[], None]
"""Called by an attempt whose answer comes in parts, whenever a part has come."""

Waiting: TypeAlias = Callable[[], Awaitable[None]]
"""Told before each pause that there is no answer yet."""

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0
_MOST_FAULTS = 3
_BUSY_S = 600.0
_FORGOTTEN_S = 600.0

_FAULTS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DATA_LOSS,
    }
)


def gave_no_answer(refusal: Refusal) -> bool:
    """Whether the service gave no answer, rather than refusing: asking again may help."""
    if is_outage(refusal):
        return False
    return refusal.code in _FAULTS or refusal.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


class Reach:
    """One service, as far as it can be reached.

    Patience is counted from when the service was last heard of, by whichever analysis: one that is gone for good is
    waited for once and not by every analysis anew, so that it makes none but the first slow.

    Args:
        service: Its name, for the log.
        patience_s: Seconds without a sign of life until it counts as gone; may be infinite.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        service: str,
        patience_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Nothing is known of the service yet."""
        self._service = service
        self._patience_s = patience_s
        self._clock = clock
        self._sleep = sleep
        self._silent_since: float | None = None
        self._last_miss = 0.0

    async def ask(self, attempt: Callable[[Heard], Awaitable[T]], waiting: Waiting | None = None) -> T:
        """Make a call, again and again while no answer comes.

        A service that cannot be reached is asked until its patience is over; one that says it is busy, for ten minutes;
        one that is there and fails, three times in a row without a part of an answer in between.

        Args:
            attempt: Makes the call once, going on where an earlier attempt ended.
            waiting: Told before each pause.

        Raises:
            Refusal: What the service refused with, or the last failure once it is time to give up. That a database or
                the media store gives no answer is not for it to wait for; see `gateway.analysis.outages`.
        """
        began_s, pause_s, faults = self._clock(), _FIRST_PAUSE_S, 0

        def heard() -> None:
            nonlocal began_s, pause_s, faults
            self._silent_since = None
            began_s, pause_s, faults = self._clock(), _FIRST_PAUSE_S, 0

        while True:
            try:
                answer = await attempt(heard)
            except Refusal as refusal:
                if is_outage(refusal):  # it says nothing of the service
                    raise
                asked_for_s = min(refusal.retry_after_s or 0.0, _LONGEST_PAUSE_S)
                if refusal.code is grpc.StatusCode.UNAVAILABLE:
                    is_over = self._silent_s() >= self._patience_s
                else:
                    self._silent_since = None
                    faults += refusal.code in _FAULTS
                    is_busy = refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
                    is_over = faults >= _MOST_FAULTS or (is_busy and self._clock() - began_s >= _BUSY_S)
                if is_over or not gave_no_answer(refusal):
                    raise
                metrics.SERVICE_MISSES.labels(self._service, refusal.reason).inc()
                log.info("no answer yet", from_service=self._service, code=refusal.code.name, reason=refusal.reason)
            else:
                self._silent_since = None
                return answer
            if waiting is not None:
                await waiting()
            # Jitter keeps the runs of many analyses from coming back at the same moment.
            pause_s = max(pause_s, asked_for_s)
            await self._sleep(pause_s * random.uniform(0.75, 1.25))  # noqa: S311 - not for secrets
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)

    def _silent_s(self) -> float:
        """Seconds since the first miss in a row. Misses long ago say nothing about now: it may have been back since."""
        now = self._clock()
        if self._silent_since is None or now - self._last_miss >= _FORGOTTEN_S:
            self._silent_since = now
        self._last_miss = now
        return now - self._silent_since
