"""Networks of appearance and voice whose answers are known."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from services.audio.voice.log_mel import BANDS
from services.audio.voice.statistics import COUNT
from services.face.networks.crops import SIDE
from services.face.networks.encoder_file import write_matrices

NO_MATRICES = write_matrices({})
"""Content of an encoder's file for networks that ask for nothing in it."""
CELL = 16
PATCHES = SIDE // CELL
"""Along each side, as in the networks that `make train` makes."""


def brightness_network(path: Path, gain: float = 1 / 32, *, name: str = "pictures") -> Path:
    """Write a network whose first log-odds at a place are `gain` times how much brighter than 128 the place is.

    The second are the same with the other sign.

    Args:
        path: Of the .onnx file.
        gain: Log-odds for each step of 8 bits.
        name: Of its input; the face service knows it as "pictures".
    """
    nodes = [
        helper.make_node("Cast", [name], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["numbers"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["pooled"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
        helper.make_node("ReduceMean", ["pooled"], ["grey"], axes=[1], keepdims=0),
        helper.make_node("Sub", ["grey", "middle"], ["about"]),
        helper.make_node("Unsqueeze", ["about", "axis"], ["apart"]),
        helper.make_node("Mul", ["apart", "gain"], ["places"]),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("places", TensorProto.FLOAT, ["n", 2, PATCHES, PATCHES])],
        [
            numpy_helper.from_array(np.array(128, np.float32), "middle"),
            numpy_helper.from_array(np.array([gain, -gain], np.float32).reshape(2, 1, 1), "gain"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), str(path))
    return path


def voice_network(path: Path, gain: float = 1.0) -> Path:
    """Write a voice network whose log-odds are `gain` times the mean of the spectra.

    Args:
        path: Of the .onnx file.
        gain: Log-odds for each unit of `services.audio.voice.log_mel.log_mel`.
    """
    nodes = [
        helper.make_node("ReduceMean", ["spectra"], ["of_time"], axes=[2], keepdims=0),
        helper.make_node("ReduceMean", ["of_time"], ["of_bands"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["of_bands", "gain"], ["log_odds"]),
    ]
    graph = helper.make_graph(
        nodes,
        "voice",
        [
            helper.make_tensor_value_info("spectra", TensorProto.FLOAT, ["n", BANDS, "frames"]),
            helper.make_tensor_value_info("statistics", TensorProto.FLOAT, ["n", COUNT]),
        ],
        [helper.make_tensor_value_info("log_odds", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.array(gain, np.float32), "gain")],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), str(path))
    return path
