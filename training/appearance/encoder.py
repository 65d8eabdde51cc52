"""The image encoder of CLIP ViT-B/16 (Radford et al. 2021): its weights, from a quantised ONNX file.

The weights come from the package that `pyproject.toml` pins by hash. Its matrices are 8-bit integers times a scale for
each output channel: multiplied out they are the exact float weights that the file computes with.
"""

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

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

_NORM = ("weight", "bias")
_NAMES = (
    *(f"layer_norm{number}.{kind}" for number in (1, 2) for kind in _NORM),
    *(f"self_attn.{part}_proj.{kind}" for part in ("q", "k", "v", "out") for kind in _NORM),
    *(f"mlp.fc{number}.{kind}" for number in (1, 2) for kind in _NORM),
)

Weights = dict[str, NDArray[np.float32]]
"""Of one block, or of what comes before them, by name."""


class Encoder(NamedTuple):
    """The weights.

    Attributes:
        embedding: `patch` (WIDTH, 3, PATCH, PATCH), `cls` (WIDTH,), `positions` (patches + 1, WIDTH), `pre.weight` and
            `pre.bias` (WIDTH,) of the norm before the first block.
        blocks: of each pre-norm transformer block; matrices are (outputs, inputs).
    """

    embedding: Weights
    blocks: list[Weights]


def pretrained(path: Path, blocks: int = BLOCKS) -> Encoder:
    """The weights in an ONNX file, of as many of its blocks as are asked for.

    Raises:
        ValueError: the file holds another network.
    """
    found = _weights(path)

    def named(theirs: str) -> NDArray[np.float32]:
        if f"{_PREFIX}{theirs}" not in found:
            raise ValueError(f"{path.name} has no weights called {_PREFIX}{theirs}")
        return found[f"{_PREFIX}{theirs}"]

    embedding = {
        "patch": named("embeddings.patch_embedding.weight"),
        "cls": named("embeddings.class_embedding"),
        "positions": named("embeddings.position_embedding.weight"),
        **{f"pre.{kind}": named(f"pre_layrnorm.{kind}") for kind in _NORM},
    }
    return Encoder(
        embedding,
        [{name: named(f"encoder.layers.{number}.{name}") for name in _NAMES} for number in range(blocks)],
    )


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
