"""The image encoder of CLIP ViT-B/16 (Radford et al. 2021), rebuilt in PyTorch from a quantised ONNX file.

The weights come from the package that `pyproject.toml` pins by hash. Its matrices are 8-bit integers times a scale for
each output channel: multiplied out they are the exact float weights that the file computes with.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from training.appearance.quantisation import in_four_bits, weights_of
from training.data.atomic import atomic_write

WIDTH = 768
HEADS = 12
BLOCKS = 12
PATCH = 16
SIDE = 224
"""Pixels along each side of the picture that the encoder was pretrained on."""

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
"""Of the red, green and blue values, 0 to 1, of what the encoder was pretrained on."""

_PREFIX = "vision_model."


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


class Encoder(nn.Module):
    """The first `blocks` blocks of the encoder."""

    def __init__(self, blocks: int = BLOCKS) -> None:
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


def pretrained(path: Path, blocks: int = BLOCKS) -> Encoder:
    """The encoder with the weights of an ONNX file, as many of its blocks as are asked for, its matrices in four bits.

    Raises:
        ValueError: the file holds another network.
    """
    found = _weights(path)
    names = {
        "patch.weight": "embeddings.patch_embedding.weight",
        "cls": "embeddings.class_embedding",
        "positions": "embeddings.position_embedding.weight",
    }
    names |= {f"pre.{kind}": f"pre_layrnorm.{kind}" for kind in ("weight", "bias")}
    encoder = Encoder(blocks)
    state = {}
    for name in encoder.state_dict():
        theirs = _PREFIX + names.get(name, f"encoder.{name}")
        if theirs not in found:
            raise ValueError(f"{path.name} has no weights called {theirs}")
        weights = found[theirs]
        state[name] = torch.from_numpy(weights_of(in_four_bits(weights)) if _is_matrix(name) else weights)
    encoder.load_state_dict(state)
    encoder.eval()
    return encoder


def save_encoder(encoder: Encoder, path: Path) -> None:
    """Write its weights for `load_encoder`."""
    with atomic_write(path) as fresh:
        torch.save({"blocks": len(encoder.layers), "weights": encoder.state_dict()}, fresh)


def load_encoder(path: Path) -> Encoder:
    """What `save_encoder` wrote."""
    kept = torch.load(path, weights_only=True)
    encoder = Encoder(kept["blocks"])
    encoder.load_state_dict(kept["weights"])
    encoder.eval()
    return encoder


def _is_matrix(name: str) -> bool:
    """Whether a weight of the encoder is one of the matrices that nearly all of its size is in."""
    return name.startswith("layers.") and name.endswith(".weight") and "norm" not in name


def normalised(pictures: torch.Tensor) -> torch.Tensor:
    """(n, SIDE, SIDE, 3) RGB, 0 to 255, to what the encoder reads."""
    mean, std = (torch.tensor(values, device=pictures.device) for values in (MEAN, STD))
    return ((pictures.float() / 255 - mean) / std).permute(0, 3, 1, 2)


def _weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every weight of the file by its name before quantisation, as float."""
    graph = onnx.load(path).graph
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    readers = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    found = {name: np.array(value) for name, value in values.items() if value.dtype == np.float32 and value.ndim}
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        base = node.input[1].removesuffix("_quantized")
        weight = (values[node.input[1]].astype(np.float32) - values[f"{base}_zero_point"].astype(np.float32)) * values[
            f"{base}_scale"
        ]
        # The product is cast, scaled, and then the bias is added, by whose name the matrix is known.
        scaled = readers[readers[node.output[0]][0].output[0]][0].output[0]
        bias = [name for after in readers[scaled][:1] for name in after.input if name in values]
        name = bias[0].removesuffix("bias") + "weight" if bias else "visual_projection.weight"
        found[name] = np.ascontiguousarray(weight.T)
    return found
