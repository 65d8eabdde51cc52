"""Training of one part of the texture network, on batches of matched real and fake snippets.

Needs PyTorch, as nothing outside training does. A GPU is used where there is one.
"""

import copy
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader, Subset
from torch.utils.data import Dataset as TorchDataset

from training.data.atomic import atomic_write
from training.networks.network import DEVICE, Answer, Part, PatchNetwork, as_tensor, new_part, stacked
from training.networks.snippets import Kind, Snippets
from training.networks.views import PATCHES, draw_view

_REPORT_EVERY = 100
_MOST_GRADIENT = 5.0  # norm, beyond which gradients are clipped

# Processes that make batches. One cannot feed a GPU; without a GPU, training needs all cores itself.
_LOADER_WORKERS = min(12, os.cpu_count() or 1) if DEVICE == "cuda" else 0


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of one part of the network. Field names are part of the key of what is cached.

    Attributes:
        answer: what it scores.
        samples: snippets shown in all.
        batch: snippets in a step.
        rate: highest learning rate; it rises over the first tenth and falls to zero along half a cosine.
        decay: weight decay of AdamW (Loshchilov and Hutter 2019).
        labelled: share of the fakes in a batch that are labelled ones; the others are made from real faces.
        smoothing: label smoothing, the distance of targets from 0 and 1.
        dropout: of channels before the last layer.
        seed: makes training reproducible on the same machine.
    """

    answer: Answer = Answer.PATCHES
    samples: int = 32_000
    batch: int = 32
    rate: float = 4e-4
    decay: float = 0.02
    labelled: float = 0.4
    smoothing: float = 0.05
    dropout: float = 0.2
    seed: int = 0


def train_part(
    videos: Sequence[Snippets],
    matches: Sequence[Sequence[int]],
    settings: Settings,
    say: Callable[[str], None],
    checkpoint: Path | None = None,
) -> Part:
    """Fine-tune on the snippets of some videos.

    A labelled fake is shown beside a matching real video: if fakes of one data set were shown among real videos of
    others, the network would learn to tell the data sets apart.

    Args:
        videos: snippets of each.
        matches: for each labelled fake, the indices of matching real videos; empty for the others.
        settings: hyperparameters.
        say: called with progress now and then.
        checkpoint: file to resume from, with the same result, after an interruption. None to write none.

    Returns:
        The moving average of the weights (Polyak and Juditsky 1992), ready to score.
    """
    cv2.setNumThreads(1)  # PyTorch has the cores, and its threads busy-wait
    batches = _Batches(videos, matches, settings)
    trainer = _Trainer(settings, len(batches))
    if checkpoint is not None and checkpoint.exists():
        trainer.resume(checkpoint)
        say(f"Resuming after step {trainer.done} of {len(batches)}")
    losses = []
    left = Subset(batches, range(trainer.done, len(batches)))
    # A batch depends on its number alone, not on the number of workers; and dropout not on there being a loader.
    for batch in DataLoader(left, batch_size=None, num_workers=_LOADER_WORKERS, generator=torch.Generator()):
        losses.append(trainer.step(batch))
        if trainer.done % _REPORT_EVERY == 0:
            if checkpoint is not None:
                trainer.save_checkpoint(checkpoint)
            say(f"step {trainer.done} of {len(batches)}, loss {np.mean(losses):.3f}")
            losses.clear()
    trainer.average.eval()
    return trainer.average


class _Trainer:
    """A network in training, and everything its next step depends on."""

    def __init__(self, settings: Settings, steps: int) -> None:
        torch.manual_seed(settings.seed)
        self._settings = settings
        self._part: Part = new_part(settings.answer, settings.dropout)
        self._part.to(DEVICE, memory_format=torch.channels_last).train()
        self.average: Part = copy.deepcopy(self._part).eval()
        self._optimizer = torch.optim.AdamW(self._part.parameters(), lr=settings.rate, weight_decay=settings.decay)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, settings.rate, total_steps=steps, pct_start=0.1, cycle_momentum=False
        )
        self.done = 0

    def step(self, batch: "_Batch") -> float:
        """One step; returns the loss before it."""
        loss = self._loss(self._part(as_tensor(batch.snippets)), batch).mean()
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._part.parameters(), _MOST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        _update_average(self.average, self._part, keep=min(0.99, self.done / (self.done + 10)))
        self.done += 1
        return float(loss.detach())

    def save_checkpoint(self, path: Path) -> None:
        """Write everything."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        chance = {"chance": torch.get_rng_state(), "chance_on_gpus": torch.cuda.get_rng_state_all()}
        with atomic_write(path) as fresh:
            torch.save({"done": self.done, **chance, **parts}, fresh)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint."""
        kept = torch.load(path, map_location=DEVICE, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(kept[name])
        torch.set_rng_state(kept["chance"].cpu())
        torch.cuda.set_rng_state_all([state.cpu() for state in kept["chance_on_gpus"]])
        self.done = kept["done"]

    def _parts(self) -> dict[str, "nn.Module | torch.optim.Optimizer | torch.optim.lr_scheduler.LRScheduler"]:
        return {
            "part": self._part,
            "average": self.average,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
        }

    def _loss(self, answer: torch.Tensor, batch: "_Batch") -> torch.Tensor:
        """The loss of each snippet.

        For a patch network, the mean over the patches whose label is known; if none is, the loss of the whole face.
        """
        forged, known, fake = (truth.to(DEVICE) for truth in (batch.forged, batch.known, batch.fake))
        if not isinstance(self._part, PatchNetwork):
            return self._cross_entropy(answer.mean(dim=(1, 2)), fake)
        count = known.sum(dim=(1, 2))
        each = (self._cross_entropy(answer, forged) * known).sum(dim=(1, 2)) / count.clamp(min=1)
        return torch.where(count > 0, each, self._cross_entropy(self._part.of_face(answer), fake))

    def _cross_entropy(self, log_odds: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        target = truth * (1 - 2 * self._settings.smoothing) + self._settings.smoothing
        return nn.functional.binary_cross_entropy_with_logits(log_odds, target, reduction="none")


def _update_average(average: nn.Module, network: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


class _Batch(NamedTuple):
    """A batch.

    Attributes:
        snippets: (n, SIDE, SIDE, FRAMES) uint8.
        fake: (n,) 1 for the forged ones.
        forged: (n, PATCHES, PATCHES) how much of each patch is forged.
        known: (n, PATCHES, PATCHES) 1 where that is known. In a labelled fake it is known nowhere: a face of which only
            the mouth was repainted is real elsewhere.
    """

    snippets: torch.Tensor
    fake: torch.Tensor
    forged: torch.Tensor
    known: torch.Tensor


class _Batches(TorchDataset[_Batch]):
    """The batches of a training, each by its number.

    Half of the snippets are real and half fake, in pairs that get the same view: a forgery and its twin, or a labelled
    fake and the snippet nearest in time of a matching real video, both augmented or neither.
    """

    def __init__(self, videos: Sequence[Snippets], matches: Sequence[Sequence[int]], settings: Settings) -> None:
        self._videos, self._matching_reals, self._settings = videos, matches, settings
        self._forged, self._real, self._labelled = (
            [i for i, one in enumerate(videos) if np.any(one.kind == kind)]
            for kind in (Kind.FORGED, Kind.REAL, Kind.LABELLED)
        )

    def __len__(self) -> int:
        return self._settings.samples // self._settings.batch

    def __getitem__(self, step: int) -> _Batch:
        rng = np.random.default_rng([self._settings.seed, step])
        half = self._settings.batch // 2
        from_labels = round(half * self._settings.labelled) if self._labelled else 0
        nowhere = np.zeros((PATCHES, PATCHES), np.float32)
        shown: list[NDArray[np.uint8]] = []
        forged: list[NDArray[np.float32]] = []
        known: list[NDArray[np.float32]] = []
        for _ in range(half - from_labels):
            one = self._videos[self._forged[rng.integers(len(self._forged))]]
            which, view = int(rng.choice(np.flatnonzero(one.kind == Kind.FORGED))), draw_view(rng)
            shown += [view.of(one.pixels[which]), view.of(one.pixels[one.twin[which]])]
            forged += [view.patches(one.mask[which]), nowhere]
            known += [view.shown()] * 2
        for _ in range(from_labels):
            chosen = self._labelled[rng.integers(len(self._labelled))]
            one, other = self._videos[chosen], self._videos[rng.choice(self._matching_reals[chosen] or self._real)]
            which, view = int(rng.integers(len(one.kind))), draw_view(rng)
            shown += [view.of(one.pixels[which]), view.of(other.pixels[_real_counterpart(one, which, other)])]
            forged += [nowhere, nowhere]
            known += [nowhere, view.shown()]
        fake = torch.tensor([1.0, 0.0] * half)
        return _Batch(stacked(shown), fake, stacked(forged), stacked(known))


def _real_counterpart(fake: Snippets, which: int, real: Snippets) -> int:
    """The snippet of a real video to show beside one of a fake: both augmented or neither, and nearest in time."""
    (matches,) = np.nonzero((real.kind == Kind.REAL) & (real.augmented == fake.augmented[which]))
    return int(matches[np.argmin(np.abs(real.time_s[matches] - fake.time_s[which]))])
