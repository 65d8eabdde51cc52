"""ONNX sessions: a network of the wrong kind is refused, and axes may have any length."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from services.kit.networks.network_file import NetworkError
from services.kit.networks.onnx_session import Spec, loaded

TAKES = Spec("values", "tensor(float)", (3, None))
GIVES = Spec("sums", "tensor(float)", (1,))


def network(
    *, name: str = "values", kind: int = TensorProto.FLOAT, shape: tuple[int | str, ...] = (3, "time")
) -> bytes:
    """Sums over bands of the mean over time."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", [name], ["means"], axes=[2], keepdims=0),
            helper.make_node("MatMul", ["means", "ones"], ["sums"]),
        ],
        "sums",
        [helper.make_tensor_value_info(name, kind, ["n", *shape])],
        [helper.make_tensor_value_info("sums", kind, ["n", 1])],
        [numpy_helper.from_array(np.ones((3, 1), helper.tensor_dtype_to_np_dtype(kind)), "ones")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


@pytest.mark.parametrize("frames", [1, 7])
def test_an_axis_without_a_length_takes_any(frames: int) -> None:
    session = loaded(Path("n.onnx"), network(), takes=[TAKES], gives=GIVES)
    values = np.arange(3 * frames, dtype=np.float32).reshape(1, 3, frames)
    (sums,) = session.run(["sums"], {"values": values})
    assert sums[0, 0] == pytest.approx(values.mean(axis=2).sum())


@pytest.mark.parametrize(
    "content",
    [
        network(name="other"),
        network(kind=TensorProto.DOUBLE),
        network(shape=("bands", "time")),
        network(shape=(3, 100)),
    ],
    ids=["another name", "another type", "any number of bands", "one length alone"],
)
def test_a_network_for_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(NetworkError, match=r"^n\.onnx is a network for something else\."):
        loaded(Path("folder/n.onnx"), content, takes=[TAKES], gives=GIVES)


def test_so_is_one_with_another_answer() -> None:
    with pytest.raises(NetworkError, match="something else"):
        loaded(Path("n.onnx"), network(), takes=[TAKES], gives=GIVES._replace(name="scores"))


def test_what_is_no_network_is_broken() -> None:
    with pytest.raises(NetworkError, match=r"^n\.onnx is broken"):
        loaded(Path("folder/n.onnx"), b"no network", takes=[TAKES], gives=GIVES)
