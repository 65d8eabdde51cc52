"""An ONNX graph, node by node."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_OPSETS = (helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1))
_IR = 9


class Graph:
    """Nodes and constants, collected in order.

    Args:
        name: of the graph.
    """

    def __init__(self, name: str) -> None:
        """Nothing is in it."""
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def hold(self, values: NDArray[Any]) -> str:
        """A constant; gives its name."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], *, output: str | None = None, **attributes: Any) -> str:
        """A node; gives the name of its output."""
        name = output or f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def norm(self, values: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """LayerNorm along the last axis."""
        return self.add("LayerNormalization", [values, self.hold(weight), self.hold(bias)], axis=-1, epsilon=1e-5)

    def split(self, values: str) -> list[str]:
        """Three equal parts along the last axis."""
        names = [f"n{len(self._nodes)}.{part}" for part in range(3)]
        self._nodes.append(helper.make_node("Split", [values], names, axis=-1, num_outputs=3))
        return names

    def model(self, takes: Sequence[onnx.ValueInfoProto], gives: onnx.ValueInfoProto) -> onnx.ModelProto:
        """The finished model."""
        graph = helper.make_graph(self._nodes, self._name, takes, [gives], self._constants)
        return helper.make_model(graph, opset_imports=_OPSETS, ir_version=_IR)
