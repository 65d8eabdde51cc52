"""Work off the event loop, in threads: functions that hand back results one by one and stop when told to.

For what mostly waits for a child process. What decodes in this very process belongs in `worker_pool`.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as HandOverTimeout
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Cancelled = Callable[[], bool]
"""Asked by a worker between small pieces of work; True means: return now."""

_HAND_OVER_ITEMS = 4
_POLL_S = 0.05


class _End:
    """Marks the end of a stream; carries what the worker raised, if anything."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class WorkerThreads:
    """A bounded number of threads. A call beyond that number waits its turn.

    Args:
        count: How many functions may run at once.
    """

    def __init__(self, count: int) -> None:
        """Start no thread yet; they come with the first calls."""
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="worker")

    def close(self) -> None:
        """Accept no more work. Functions under way are not waited for: their calls are gone."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def stream(
        self,
        function: Callable[Concatenate[Cancelled, P], Iterator[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> AsyncGenerator[T, None]:
        """Run a generator function in a worker and give its items in order.

        The worker is at most a few items ahead of the reader. When the reader leaves (its call was cancelled, or it
        stopped iterating), ``cancelled()`` turns true and the worker's slot is free as soon as the function returns.
        What the function raises is raised here.
        """
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[T | _End] = asyncio.Queue(_HAND_OVER_ITEMS)
        stopped = threading.Event()

        def hand_over(item: T | _End) -> bool:
            put = asyncio.run_coroutine_threadsafe(queue.put(item), loop)
            while not stopped.is_set():
                try:
                    put.result(_POLL_S)
                except HandOverTimeout:
                    continue
                return True
            put.cancel()
            return False

        def produce() -> None:
            error: BaseException | None = None
            try:
                if not stopped.is_set():
                    for item in function(stopped.is_set, *args, **kwargs):
                        if not hand_over(item):
                            return
            except BaseException as raised:
                error = raised
            if not stopped.is_set():
                hand_over(_End(error))

        future = self._executor.submit(produce)
        try:
            while not isinstance(item := await queue.get(), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            stopped.set()
            future.cancel()

    async def run(
        self,
        function: Callable[Concatenate[Cancelled, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a plain function in a worker and give its result; see `stream` for cancellation."""

        def once(cancelled: Cancelled) -> Iterator[T]:
            yield function(cancelled, *args, **kwargs)

        async for result in self.stream(once):
            return result
        raise asyncio.CancelledError
