"""The motion network: detects forgeries from how the parts of a face, and the light on it, move.

The inputs from `services.face.signals.movement` are few, and so are people. So the network is an ensemble of
perceptrons with one small hidden layer, five for each kind of input; one that saw all kinds at once would lean on what
two of them share in the fakes at hand. The effect of frame rate and face size is subtracted first, by least squares on
real training videos: fakes of a data set often share both.

Needs PyTorch, as nothing outside training does.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from services.face.signals.movement import KINDS, VALUES
from training.networks.export import write
from training.networks.movements import Movements

_TOLERANCE = 1e-3  # log-odds
_MEMBERS, _HIDDEN = 5, 32
_INPUT_DROPOUT, _DROPOUT = 0.3, 0.3
_RATE, _DECAY, _BATCH = 2e-3, 1.0, 128
_SMOOTHING = 0.05
# Frame rates outside this range are too rare to learn from.
_FRAME_RATES = (20.0, 31.0)
_USUAL_RATE = 25.0
_RIDGE = 0.1
# Values are squashed to this many standard deviations of real videos.
_MOST_DEVIATIONS = 2.0


class MotionNetwork(nn.Module):
    """(n, VALUES) and (n, 2), as in `Movements` → (n,) log-odds of being forged."""

    def __init__(self) -> None:
        """Untrained."""
        super().__init__()
        self.register_buffer("usual", torch.zeros(4))
        self.register_buffer("spread", torch.ones(4))
        self.register_buffer("expected", torch.zeros(5, VALUES))
        self.register_buffer("scale", torch.ones(VALUES))
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(_INPUT_DROPOUT),
                nn.Linear(count, _HIDDEN),
                nn.SiLU(),
                nn.Dropout(_DROPOUT),
                nn.Linear(_HIDDEN, 1),
            )
            for count in KINDS.values()
            for _ in range(_MEMBERS)
        )

    def adapt(self, values: torch.Tensor, conditions: torch.Tensor, weights: torch.Tensor) -> None:
        """Fit, on real videos, the effect of the conditions on the values, and the spread of the residuals."""
        terms = _terms(conditions)
        self.usual, self.spread = terms.mean(dim=0), terms.std(dim=0) + 1e-6
        design = self._design(conditions)
        weighted = weights[:, None] * design
        normal = (design.T @ weighted).double() + _RIDGE * torch.eye(design.shape[1]).double()
        self.expected = torch.linalg.solve(normal, (weighted.T @ values).double()).float()
        beyond = values - design @ self.expected
        self.scale = torch.sqrt((weights[:, None] * beyond**2).sum(dim=0) / weights.sum()) + 1e-6

    def beyond(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """Residuals, in standard deviations of real videos; (n, VALUES)."""
        return (values - self._design(conditions) @ self.expected) / self.scale

    def seen(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """The residuals, squashed."""
        beyond = self.beyond(values, conditions)
        return _MOST_DEVIATIONS * torch.tanh(beyond / _MOST_DEVIATIONS)

    def forward(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """The mean log-odds of the members."""
        shown = self.shown(self.seen(values, conditions))
        return torch.stack([member(one).squeeze(1) for member, one in zip(self.members, shown, strict=True)]).mean(
            dim=0
        )

    def shown(self, seen: torch.Tensor) -> list[torch.Tensor]:
        """The input of each member: the values of one kind."""
        return [kind for kind in seen.split(list(KINDS.values()), dim=1) for _ in range(_MEMBERS)]

    def _design(self, conditions: torch.Tensor) -> torch.Tensor:
        terms = (_terms(conditions) - self.usual) / self.spread
        return torch.cat([torch.ones_like(terms[:, :1]), terms], dim=1)


def _terms(conditions: torch.Tensor) -> torch.Tensor:
    rate, size = conditions[:, 0].clamp(*_FRAME_RATES), conditions[:, 1].clamp(min=1.0).log()
    return torch.stack([rate, size, size**2, (rate - _USUAL_RATE) ** 2], dim=1)


def train(videos: Sequence[Movements], fake: Sequence[bool], *, epochs: int, seed: int) -> MotionNetwork:
    """Train on some videos. Videos weigh the same within their class, and each class weighs half.

    Args:
        videos: movements of each; some may have none.
        fake: label of each.
        epochs: passes over all spans.
        seed: makes training reproducible on the same machine.

    With fewer than two spans of real videos, which have no spread, or none of fakes, the network always returns 0.
    """
    torch.manual_seed(seed)
    network = MotionNetwork()
    shown = [(one, label) for one, label in zip(videos, fake, strict=True) if len(one)]
    if sum(len(one) for one, is_fake in shown if not is_fake) < 2 or not any(is_fake for _, is_fake in shown):
        for member in network.members:
            nn.init.zeros_(member[-1].weight)
            nn.init.zeros_(member[-1].bias)
        network.eval()
        return network
    values, conditions = (
        torch.from_numpy(np.concatenate(parts))
        for parts in zip(*((m.values, m.conditions) for m, _ in shown), strict=True)
    )
    label = torch.cat([torch.full((len(one),), float(is_fake)) for one, is_fake in shown])
    weight = torch.cat([torch.full((len(one),), 1 / len(one)) for one, _ in shown])
    real = label == 0
    network.adapt(values[real], conditions[real], weight[real])
    weight = torch.where(real, weight / weight[real].sum(), weight / weight[~real].sum())
    weight = weight / weight.mean()
    seen, target = network.seen(values, conditions), label * (1 - 2 * _SMOOTHING) + _SMOOTHING
    for member, own in zip(network.members, network.shown(seen), strict=True):
        optimizer = torch.optim.AdamW(member.parameters(), lr=_RATE, weight_decay=_DECAY)
        for _ in range(epochs):
            for chosen in torch.randperm(len(seen)).split(_BATCH):
                loss = nn.functional.binary_cross_entropy_with_logits(
                    member(own[chosen]).squeeze(1), target[chosen], weight=weight[chosen]
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    network.eval()
    return network


def score(network: MotionNetwork, video: Movements) -> NDArray[np.float64]:
    """Log-odds of each span; (k,)."""
    with torch.inference_mode():
        found = network(torch.from_numpy(video.values), torch.from_numpy(video.conditions))
    return np.asarray(found.numpy(), dtype=np.float64)


def train_released(
    videos: Sequence[Movements],
    fake: Sequence[bool],
    trainable: Sequence[bool],
    path: Path,
    *,
    epochs: int,
    seed: int,
) -> None:
    """Train the released network on all `trainable` videos and write the ONNX file that the face service loads.

    Raises:
        ValueError: the written network scores differently.
    """
    network = _trained(np.flatnonzero(trainable), videos, fake, epochs=epochs, seed=seed)
    write(network, _sample(), "log_odds", path, tolerance=_TOLERANCE)


def _trained(
    chosen: NDArray[np.intp],
    videos: Sequence[Movements],
    fake: Sequence[bool],
    *,
    epochs: int,
    seed: int,
) -> MotionNetwork:
    """As `train`, on the chosen videos."""

    def those(of: Sequence[Movements]) -> list[Movements]:
        return [of[index] for index in chosen]

    return train(those(videos), [fake[index] for index in chosen], epochs=epochs, seed=seed)


def _sample() -> dict[str, NDArray[np.float32]]:
    """Random inputs."""
    rng = np.random.default_rng(0)
    conditions = np.column_stack([rng.uniform(20, 30, 3), rng.uniform(40, 200, 3)])
    return {
        "values": rng.normal(size=(3, VALUES)).astype(np.float32),
        "conditions": conditions.astype(np.float32),
    }


def out_of_fold(
    videos: Sequence[Movements],
    fake: Sequence[bool],
    fold: NDArray[np.intp],
    known: Callable[[int], NDArray[np.bool_]],
    *,
    epochs: int,
    seed: int,
) -> tuple[NDArray[np.float64], ...]:
    """Out-of-fold log-odds of the spans of each video; (spans,) each.

    Args:
        videos: movements of each.
        fake: label of each.
        fold: (videos,), what is held out together.
        known: for each fold, which videos may be learned from, (videos,).
        epochs: passes over all spans.
        seed: makes training reproducible on the same machine.
    """
    found = [np.empty(0)] * len(videos)
    for number in np.unique(fold).tolist():
        network = _trained(np.flatnonzero(known(number)), videos, fake, epochs=epochs, seed=seed)
        for index in np.flatnonzero(fold == number).tolist():
            found[index] = score(network, videos[index])
    return tuple(found)
