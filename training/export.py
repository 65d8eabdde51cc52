"""The texture network as an ONNX file that the face service loads."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from services.face.crops import FRAMES, SIDE
from training.network import TextureNetwork

_OPSET = 17
# A network of halved precision may differ by this much in log-odds; more is a defect.
_TOLERANCE = 0.1


class _Places(nn.Module):
    """(n, SIDE, SIDE, FRAMES) uint8 → (n, h, w): log-odds that each place contributes, their mean being the score."""

    def __init__(self, network: TextureNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        return self.network.contributions(moments.permute(0, 3, 1, 2).float())


def export(network: TextureNetwork, path: Path) -> None:
    """Write the network, its weights in half precision: half the size, and the scores stay the same to a hundredth.

    Raises:
        ValueError: the written network scores differently.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    network = network.eval().cpu()
    sample = torch.from_numpy(_sample())
    with warnings.catch_warnings():
        # The exporter that has followed this one needs two packages more, and gives the same graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Places(network).eval(),
            (sample,),
            str(fresh),
            input_names=["moments"],
            output_names=["places"],
            dynamic_axes={"moments": {0: "n"}, "places": {0: "n"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    model = onnx.load(fresh)
    _halve(model)
    onnx.checker.check_model(model)
    onnx.save(model, fresh)
    with torch.inference_mode():
        wanted = _Places(network)(sample).mean(dim=(1, 2)).numpy()
    session = onnxruntime.InferenceSession(fresh.read_bytes(), providers=["CPUExecutionProvider"])
    written = session.run(["places"], {"moments": sample.numpy()})[0].mean(axis=(1, 2))
    if not np.allclose(wanted, written, atol=_TOLERANCE):
        fresh.unlink()
        raise ValueError(f"the exported network scores {written}, and should score {wanted}")
    fresh.replace(path)


def _halve(model: onnx.ModelProto) -> None:
    """Keep large weights as float16, turned back into float32 when the network is loaded: it computes as before."""
    graph = model.graph
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < 256:
            continue
        halved = numpy_helper.from_array(values.astype(np.float16), f"{weight.name}.half")
        graph.initializer.remove(weight)
        graph.initializer.append(halved)
        cast = onnx.helper.make_node("Cast", [halved.name], [weight.name], to=onnx.TensorProto.FLOAT)
        graph.node.insert(0, cast)


def _sample() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, FRAMES), dtype=np.uint8)
