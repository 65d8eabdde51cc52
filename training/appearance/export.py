"""The appearance network as two files: the graph with what was fitted, and the encoder's matrices, which never change.

Activations are quantised as they come (`DynamicQuantizeLinear`), and matrices are 8-bit integers: three times as fast
as floats. As the scale of activations is common to a batch, pictures are scored one at a time, so that a score depends
on nothing but its picture.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from services.face.networks.appearance_network import FEATURES, AppearanceNetwork
from services.face.networks.encoder_file import FourBits, in_eight_bits, write_matrices
from training.appearance.encoder import HEADS, MEAN, PATCH, SIDE, STD, WIDTH, Encoder, Weights
from training.appearance.features import Features, matrices_beside
from training.appearance.head import Head
from training.data.atomic import atomic_write
from training.graph import Graph
from training.quantisation import in_four_bits

_PATCHES = SIDE // PATCH
_TOLERANCE = 0.01  # log-odds


def export_encoder(encoder: Encoder, path: Path) -> None:
    """Write the encoder alone, for `training.appearance.features.ExportedEncoder`.

    Takes `pictures` (n, SIDE, SIDE, 3) uint8 RGB, and gives `features` (n, 2, WIDTH): the class token, and the mean of
    the patches.
    """
    graph = _Graph()
    first, rest = _ends(graph, _tokens(graph, encoder))
    mean = graph.add("ReduceMean", [rest, graph.hold(np.array([1], np.int64))], keepdims=1)
    graph.add("Concat", [first, mean], output="features", axis=1)
    with atomic_write(matrices_beside(path)) as fresh:
        fresh.write_bytes(write_matrices(graph.matrices))
    with atomic_write(path) as fresh:
        onnx.save(graph.finished("features", (2, WIDTH)), fresh)


def export(
    encoder: Encoder, head: Head, path: Path, matrices: Path, *, sample: NDArray[np.uint8], features: Features
) -> None:
    """Write the network that takes `pictures` (n, SIDE, SIDE, 3) uint8 RGB and gives `places` (n, 2, 14, 14).

    Args:
        encoder: the pretrained one.
        head: fitted to its features.
        path: file to write.
        matrices: file to write with those of the encoder; the same bytes whenever the encoder is the same.
        sample: pictures to test the files on.
        features: what `ExportedEncoder` makes of these.

    Raises:
        ValueError: the written network scores differently.
    """
    graph = _whole(encoder, head)
    content = graph.finished("places", (len(FEATURES), _PATCHES, _PATCHES)).SerializeToString()
    held = write_matrices(graph.matrices)
    network = AppearanceNetwork(path, content, held)
    written = np.transpose([network.patches(picture).mean(axis=(1, 2)) for picture in sample])
    wanted = head.score(features)
    if not np.allclose(wanted, written, atol=_TOLERANCE):
        raise ValueError(f"the exported network scores {written}, and should score {wanted}")
    for file, written_to in ((matrices, held), (path, content)):
        with atomic_write(file) as fresh:
            fresh.write_bytes(written_to)


def export_untrained(path: Path) -> None:
    """Write a stand-in for where a network is required but its scores are not used: 0 for every picture, twice."""
    graph = _Graph()
    floats = graph.add("Cast", ["pictures"], to=TensorProto.FLOAT)
    mean = graph.add("ReduceMean", [floats, graph.hold(np.array([1, 2, 3], np.int64))], keepdims=0)
    nothing = graph.add("Mul", [mean, graph.hold(np.array(0, np.float32))])
    once = graph.add("Reshape", [nothing, graph.hold(np.array([-1, 1, 1, 1], np.int64))])
    graph.add("Concat", [once] * len(FEATURES), output="places", axis=1)
    with atomic_write(path) as fresh:
        onnx.save(graph.finished("places", (len(FEATURES), 1, 1)), fresh)


def _whole(encoder: Encoder, head: Head) -> "_Graph":
    graph = _Graph()
    first, rest = (
        graph.add("MatMul", [tokens, graph.hold(np.column_stack(weights).astype(np.float32))])
        for tokens, weights in zip(
            _ends(graph, _tokens(graph, encoder)),
            ([line.of_class for line in head], [line.of_patches for line in head]),
            strict=True,
        )
    )
    bias = graph.hold(np.array([line.bias for line in head], np.float32))
    summed = graph.add("Add", [graph.add("Add", [rest, first]), bias])
    by_line = graph.add("Transpose", [summed], perm=[0, 2, 1])
    shape = graph.hold(np.array([-1, len(FEATURES), _PATCHES, _PATCHES], np.int64))
    graph.add("Reshape", [by_line, shape], output="places")
    return graph


def _tokens(graph: "_Graph", encoder: Encoder) -> str:
    """Pictures to tokens, the class token first."""
    tokens = _embedded(graph, encoder)
    for number, block in enumerate(encoder.blocks):
        tokens = _block(graph, f"{number}", tokens, block)
    return tokens


def _ends(graph: "_Graph", tokens: str) -> tuple[str, str]:
    """The class token, and the others."""
    first = graph.add("Slice", [tokens, *map(graph.hold, _range(0, 1))])
    return first, graph.add("Slice", [tokens, *map(graph.hold, _range(1, _PATCHES**2 + 1))])


def _range(start: int, end: int) -> tuple[NDArray[np.int64], ...]:
    """Arguments of `Slice` along the axis of tokens."""
    return np.array([start], np.int64), np.array([end], np.int64), np.array([1], np.int64)


def _embedded(graph: "_Graph", encoder: Encoder) -> str:
    """Pictures to the tokens that the first block reads."""
    weights = encoder.embedding
    floats = graph.add("Cast", ["pictures"], to=TensorProto.FLOAT)
    scaled = graph.add("Mul", [floats, graph.hold((1 / (255 * np.array(STD))).astype(np.float32))])
    shifted = graph.add("Sub", [scaled, graph.hold((np.array(MEAN) / np.array(STD)).astype(np.float32))])
    channels = graph.add("Transpose", [shifted], perm=[0, 3, 1, 2])
    kernel = graph.add("Cast", [graph.hold(weights["patch"].astype(np.float16))], to=TensorProto.FLOAT)
    patches = graph.add("Conv", [channels, kernel], strides=[PATCH, PATCH])
    flat = graph.add("Reshape", [patches, graph.hold(np.array([0, WIDTH, -1], np.int64))])
    patches = graph.add("Transpose", [flat], perm=[0, 2, 1])
    # One class token for each picture.
    count = graph.add("Shape", [patches], start=0, end=1)
    shape = graph.add("Concat", [count, graph.hold(np.array([1, WIDTH], np.int64))], axis=0)
    first = graph.add("Expand", [graph.hold(weights["cls"].reshape(1, 1, WIDTH)), shape])
    tokens = graph.add("Concat", [first, patches], axis=1)
    placed = graph.add("Add", [tokens, graph.hold(weights["positions"])])
    return graph.norm(placed, weights["pre.weight"], weights["pre.bias"])


def _block(graph: "_Graph", name: str, tokens: str, weights: Weights) -> str:
    """A pre-norm transformer block."""
    read = graph.norm(tokens, weights["layer_norm1.weight"], weights["layer_norm1.bias"])
    projections = [f"self_attn.{kind}_proj" for kind in "qkv"]
    matrix = np.concatenate([weights[f"{one}.weight"] for one in projections])
    bias = np.concatenate([weights[f"{one}.bias"] for one in projections])
    mixed = graph.add(
        "MultiHeadAttention",
        graph.split(graph.product(f"encoder.{name}.qkv", read, matrix, bias)),
        domain="com.microsoft",
        num_heads=HEADS,
    )
    out = graph.product(
        f"encoder.{name}.out", mixed, weights["self_attn.out_proj.weight"], weights["self_attn.out_proj.bias"]
    )
    tokens = graph.add("Add", [tokens, out])
    read = graph.norm(tokens, weights["layer_norm2.weight"], weights["layer_norm2.bias"])
    hidden = graph.product(f"encoder.{name}.fc1", read, weights["mlp.fc1.weight"], weights["mlp.fc1.bias"])
    hidden = graph.add("QuickGelu", [hidden], domain="com.microsoft", alpha=1.702)
    out = graph.product(f"encoder.{name}.fc2", hidden, weights["mlp.fc2.weight"], weights["mlp.fc2.bias"])
    return graph.add("Add", [tokens, out])


class _Graph(Graph):
    """With the encoder's matrices, which lie elsewhere."""

    def __init__(self) -> None:
        super().__init__("appearance")
        self.matrices: dict[str, FourBits] = {}

    def product(self, name: str, values: str, matrix: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """`values` (…, k) times a matrix (rows, k) transposed, plus a bias (rows,), in eight bits."""
        self.matrices[name] = in_four_bits(matrix)
        weights, scale = in_eight_bits(self.matrices[name])
        # The file names the weights, and does not hold them.
        elsewhere = TensorProto(name=name, data_type=TensorProto.INT8, dims=weights.shape)
        elsewhere.data_location = TensorProto.EXTERNAL
        elsewhere.external_data.add(key="location", value="encoder")
        self._constants.append(elsewhere)
        steps, step, zero = f"{name}.steps", f"{name}.step", f"{name}.zero"
        self._nodes.append(helper.make_node("DynamicQuantizeLinear", [values], [steps, step, zero]))
        whole = self.add("MatMulInteger", [steps, name, zero, self.hold(np.array(0, np.int8))])
        scaled = self.add(
            "Mul", [self.add("Cast", [whole], to=TensorProto.FLOAT), self.add("Mul", [step, self.hold(scale)])]
        )
        return self.add("Add", [scaled, self.hold(bias)])

    def finished(self, gives: str, shape: tuple[int, ...]) -> onnx.ModelProto:
        """The finished model, and what it gives of each picture."""
        return self.model(
            [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
            helper.make_tensor_value_info(gives, TensorProto.FLOAT, ["n", *shape]),
        )
