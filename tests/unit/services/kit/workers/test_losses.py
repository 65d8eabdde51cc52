"""A video that costs worker after worker is refused for a while, and no other."""

import grpc
import pytest

from services.kit.errors import Refusal
from services.kit.workers.losses import MOST, REMEMBERED_S, Losses


def lose(losses: Losses, video: str, reason: str = "WORKER_CRASHED") -> Refusal:
    with pytest.raises(Refusal) as caught, losses.counted(video):
        raise Refusal(grpc.StatusCode.UNAVAILABLE, reason, "It crashed.")
    return caught.value


def test_after_some_losses_a_video_is_refused_for_good_reason() -> None:
    losses = Losses(lambda: 0.0)
    for _ in range(MOST):
        assert lose(losses, "bad").code == grpc.StatusCode.UNAVAILABLE
    refused = lose(losses, "bad")
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WORKER_CRASHED")
    assert refused.message == "It crashed."


def test_others_are_not_touched_and_other_refusals_do_not_count() -> None:
    losses = Losses(lambda: 0.0)
    for _ in range(MOST):
        lose(losses, "bad")
        lose(losses, "text", "NOT_A_VIDEO")
    for video in ("good", "text"):
        with losses.counted(video):
            pass


def test_it_is_forgotten() -> None:
    now = 0.0
    losses = Losses(lambda: now)
    for _ in range(MOST):
        lose(losses, "bad")
    now = REMEMBERED_S
    with losses.counted("bad"):
        pass
