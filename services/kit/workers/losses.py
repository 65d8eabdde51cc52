"""Videos that crashed several workers are refused for a while, so that one bad file does not keep a service busy."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc

from services.kit.errors import Refusal

# The runs of one video are worked on side by side, four by default: each may have bad luck once, and one of them twice.
MOST = 5
REMEMBERED_S = 300.0
_REASONS = frozenset({"WORKER_CRASHED", "WORKER_STALLED", "WORKER_OUT_OF_MEMORY"})


class Losses:
    """Remembers, for five minutes, which videos workers were lost to.

    Args:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet."""
        self._clock = clock
        self._lost: dict[str, list[tuple[float, Refusal]]] = {}

    @contextmanager
    def counted(self, video: str) -> Iterator[None]:
        """Work on a video inside the block.

        Raises:
            Refusal: FAILED_PRECONDITION, with the reason of the last loss, when five workers were lost to it: asking
                again would only cost another.
        """
        self._forget()
        lost = self._lost.get(video, [])
        if len(lost) >= MOST:
            _, last = lost[-1]
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, last.reason, last.message)
        try:
            yield
        except Refusal as refusal:
            if refusal.reason in _REASONS:
                self._lost.setdefault(video, []).append((self._clock(), refusal))
            raise

    def _forget(self) -> None:
        oldest_s = self._clock() - REMEMBERED_S
        recent = {video: [one for one in lost if one[0] > oldest_s] for video, lost in self._lost.items()}
        self._lost = {video: lost for video, lost in recent.items() if lost}
