"""The voice network as an ONNX file: the first blocks of the pretrained encoder, and the head on what they give.

Matrices are stored in four bits a weight and multiplied as such (`MatMulNBits`): the file holds all that is needed, and
as activations are quantised by row, a score depends on nothing but its stretch of sound.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from services.audio.voice.log_mel import BANDS
from services.audio.voice.statistics import COUNT
from services.face.networks.encoder_file import LEVELS
from training.data.atomic import atomic_write
from training.graph import Graph
from training.quantisation import in_four_bits
from training.voices.head import Head
from training.voices.pretrained import Weights

BLOCKS = 2
"""Of the encoder. Later ones know words rather than sounds."""

_MOST_S = 4.0
_TOKENS_A_SECOND = 50
_HEAD_WIDTH = 64
_BITS = 4
_BLOCK = 64  # weights that share a scale
_SPECTRA = helper.make_tensor_value_info("spectra", TensorProto.FLOAT, ["n", BANDS, "frames"])


def export_encoder(weights: Weights, path: Path, blocks: int = BLOCKS) -> None:
    """Write the encoder alone: `spectra` (n, 80, frames) float to `encoded` (n, 2 · width).

    That is mean and standard deviation over time of what the last block gives.
    """
    graph = Graph("voice")
    width = weights["conv1/bias"].size
    _pooled(graph, _tokens(graph, weights, blocks), output="encoded")
    _write(graph, path, [_SPECTRA], helper.make_tensor_value_info("encoded", TensorProto.FLOAT, ["n", 2 * width]))


def export(weights: Weights, head: Head, path: Path, blocks: int = BLOCKS) -> None:
    """Write the network: `spectra` (n, 80, frames) and `statistics` (n, 250), float, to `log_odds` (n, 1)."""
    graph = Graph("voice")
    encoded = _pooled(graph, _tokens(graph, weights, blocks))
    values = graph.add("Concat", [encoded, "statistics"], axis=1)
    inner = graph.add("Cast", [graph.hold(head.inner.astype(np.float16))], to=TensorProto.FLOAT)
    hidden = graph.add("Add", [graph.add("MatMul", [values, inner]), graph.hold(head.inner_bias)])
    hidden = graph.add("Gelu", [hidden], domain="com.microsoft")
    product = graph.add("MatMul", [hidden, graph.hold(head.outer[:, np.newaxis])])
    graph.add("Add", [product, graph.hold(np.array([head.outer_bias], np.float32))], output="log_odds")
    statistics = helper.make_tensor_value_info("statistics", TensorProto.FLOAT, ["n", COUNT])
    _write(graph, path, [_SPECTRA, statistics], helper.make_tensor_value_info("log_odds", TensorProto.FLOAT, ["n", 1]))


def _write(graph: Graph, path: Path, takes: Sequence[onnx.ValueInfoProto], gives: onnx.ValueInfoProto) -> None:
    with atomic_write(path) as fresh:
        onnx.save(graph.model(takes, gives), fresh)


def _tokens(graph: Graph, weights: Weights, blocks: int) -> str:
    """Spectra to tokens (n, frames / 2, width)."""
    values = "spectra"
    for number, stride in ((1, 1), (2, 2)):
        kernel = graph.add(
            "Cast", [graph.hold(weights[f"conv{number}/weight"].astype(np.float16))], to=TensorProto.FLOAT
        )
        bias = graph.hold(weights[f"conv{number}/bias"])
        values = graph.add("Conv", [values, kernel, bias], pads=[1, 1], strides=[stride])
        values = graph.add("Gelu", [values], domain="com.microsoft")
    values = graph.add("Transpose", [values], perm=[0, 2, 1])
    known = weights["position_encodings/encodings"][: round(_MOST_S * _TOKENS_A_SECOND)].astype(np.float16)
    places = graph.add("Cast", [graph.hold(known)], to=TensorProto.FLOAT)
    start = graph.hold(np.array([0], np.int64))
    places = graph.add("Slice", [places, start, graph.add("Shape", [values], start=1, end=2), start])
    tokens = graph.add("Add", [values, places])
    for number in range(blocks):
        tokens = _block(graph, tokens, weights, f"layer_{number}")
    return tokens


def _block(graph: Graph, tokens: str, weights: Weights, name: str) -> str:
    """A pre-norm transformer block."""
    attention, forward = f"{name}/self_attention", f"{name}/ffn"
    read = _norm(graph, tokens, weights, attention)
    projections = graph.split(_product(graph, read, weights, f"{attention}/linear_0"))
    heads = weights[f"{attention}/linear_1/bias"].size // _HEAD_WIDTH
    mixed = graph.add("MultiHeadAttention", projections, domain="com.microsoft", num_heads=heads)
    tokens = graph.add("Add", [tokens, _product(graph, mixed, weights, f"{attention}/linear_1")])
    read = _norm(graph, tokens, weights, forward)
    hidden = graph.add("Gelu", [_product(graph, read, weights, f"{forward}/linear_0")], domain="com.microsoft")
    return graph.add("Add", [tokens, _product(graph, hidden, weights, f"{forward}/linear_1")])


def _norm(graph: Graph, values: str, weights: Weights, name: str) -> str:
    return graph.norm(values, weights[f"{name}/layer_norm/gamma"], weights[f"{name}/layer_norm/beta"])


def _product(graph: Graph, values: str, weights: Weights, name: str) -> str:
    """`values` (…, k) times a matrix (rows, k) transposed, in four bits, plus a bias (rows,)."""
    matrix = weights[f"{name}/weight"]
    rounded = in_four_bits(matrix, _BLOCK)
    levels = (rounded.levels + LEVELS).astype(np.uint8)
    packed = levels[..., 0::2] | (levels[..., 1::2] << _BITS)
    product = graph.add(
        "MatMulNBits",
        [values, graph.hold(packed), graph.hold(rounded.scales.ravel().astype(np.float32))],
        domain="com.microsoft",
        K=matrix.shape[1],
        N=matrix.shape[0],
        bits=_BITS,
        block_size=_BLOCK,
        accuracy_level=4,  # activations in eight bits, with a scale for each block of a row
    )
    return graph.add("Add", [product, graph.hold(weights[f"{name}/bias"])])


def _pooled(graph: Graph, tokens: str, output: str | None = None) -> str:
    """Mean and standard deviation over time: (n, time, width) to (n, 2 · width)."""
    along = graph.hold(np.array([1], np.int64))
    mean = graph.add("ReduceMean", [tokens, along], keepdims=1)
    apart = graph.add("Sub", [tokens, mean])
    variance = graph.add("ReduceMean", [graph.add("Mul", [apart, apart]), along], keepdims=0)
    parts = [graph.add("Squeeze", [mean, along]), graph.add("Sqrt", [variance])]
    return graph.add("Concat", parts, output=output, axis=1)
