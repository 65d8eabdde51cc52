"""Networks as ONNX files that the face service loads."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from services.face.networks.crops import FRAMES, SIDE
from training.data.atomic import atomic_write
from training.networks.network import TextureNetwork

_OPSET = 17
# A network with compressed weights may differ by this much in log-odds; more is a defect.
_TOLERANCE = 0.1
# Tensors with fewer values stay float32; with more, they become float16; with many more, int8.
_LEAST_HALVED, _LEAST_EIGHT_BITS = 256, 32_768


class _Patches(nn.Module):
    """(n, SIDE, SIDE, FRAMES) uint8 → (n, h, w): log-odds contributed by each patch; their mean is the score."""

    def __init__(self, network: TextureNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, snippets: torch.Tensor) -> torch.Tensor:
        return self.network.contributions(snippets.permute(0, 3, 1, 2).float())


def export(network: TextureNetwork, path: Path) -> None:
    """Write the network with its weights in fewer bits: a third of the size, scores the same to a few hundredths.

    Raises:
        ValueError: the written network scores differently.
    """
    write(_Patches(network), {"moments": _sample()}, "places", path, tolerance=_TOLERANCE, shrunk=True)


class _Untrained(nn.Module):
    """0 for every snippet."""

    def forward(self, snippets: torch.Tensor) -> torch.Tensor:
        return 0 * snippets.float().mean(dim=(1, 2, 3)).reshape(-1, 1, 1)


def export_untrained(path: Path) -> None:
    """Write a stand-in for where a texture network is required but its scores are not used. It is almost free."""
    write(_Untrained(), {"moments": _sample()}, "places", path, tolerance=0)


def write(
    network: nn.Module,
    sample: Mapping[str, NDArray[Any]],
    output: str,
    path: Path,
    *,
    tolerance: float,
    shrunk: bool = False,
) -> None:
    """Write a network as an ONNX file with a dynamic batch size n.

    Args:
        network: returns one array, (n, ...).
        sample: inputs to test the file on, by name and in order; each (n, ...).
        output: name of the output.
        path: file to write.
        tolerance: how much the mean output of the file may differ.
        shrunk: whether to store large weights in fewer bits.

    Raises:
        ValueError: it differs by more.
    """
    network = network.eval().cpu()
    shown = tuple(torch.from_numpy(values) for values in sample.values())
    with atomic_write(path) as fresh:
        with warnings.catch_warnings():
            # The newer exporter needs two more packages and gives the same graph.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                shown,
                str(fresh),
                input_names=list(sample),
                output_names=[output],
                dynamic_axes={name: {0: "n"} for name in (*sample, output)},
                opset_version=_OPSET,
                dynamo=False,
            )
        if shrunk:
            model = onnx.load(fresh)
            _shrink(model)
            onnx.checker.check_model(model)
            onnx.save(model, fresh)
        with torch.inference_mode():
            wanted = _of_each(network(*shown).numpy())
        session = onnxruntime.InferenceSession(fresh.read_bytes(), providers=["CPUExecutionProvider"])
        written = _of_each(session.run([output], dict(sample))[0])
        if not np.allclose(wanted, written, atol=tolerance):
            raise ValueError(f"the exported network scores {written}, and should score {wanted}")


def _of_each(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over all other axes; (n, ...) to (n,)."""
    return np.asarray(values.reshape(len(values), -1).mean(axis=1))


def _shrink(model: onnx.ModelProto) -> None:
    """Store large weights in fewer bits; they become float32 again when the network is loaded.

    The largest are those of late layers, which tolerate 8 bits with a scale for each output channel; early layers, on
    which all others build, keep half precision.
    """
    graph = model.graph
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _LEAST_HALVED:
            continue
        graph.initializer.remove(weight)
        stored, back = (
            _in_eight_bits(weight.name, values) if values.size >= _LEAST_EIGHT_BITS else _halved(weight.name, values)
        )
        graph.initializer.extend(stored)
        for position, node in enumerate(back):
            graph.node.insert(position, node)


_Shrunk = tuple[list[onnx.TensorProto], list[onnx.NodeProto]]
"""What is stored, and the nodes that turn it back into the weight."""


def _halved(name: str, values: NDArray[np.float32]) -> _Shrunk:
    half = numpy_helper.from_array(values.astype(np.float16), f"{name}.half")
    return [half], [onnx.helper.make_node("Cast", [half.name], [name], to=onnx.TensorProto.FLOAT)]


def _in_eight_bits(name: str, values: NDArray[np.float32]) -> _Shrunk:
    largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    steps = numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}.steps")
    scales = numpy_helper.from_array(scale, f"{name}.scale")
    whole = f"{name}.whole"
    cast = onnx.helper.make_node("Cast", [steps.name], [whole], to=onnx.TensorProto.FLOAT)
    return [steps, scales], [cast, onnx.helper.make_node("Mul", [whole, scales.name], [name])]


def _sample() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, FRAMES), dtype=np.uint8)
