"""The head: small networks on what the encoder and the statistics say of a stretch, averaged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.voices.features import Features, Kind
from training.voices.recordings import Recording

Array = NDArray[np.float32]

_LEARNED_FROM = (Kind.PLAIN, Kind.AUGMENTED, Kind.VOCODED)


@dataclass(frozen=True)
class Settings:
    """Hyperparameters.

    Attributes:
        hidden: units of each network.
        members: networks that are averaged.
        epochs: times that as many stretches are drawn as there are.
        batch: stretches a step.
        rate: half the peak learning rate.
        decay: of weights (AdamW).
        dropout: of features; of hidden units 0.3.
        mixed: parameter of the Beta distribution by which stretches are mixed (mixup, Zhang et al. 2018).
        vocoded: share of the synthesised side that are real recordings through a vocoder.
    """

    hidden: int = 128
    members: int = 3
    epochs: int = 12
    batch: int = 128
    rate: float = 1e-3
    decay: float = 0.05
    dropout: float = 0.5
    mixed: float = 0.3
    vocoded: float = 0.1


class Head(NamedTuple):
    """The networks side by side, with the scaling of features in their weights.

    Attributes:
        inner: (features, members · hidden) weights.
        inner_bias: (members · hidden,).
        outer: (members · hidden,) weights of what GELU makes of that; their mean over members is in them.
        outer_bias: added to the sum.
    """

    inner: Array
    inner_bias: Array
    outer: Array
    outer_bias: float

    def score(self, features: Array) -> NDArray[np.float64]:
        """(n, features) to (n,) log-odds of being synthesised."""
        hidden = nn.functional.gelu(torch.from_numpy(features @ self.inner + self.inner_bias)).numpy()
        return np.asarray(hidden @ self.outer + self.outer_bias, np.float64)


def fit_head(recordings: Sequence[Recording], features: Sequence[Features], settings: Settings, seed: int) -> Head:
    """Fit to some recordings; the same arguments give the same head on the same machine.

    Each class is drawn half of the time. A recording is drawn less often the more of its page and label there are, by
    the square root of their number: otherwise a few pages would be all that is learned.

    Args:
        recordings: real and synthesised.
        features: of the stretches of each.
        settings: hyperparameters.
        seed: of all random draws.

    Raises:
        ValueError: a class is missing.
    """
    rows, fake, chance = _shown(recordings, features, settings.vocoded)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled = torch.from_numpy((rows - mean) / spread)
    labels, chances = torch.from_numpy(fake.astype(np.float32)), torch.from_numpy(chance)
    inner, inner_bias, outer, outer_bias = [], [], [], []
    for member in range(settings.members):
        torch.manual_seed(seed * 1000 + member)
        first, last = _trained(scaled, labels, chances, settings)
        weights = first.weight.detach().numpy().T / spread[:, np.newaxis]
        inner.append(weights)
        inner_bias.append(first.bias.detach().numpy() - mean @ weights)
        outer.append(last.weight.detach().numpy()[0] / settings.members)
        outer_bias.append(float(last.bias.detach()[0]) / settings.members)
    return Head(np.concatenate(inner, axis=1), np.concatenate(inner_bias), np.concatenate(outer), sum(outer_bias))


def _trained(
    rows: torch.Tensor, labels: torch.Tensor, chances: torch.Tensor, settings: Settings
) -> tuple[nn.Linear, nn.Linear]:
    first, last = nn.Linear(rows.shape[1], settings.hidden), nn.Linear(settings.hidden, 1)
    network = nn.Sequential(nn.Dropout(settings.dropout), first, nn.GELU(), nn.Dropout(0.3), last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * max(1, len(rows) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2 * settings.rate, total_steps=steps)
    beta = torch.distributions.Beta(settings.mixed, settings.mixed)
    for _ in range(steps):
        drawn = torch.multinomial(chances, settings.batch, replacement=True)
        other = drawn[torch.randperm(settings.batch)]
        share = beta.sample((settings.batch, 1))
        shown = share * rows[drawn] + (1 - share) * rows[other]
        wanted = share[:, 0] * labels[drawn] + (1 - share[:, 0]) * labels[other]
        loss = nn.functional.binary_cross_entropy_with_logits(network(shown)[:, 0], wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return first, last


def _shown(
    recordings: Sequence[Recording], features: Sequence[Features], vocoded: float
) -> tuple[Array, NDArray[np.bool_], NDArray[np.float64]]:
    """Stretches (n, features), whether each is synthesised, and how often it is drawn."""
    counts = Counter((one.page, one.fake) for one in recordings)
    rows, fake, twins, chances = [], [], [], []
    for recording, own in zip(recordings, features, strict=True):
        chosen = np.isin(own.kind, _LEARNED_FROM)
        if not chosen.any():
            continue
        twin = own.kind[chosen] == Kind.VOCODED
        rows.append(own.values[chosen])
        fake.append(recording.fake | twin)
        twins.append(twin)
        each = counts[recording.page, recording.fake] ** -0.5
        chances.append(np.where(twin, each / max(1, twin.sum()), each / max(1, (~twin).sum())))
    is_fake = np.concatenate(fake) if fake else np.empty(0, np.bool_)
    if is_fake.all() or not is_fake.any():
        raise ValueError("There are recordings of one class only.")
    is_twin, chance = np.concatenate(twins), np.concatenate(chances)
    of_twins = vocoded if is_twin.any() and (is_fake & ~is_twin).any() else float(is_twin.any())
    for group, share in ((~is_fake, 1.0), (is_fake & ~is_twin, 1 - of_twins), (is_twin, of_twins)):
        if group.any():
            chance[group] *= share / chance[group].sum()
    return np.concatenate(rows), is_fake, chance
