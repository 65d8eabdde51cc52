"""How a part of the texture network learns: from moments of some videos, with what is alike side by side.

Needs PyTorch, which nothing but training does. A GPU is used where there is one.
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

from training.data.writing import in_one_step
from training.networks.bank import Kind, Moments
from training.networks.network import DEVICE, Answer, Part, PlacesNetwork, as_tensor, new_part, stacked
from training.networks.views import PLACES, draw_view

_REPORT_EVERY = 100
_MOST_GRADIENT = 5.0  # norm; a step that wants more is shortened

# Processes that make batches. A GPU learns faster than one process shows; without one, learning takes all there is.
_TEACHERS = min(12, os.cpu_count() or 1) if DEVICE == "cuda" else 0


@dataclass(frozen=True)
class Settings:
    """How a part of the network is trained.

    Attributes:
        answer: what it speaks of.
        samples: moments shown in all.
        batch: moments in a step.
        rate: highest learning rate; it rises over the first tenth and falls to nothing as half a cosine.
        decay: weight decay of AdamW (Loshchilov and Hutter 2019).
        labelled: share of the fakes in a batch that are labelled ones; the others were made of real faces.
        smoothing: how far targets are from 0 and 1.
        dropout: of channels before the last layer.
        seed: makes training reproducible on the same machine.
    """

    answer: Answer = Answer.PLACES
    samples: int = 32_000
    batch: int = 32
    rate: float = 4e-4
    decay: float = 0.02
    labelled: float = 0.4
    smoothing: float = 0.05
    dropout: float = 0.2
    seed: int = 0


def train_part(
    videos: Sequence[Moments],
    alike: Sequence[Sequence[int]],
    settings: Settings,
    say: Callable[[str], None],
    unfinished: Path | None = None,
) -> Part:
    """Fine-tune on the moments of some videos.

    A labelled fake is shown beside a real video like it: where fakes of one data set were shown among real videos of
    others, a network would learn to tell the data sets apart.

    Args:
        videos: what each gave.
        alike: for each labelled fake, the places of real videos like it; empty for the others.
        settings: how.
        say: told now and then how it goes.
        unfinished: file that keeps how far training has come, to go on from there after an interruption, to the same
            end. None to keep nothing.

    What is returned is the moving average of the weights (Polyak and Juditsky 1992), ready to score.
    """
    cv2.setNumThreads(1)  # PyTorch has the cores, and waits for them busily
    lessons = _Lessons(videos, alike, settings)
    learner = _Learner(settings, len(lessons))
    if unfinished is not None and unfinished.exists():
        learner.go_on_from(unfinished)
        say(f"Going on after step {learner.done} of {len(lessons)}")
    losses = []
    left = Subset(lessons, range(learner.done, len(lessons)))
    # A lesson depends on its number alone, and not on how many make them; and dropout not on there being a loader.
    for lesson in DataLoader(left, batch_size=None, num_workers=_TEACHERS, generator=torch.Generator()):
        losses.append(learner.learn(lesson))
        if learner.done % _REPORT_EVERY == 0:
            if unfinished is not None:
                learner.keep(unfinished)
            say(f"step {learner.done} of {len(lessons)}, loss {np.mean(losses):.3f}")
            losses.clear()
    learner.average.eval()
    return learner.average


class _Learner:
    """A network on its way, and all that its next step depends on."""

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

    def learn(self, lesson: "_Lesson") -> float:
        """One step; gives the loss before it."""
        loss = self._loss(self._part(as_tensor(lesson.moments)), lesson).mean()
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._part.parameters(), _MOST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        _move_towards(self.average, self._part, keep=min(0.99, self.done / (self.done + 10)))
        self.done += 1
        return float(loss.detach())

    def keep(self, path: Path) -> None:
        """Write all of it."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        chance = {"chance": torch.get_rng_state(), "chance_on_gpus": torch.cuda.get_rng_state_all()}
        with in_one_step(path) as fresh:
            torch.save({"done": self.done, **chance, **parts}, fresh)

    def go_on_from(self, path: Path) -> None:
        """Take up what was written."""
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

    def _loss(self, answer: torch.Tensor, lesson: "_Lesson") -> torch.Tensor:
        """Of each moment.

        By places: the mean over those of which the truth is known, or, if of none, that of the face.
        """
        forged, known, fake = (truth.to(DEVICE) for truth in (lesson.forged, lesson.known, lesson.fake))
        if not isinstance(self._part, PlacesNetwork):
            return self._cross_entropy(answer.mean(dim=(1, 2)), fake)
        count = known.sum(dim=(1, 2))
        each = (self._cross_entropy(answer, forged) * known).sum(dim=(1, 2)) / count.clamp(min=1)
        return torch.where(count > 0, each, self._cross_entropy(self._part.of_face(answer), fake))

    def _cross_entropy(self, log_odds: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        target = truth * (1 - 2 * self._settings.smoothing) + self._settings.smoothing
        return nn.functional.binary_cross_entropy_with_logits(log_odds, target, reduction="none")


def _move_towards(average: nn.Module, network: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


class _Lesson(NamedTuple):
    """A batch.

    Attributes:
        moments: (n, SIDE, SIDE, FRAMES) uint8.
        fake: (n,) 1 for the forged ones.
        forged: (n, PLACES, PLACES) how much of each place is forged.
        known: (n, PLACES, PLACES) 1 where that is known. Of a labelled fake it is known nowhere: a face whose mouth
            alone was painted anew is real elsewhere.
    """

    moments: torch.Tensor
    fake: torch.Tensor
    forged: torch.Tensor
    known: torch.Tensor


class _Lessons(TorchDataset[_Lesson]):
    """The batches of a training, each by its number.

    Half are real and half fake, in pairs that are seen alike: a forgery and what it is put into, or a labelled fake
    and the moment nearest to it in time of a real video like it, both as they came or both after a journey.
    """

    def __init__(self, videos: Sequence[Moments], alike: Sequence[Sequence[int]], settings: Settings) -> None:
        self._videos, self._alike, self._settings = videos, alike, settings
        self._forged, self._real, self._labelled = (
            [i for i, one in enumerate(videos) if np.any(one.kind == kind)]
            for kind in (Kind.FORGED, Kind.REAL, Kind.LABELLED)
        )

    def __len__(self) -> int:
        return self._settings.samples // self._settings.batch

    def __getitem__(self, step: int) -> _Lesson:
        rng = np.random.default_rng([self._settings.seed, step])
        half = self._settings.batch // 2
        from_labels = round(half * self._settings.labelled) if self._labelled else 0
        nowhere = np.zeros((PLACES, PLACES), np.float32)
        shown: list[NDArray[np.uint8]] = []
        forged: list[NDArray[np.float32]] = []
        known: list[NDArray[np.float32]] = []
        for _ in range(half - from_labels):
            one = self._videos[self._forged[rng.integers(len(self._forged))]]
            which, view = int(rng.choice(np.flatnonzero(one.kind == Kind.FORGED))), draw_view(rng)
            shown += [view.of(one.pixels[which]), view.of(one.pixels[one.twin[which]])]
            forged += [view.places(one.share[which]), nowhere]
            known += [view.shown()] * 2
        for _ in range(from_labels):
            chosen = self._labelled[rng.integers(len(self._labelled))]
            one, other = self._videos[chosen], self._videos[rng.choice(self._alike[chosen] or self._real)]
            which, view = int(rng.integers(len(one.kind))), draw_view(rng)
            shown += [view.of(one.pixels[which]), view.of(other.pixels[_beside(one, which, other)])]
            forged += [nowhere, nowhere]
            known += [nowhere, view.shown()]
        fake = torch.tensor([1.0, 0.0] * half)
        return _Lesson(stacked(shown), fake, stacked(forged), stacked(known))


def _beside(fake: Moments, which: int, real: Moments) -> int:
    """The moment of a real video to show beside one of a fake: as far travelled, and nearest in time."""
    (alike,) = np.nonzero((real.kind == Kind.REAL) & (real.travelled == fake.travelled[which]))
    return int(alike[np.argmin(np.abs(real.time_s[alike] - fake.time_s[which]))])
