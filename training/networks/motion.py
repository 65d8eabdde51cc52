"""The motion network: learns who is forged from how parts of a face, and the light on it, move, on people kept apart.

The numbers of `services.face.signals.movement` are few, and so are people: perceptrons of one small layer, five for
each kind of number, averaged. One that saw all kinds at once would lean on what two of them share in the fakes that
are at hand. First what the frame rate and the size of the face make of them in real videos is taken off, by least
squares on the real videos that are learned from: fakes of a data set often share both, and would be known by them. So
is what compression adds to real videos, as their way to us is no sign of a forgery: the numbers are projected onto
what is at right angles to it, as nuisance attribute projection does (Solomonoff, Campbell and Boardman 2005).

Needs PyTorch, which nothing but training does.
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
# Outside of these, frame rates are so rare that nothing is known of them.
_FRAME_RATES = (20.0, 31.0)
_USUAL_RATE = 25.0
_RIDGE = 0.1
# Values are squashed to so many standard deviations of real videos.
_MOST_DEVIATIONS = 2.0
# What compression adds is a mean, in which no span counts for more standard deviations.
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
        """Learn of real videos what conditions make of the values, and how far those are spread beyond that."""
        terms = _terms(conditions)
        self.usual, self.spread = terms.mean(dim=0), terms.std(dim=0) + 1e-6
        design = self._design(conditions)
        weighted = weights[:, None] * design
        normal = (design.T @ weighted).double() + _RIDGE * torch.eye(design.shape[1]).double()
        self.expected = torch.linalg.solve(normal, (weighted.T @ values).double()).float()
        beyond = values - design @ self.expected
        self.scale = torch.sqrt((weights[:, None] * beyond**2).sum(dim=0) / weights.sum()) + 1e-6

    def look_past(self, shifts: Sequence[torch.Tensor]) -> None:
        """See nothing in some directions (VALUES,), in each kind of number by itself."""
        columns = []
        for kind in torch.eye(len(KINDS)).repeat_interleave(torch.tensor(list(KINDS.values())), dim=1):
            columns += [kind * shift for shift in shifts if (kind * shift).any()]
        if columns:
            self.compression = torch.linalg.qr(torch.stack(columns, dim=1))[0]

    def beyond(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """Values beyond what is expected, in standard deviations of real videos; (n, VALUES)."""
        return (values - self._design(conditions) @ self.expected) / self.scale

    def seen(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """The same less what is looked past, squashed."""
        beyond = self.beyond(values, conditions)
        if self.compression.shape[1]:
            beyond = beyond - (beyond @ self.compression) @ self.compression.T
        return _MOST_DEVIATIONS * torch.tanh(beyond / _MOST_DEVIATIONS)

    def forward(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """Log-odds: the mean of the members'."""
        shown = self.shown(self.seen(values, conditions))
        return torch.stack([member(one).squeeze(1) for member, one in zip(self.members, shown, strict=True)]).mean(
            dim=0
        )

    def shown(self, seen: torch.Tensor) -> list[torch.Tensor]:
        """What of it each member is shown: the numbers of one kind."""
        return [kind for kind in seen.split(list(KINDS.values()), dim=1) for _ in range(_MEMBERS)]

    def _design(self, conditions: torch.Tensor) -> torch.Tensor:
        terms = (_terms(conditions) - self.usual) / self.spread
        return torch.cat([torch.ones_like(terms[:, :1]), terms], dim=1)


def _terms(conditions: torch.Tensor) -> torch.Tensor:
    rate, size = conditions[:, 0].clamp(*_FRAME_RATES), conditions[:, 1].clamp(min=1.0).log()
    return torch.stack([rate, size, size**2, (rate - _USUAL_RATE) ** 2], dim=1)


Views = Sequence[Sequence[Movements]]
"""The same videos, measured otherwise."""


def train(
    videos: Sequence[Movements], fake: Sequence[bool], sent: Views = (), *, epochs: int, seed: int
) -> MotionNetwork:
    """Learn from some videos; each weighs the same in its class, and both classes weigh half.

    Args:
        videos: what was measured in each; of some, nothing.
        fake: whether each is.
        sent: the same after compressions. What each adds to real videos, on average, is looked past.
        epochs: times that every span is shown.
        seed: makes training reproducible on the same machine.

    Where there are fewer than two spans of real videos, which have no spread, or none of fakes, the network says 0 of
    everything.
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
    reals = [place for place, is_fake in enumerate(fake) if not is_fake]
    shifts = [_shift(network, [(videos[place], view[place]) for place in reals]) for view in sent]
    network.look_past([shift for shift in shifts if shift is not None])
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
    """What is added, on average, to videos that were measured before and after something; None where none was."""

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


def ship(
    videos: Sequence[Movements],
    fake: Sequence[bool],
    taught: Sequence[bool],
    sent: Views,
    path: Path,
    *,
    epochs: int,
    seed: int,
) -> None:
    """Learn from everybody who is `taught` and write the network as the ONNX file that the face service loads.

    Raises:
        ValueError: the written network scores differently.
    """
    network = _trained(np.flatnonzero(taught), videos, fake, sent, epochs=epochs, seed=seed)
    write(network, _sample(), "log_odds", path, tolerance=_TOLERANCE)


def _trained(
    places: NDArray[np.intp], videos: Sequence[Movements], fake: Sequence[bool], sent: Views, *, epochs: int, seed: int
) -> MotionNetwork:
    """As `train`, from the videos in some places."""

    def those(of: Sequence[Movements]) -> list[Movements]:
        return [of[place] for place in places]

    return train(those(videos), [fake[i] for i in places], [those(view) for view in sent], epochs=epochs, seed=seed)


def _sample() -> dict[str, NDArray[np.float32]]:
    """Of no face."""
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
    taught: Sequence[bool],
    sent: Views = (),
    others: Views = (),
    *,
    epochs: int,
    seed: int,
) -> list[tuple[NDArray[np.float64], ...]]:
    """For each video the log-odds of its spans, by a network that has not seen its people; (spans,) each.

    Args:
        videos: what was measured in each.
        fake: whether each is.
        fold: (videos,), people held out together.
        taught: whether networks learn from each.
        sent: as for `train`.
        others: more views, that networks learn nothing from.
        epochs: times that every span is shown.
        seed: makes training reproducible on the same machine.

    Returns:
        For `videos`, and for each view in `sent` and `others`.
    """
    shown = (videos, *sent, *others)
    found = [[np.empty(0)] * len(videos) for _ in shown]
    for number in np.unique(fold):
        known = np.flatnonzero((fold != number) & taught)
        network = _trained(known, videos, fake, sent, epochs=epochs, seed=seed)
        for scores, of in zip(found, shown, strict=True):
            for place in np.flatnonzero(fold == number).tolist():
                scores[place] = score(network, of[place])
    return [tuple(scores) for scores in found]
