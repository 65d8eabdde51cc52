"""The image encoder of CLIP ViT-B/16 (Radford et al. 2021) in floats, to compare what is exported with."""

import numpy as np
import torch
from torch import nn

from training.appearance.encoder import HEADS, MEAN, PATCH, SIDE, STD, WIDTH, Encoder

PATCHES = (SIDE // PATCH) ** 2


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self) -> None:
        """Without weights yet."""
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(n, tokens, WIDTH) to the same."""
        n, count, _ = tokens.shape
        query, key, value = (
            project(tokens).view(n, count, HEADS, WIDTH // HEADS).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        return self.out_proj(mixed.transpose(1, 2).reshape(n, count, WIDTH))


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self) -> None:
        """Without weights yet."""
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.self_attn = Attention()
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(WIDTH, 4 * WIDTH), "fc2": nn.Linear(4 * WIDTH, WIDTH)})

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(n, tokens, WIDTH) to the same."""
        tokens = tokens + self.self_attn(self.layer_norm1(tokens))
        hidden = self.mlp["fc1"](self.layer_norm2(tokens))
        # QuickGELU, as the encoder was pretrained with.
        return tokens + self.mlp["fc2"](hidden * torch.sigmoid(1.702 * hidden))


class FloatEncoder(nn.Module):
    """The first `blocks` blocks of the encoder."""

    def __init__(self, blocks: int) -> None:
        """Without weights yet."""
        super().__init__()
        self.patch = nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False)
        self.cls = nn.Parameter(torch.zeros(WIDTH))
        self.positions = nn.Parameter(torch.zeros((SIDE // PATCH) ** 2 + 1, WIDTH))
        self.pre = nn.LayerNorm(WIDTH)
        self.layers = nn.ModuleList(Block() for _ in range(blocks))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalised pictures (n, 3, SIDE, SIDE) to tokens (n, 1 + patches, WIDTH), the class token first."""
        tokens = self.embedded(pictures)
        for block in self.layers:
            tokens = block(tokens)
        return tokens

    def embedded(self, pictures: torch.Tensor) -> torch.Tensor:
        """The tokens that the first block reads."""
        patches = self.patch(pictures).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls.expand(len(pictures), 1, -1), patches], dim=1)
        return self.pre(tokens + self.positions)

    def weights(self) -> Encoder:
        """As `training.appearance.encoder.pretrained` reads them."""
        held = {name: value.detach().numpy() for name, value in self.named_parameters()}
        embedding = {name: value for name, value in held.items() if not name.startswith("layers.")}
        embedding["patch"] = embedding.pop("patch.weight")
        return Encoder(embedding, [dict(_arrays(layer)) for layer in self.layers])


def _arrays(module: nn.Module) -> list[tuple[str, np.ndarray]]:
    return [(name, value.detach().numpy()) for name, value in module.named_parameters()]


def normalised(pictures: torch.Tensor) -> torch.Tensor:
    """(n, SIDE, SIDE, 3) RGB, 0 to 255, to what the encoder reads."""
    mean, std = (torch.tensor(values) for values in (MEAN, STD))
    return ((pictures.float() / 255 - mean) / std).permute(0, 3, 1, 2)
