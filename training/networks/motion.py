"""The motion network: detects forgeries from how the parts of a face, and the light on it, move.

The inputs from `services.face.signals.movement` are few, and so are people. So the network is an ensemble of
perceptrons with one small hidden layer, five for each kind of input; one that saw all kinds at once would lean on what
two of them share in the fakes at hand. Two confounders are removed first. The effect of frame rate and face size is
subtracted, by least squares on real training videos: fakes of a data set often share both. The nuisance directions
along which re-compression shifts real videos are projected out (nuisance attribute projection: Solomonoff, Campbell and
Boardman 2005).

Needs PyTorch, as nothing outside training does.
"""

from collections.abc import Sequence
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
# The shift by compression is a mean, in which spans are clipped to this many standard deviations.
_FARTHEST = 4.0


class MotionNetwork(nn.Module):
    """(n, VALUES) and (n, 2), as in `Movements` → (n,) log-odds of being forged."""

    def __init__(self) -> None:
        """Untrained."""
        super().__init__()
        self.register_buffer("usual", torch.zeros(4))
        self.register_buffer("spread", torch.ones(4))
        self.register_buffer("expected", torch.zeros(5, VALUES))
        self.register_buffer("scale", torch.ones(VALUES))
        self.register_buffer("compression", torch.zeros(VALUES, 0))
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

    def project_out(self, shifts: Sequence[torch.Tensor]) -> None:
        """Ignore the nuisance directions (VALUES,), within each kind of input separately."""
        columns = []
        for kind in torch.eye(len(KINDS)).repeat_interleave(torch.tensor(list(KINDS.values())), dim=1):
            columns += [kind * shift for shift in shifts if (kind * shift).any()]
        if columns:
            self.compression = torch.linalg.qr(torch.stack(columns, dim=1))[0]

    def beyond(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """Residuals, in standard deviations of real videos; (n, VALUES)."""
        return (values - self._design(conditions) @ self.expected) / self.scale

    def seen(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """The residuals without the nuisance directions, squashed."""
        beyond = self.beyond(values, conditions)
        if self.compression.shape[1]:
            beyond = beyond - (beyond @ self.compression) @ self.compression.T
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


Views = Sequence[Sequence[Movements]]
"""The same videos, measured after other re-compressions."""


def train(
    videos: Sequence[Movements], fake: Sequence[bool], recompressed: Views = (), *, epochs: int, seed: int
) -> MotionNetwork:
    """Train on some videos. Videos weigh the same within their class, and each class weighs half.

    Args:
        videos: movements of each; some may have none.
        fake: label of each.
        recompressed: the same videos after re-compressions. The mean shift of real videos by each is projected out.
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
    reals = [index for index, is_fake in enumerate(fake) if not is_fake]
    shifts = [_shift(network, [(videos[index], view[index]) for index in reals]) for view in recompressed]
    network.project_out([shift for shift in shifts if shift is not None])
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


def _shift(network: MotionNetwork, ones: Sequence[tuple[Movements, Movements]]) -> torch.Tensor | None:
    """The mean change of videos that were measured before and after a re-compression; None without any."""

    def mean(video: Movements) -> torch.Tensor:
        beyond = network.beyond(torch.from_numpy(video.values), torch.from_numpy(video.conditions))
        return beyond.clamp(-_FARTHEST, _FARTHEST).mean(dim=0)

    added = [mean(after) - mean(before) for before, after in ones if len(before) and len(after)]
    return torch.stack(added).mean(dim=0) if added else None


def score(network: MotionNetwork, video: Movements) -> NDArray[np.float64]:
    """Log-odds of each span; (k,)."""
    with torch.inference_mode():
        found = network(torch.from_numpy(video.values), torch.from_numpy(video.conditions))
    return np.asarray(found.numpy(), dtype=np.float64)


def train_released(
    videos: Sequence[Movements],
    fake: Sequence[bool],
    trainable: Sequence[bool],
    recompressed: Views,
    path: Path,
    *,
    epochs: int,
    seed: int,
) -> None:
    """Train the released network on all `trainable` videos and write the ONNX file that the face service loads.

    Raises:
        ValueError: the written network scores differently.
    """
    network = _trained(np.flatnonzero(trainable), videos, fake, recompressed, epochs=epochs, seed=seed)
    write(network, _sample(), "log_odds", path, tolerance=_TOLERANCE)


def _trained(
    chosen: NDArray[np.intp],
    videos: Sequence[Movements],
    fake: Sequence[bool],
    recompressed: Views,
    *,
    epochs: int,
    seed: int,
) -> MotionNetwork:
    """As `train`, on the chosen videos."""

    def those(of: Sequence[Movements]) -> list[Movements]:
        return [of[index] for index in chosen]

    views = [those(view) for view in recompressed]
    return train(those(videos), [fake[index] for index in chosen], views, epochs=epochs, seed=seed)


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
    trainable: Sequence[bool],
    recompressed: Views = (),
    others: Views = (),
    *,
    epochs: int,
    seed: int,
) -> list[tuple[NDArray[np.float64], ...]]:
    """Out-of-fold log-odds of the spans of each video; (spans,) each.

    Args:
        videos: movements of each.
        fake: label of each.
        fold: (videos,), people held out together.
        trainable: whether networks train on each.
        recompressed: as for `train`.
        others: further views, scored only.
        epochs: passes over all spans.
        seed: makes training reproducible on the same machine.

    Returns:
        For `videos`, and for each view in `recompressed` and `others`.
    """
    shown = (videos, *recompressed, *others)
    found = [[np.empty(0)] * len(videos) for _ in shown]
    for number in np.unique(fold):
        known = np.flatnonzero((fold != number) & trainable)
        network = _trained(known, videos, fake, recompressed, epochs=epochs, seed=seed)
        for scores, of in zip(found, shown, strict=True):
            for index in np.flatnonzero(fold == number).tolist():
                scores[index] = score(network, of[index])
    return [tuple(scores) for scores in found]
