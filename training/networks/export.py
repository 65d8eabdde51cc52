"""Small networks as ONNX files that the face service loads."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from training.data.atomic import atomic_write

_OPSET = 17


def write(
    network: nn.Module,
    sample: Mapping[str, NDArray[Any]],
    output: str,
    path: Path,
    *,
    tolerance: float,
) -> None:
    """Write a network as an ONNX file with a dynamic batch size n.

    Args:
        network: returns one array, (n, ...).
        sample: inputs to test the file on, by name and in order; each (n, ...).
        output: name of the output.
        path: file to write.
        tolerance: how much the mean output of the file may differ.

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
        with torch.inference_mode():
            wanted = _of_each(network(*shown).numpy())
        session = onnxruntime.InferenceSession(fresh.read_bytes(), providers=["CPUExecutionProvider"])
        written = _of_each(session.run([output], dict(sample))[0])
        if not np.allclose(wanted, written, atol=tolerance):
            raise ValueError(f"the exported network scores {written}, and should score {wanted}")


def _of_each(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over all other axes; (n, ...) to (n,)."""
    return np.asarray(values.reshape(len(values), -1).mean(axis=1))
